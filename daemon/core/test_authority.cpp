// SPDX-License-Identifier: Apache-2.0
#include "test_authority.hpp"

#include "x509_build.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/base/random.hpp>

namespace mohr::core {
namespace {

/// Nobody may take these for national certificates: "TEST" in the name, documentation OIDs of RFC 5612 (Q20).
std::vector<std::pair<int, std::string>> test_name(const std::string& common_name) {
    return {{NID_countryName, "IR"},
            {NID_organizationName, "TEST - Mohr sandbox"},
            {NID_commonName, common_name}};
}

const char* key_usage(TestProfile profile, int key_type) {
    if (profile == TestProfile::bronze) return "critical,nonRepudiation";
    return key_type == EVP_PKEY_EC ? "critical,digitalSignature,nonRepudiation,keyAgreement"
                                   : "critical,digitalSignature,nonRepudiation,keyEncipherment";
}

} // namespace

Result<TestAuthority> TestAuthority::make(Instant now) {
    TestAuthority authority;
    auto key = make_p256_key();
    if (!key) return key.error();
    authority.key_ = std::move(*key);
    CertificatePlan plan;
    plan.subject = test_name("TEST sandbox CA " + to_hex(random_bytes(4)));
    plan.key = authority.key_.get();
    plan.issuer_key = authority.key_.get();
    plan.not_before = now - std::chrono::days(800); // before the expired certificate that it issues
    plan.not_after = now + std::chrono::days(3650);
    plan.extensions = {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                       {NID_key_usage, "critical,keyCertSign,cRLSign"},
                       {NID_subject_key_identifier, "hash"}};
    const auto root = build_certificate(plan);
    if (!root) return root.error();
    auto certificate = as_certificate(*root);
    if (!certificate) return certificate.error();
    authority.root_ = std::move(*certificate);
    return authority;
}

Result<Certificate> TestAuthority::issue(ByteView request, const std::string& common_name,
                                         TestProfile profile, Instant not_before, Instant not_after) const {
    const unsigned char* at = request.data();
    const OwnedX509Req parsed(d2i_X509_REQ(nullptr, &at, static_cast<long>(request.size())));
    EVP_PKEY* const key = parsed ? X509_REQ_get0_pubkey(parsed.get()) : nullptr;
    MOHR_TRY(check(key != nullptr && X509_REQ_verify(parsed.get(), key) == 1, "PKCS#10 request"));
    CertificatePlan plan;
    plan.subject = test_name(common_name);
    plan.key = key;
    plan.issuer = root_->get0();
    plan.issuer_key = key_.get();
    plan.not_before = not_before;
    plan.not_after = not_after;
    const bool silver = profile == TestProfile::silver;
    plan.extensions = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, key_usage(profile, EVP_PKEY_get_base_id(key))},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid:always"},
        {NID_certificate_policies, silver ? "1.3.6.1.4.1.32473.1.2" : "1.3.6.1.4.1.32473.1.1"}};
    // 1.3.6.1.5.5.7.3.36 is id-kp-documentSigning (RFC 9336).
    if (silver)
        plan.extensions.emplace_back(NID_ext_key_usage, "clientAuth,emailProtection,1.3.6.1.5.5.7.3.36");
    const auto issued = build_certificate(plan);
    if (!issued) return issued.error();
    return as_certificate(*issued);
}

} // namespace mohr::core
