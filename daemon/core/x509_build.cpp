// SPDX-License-Identifier: Apache-2.0
#include "x509_build.hpp"

#include <mohr/base/random.hpp>

#include <openssl/conf.h>

namespace mohr::core {
namespace {

Result<void> set_serial(X509* certificate) {
    Bytes serial = random_bytes(16);
    serial[0] = static_cast<std::uint8_t>((serial[0] & 0x7f) | 0x40); // positive, and always 16 octets
    const OwnedBignum number(BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
    return check(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr,
                 "serial number");
}

Result<OwnedX509Name> make_name(const CertificatePlan& plan) {
    OwnedX509Name name(X509_NAME_new());
    MOHR_TRY(check(name != nullptr, "name"));
    for (const auto& [nid, value] : plan.subject) {
        const auto* text = reinterpret_cast<const unsigned char*>(value.data());
        MOHR_TRY(check(X509_NAME_add_entry_by_NID(name.get(), nid, MBSTRING_UTF8, text,
                                                  static_cast<int>(value.size()), -1, 0) == 1,
                       "name"));
    }
    return name;
}

Result<void> set_validity(X509* certificate, const CertificatePlan& plan) {
    using std::chrono::duration_cast, std::chrono::seconds;
    const auto begin = duration_cast<seconds>(plan.not_before.time_since_epoch()).count();
    const auto end = duration_cast<seconds>(plan.not_after.time_since_epoch()).count();
    return check(ASN1_TIME_set(X509_getm_notBefore(certificate), begin) != nullptr &&
                     ASN1_TIME_set(X509_getm_notAfter(certificate), end) != nullptr,
                 "validity");
}

Result<void> add_extensions(X509* certificate, X509* issuer, const CertificatePlan& plan) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    // An empty database: some extensions are refused without one, whether they look into it or not.
    const Owned<CONF, NCONF_free> no_sections(NCONF_new(nullptr));
    MOHR_TRY(check(no_sections != nullptr, "extension"));
    X509V3_set_nconf(&context, no_sections.get());
    for (const auto& [nid, text] : plan.extensions) {
        const Owned<X509_EXTENSION, X509_EXTENSION_free> extension(
            X509V3_EXT_conf_nid(nullptr, &context, nid, text));
        MOHR_TRY(check(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "extension"));
    }
    return {};
}

} // namespace

Result<OwnedX509> build_certificate(const CertificatePlan& plan) {
    OwnedX509 certificate(X509_new());
    const auto name = make_name(plan);
    if (!name) return name.error();
    X509* const c = certificate.get();
    MOHR_TRY(check(c != nullptr, "certificate"));
    MOHR_TRY(set_serial(c));
    MOHR_TRY(set_validity(c, plan));
    const X509_NAME* const issuer_name =
        plan.issuer != nullptr ? X509_get_subject_name(plan.issuer) : name->get();
    MOHR_TRY(check(X509_set_version(c, X509_VERSION_3) == 1 && X509_set_subject_name(c, name->get()) == 1 &&
                       X509_set_issuer_name(c, issuer_name) == 1 && X509_set_pubkey(c, plan.key) == 1,
                   "certificate fields"));
    MOHR_TRY(add_extensions(c, plan.issuer != nullptr ? plan.issuer : c, plan));
    MOHR_TRY(check(X509_sign(c, plan.issuer_key, EVP_sha256()) > 0, "signature"));
    return certificate;
}

Result<OwnedKey> make_p256_key() {
    OwnedKey key(EVP_EC_gen("P-256"));
    if (!key) return openssl_error("P-256 key");
    return key;
}

Result<Certificate> as_certificate(const OwnedX509& x509) {
    const auto der = to_der(i2d_X509, x509.get());
    if (!der) return der.error();
    return Certificate::from_der(*der);
}

} // namespace mohr::core
