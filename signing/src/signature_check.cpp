// SPDX-License-Identifier: Apache-2.0
#include "signature_check.hpp"

#include <mohr/signing/errors.hpp>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

#include <algorithm>

namespace mohr::signing {
namespace {

constexpr int min_rsa_bits = 2048;
constexpr int max_chain_depth = 10;

struct Refusal {
    SignerVerdict verdict;
    std::string detail;
};
using Check = std::optional<Refusal>;

Check refuse(SignerVerdict verdict, std::string detail) {
    return Refusal{verdict, std::move(detail)};
}

/// Keys of a kind and strength that a signature can rest on.
Check check_key(EVP_PKEY* key, SignatureAlgorithm algorithm) {
    const bool rsa = EVP_PKEY_is_a(key, "RSA") == 1;
    const bool pss_only = EVP_PKEY_is_a(key, "RSA-PSS") == 1;
    if (algorithm == SignatureAlgorithm::ecdsa) {
        char group[64];
        std::size_t length = 0;
        // A curve that the certificate spells out by parameters has no name here.
        const bool named =
            EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group, sizeof group, &length) == 1;
        int from_parameters = 0;
        EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &from_parameters);
        if (!named || from_parameters != 0)
            return refuse(SignerVerdict::unsupported, "the key is not on a named curve");
        return {};
    }
    if (!rsa && !(pss_only && algorithm == SignatureAlgorithm::rsa_pss))
        return refuse(SignerVerdict::unsupported, "the key does not fit the signature algorithm");
    if (EVP_PKEY_get_bits(key) < min_rsa_bits)
        return refuse(SignerVerdict::unsupported, "RSA key below 2048 bits");
    return {};
}

bool signature_holds(EVP_PKEY* key, const SignatureMethod& method, DigestAlgorithm digest, ByteView hash,
                     ByteView signature) {
    const OwnedKeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    bool ready = context && EVP_PKEY_verify_init(context.get()) == 1;
    if (method.algorithm == SignatureAlgorithm::rsa_pkcs1_v15)
        ready = ready && EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1;
    if (method.algorithm == SignatureAlgorithm::rsa_pss)
        ready = ready && EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PSS_PADDING) == 1;
    ready = ready && EVP_PKEY_CTX_set_signature_md(context.get(), digest_method(digest)) == 1;
    if (method.pss)
        ready = ready && EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), digest_method(method.pss->mgf1)) == 1 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), method.pss->salt_length) == 1;
    const bool good = ready && EVP_PKEY_verify(context.get(), signature.data(), signature.size(), hash.data(),
                                               hash.size()) == 1;
    ERR_clear_error();
    return good;
}

Check check_ess(const SignedAttributes& attributes, const Certificate& certificate) {
    for (const EssIdentifier& ess : attributes.ess) {
        if (!equal_constant_time(digest(ess.algorithm, certificate.der()), ess.hash))
            return refuse(SignerVerdict::attributes_invalid, "signing-certificate names another certificate");
        if (ess.issuer && !names({*ess.issuer, ess.serial}, certificate))
            return refuse(SignerVerdict::attributes_invalid,
                          "signing-certificate names another issuer or serial number");
    }
    return {};
}

OwnedX509Stack as_stack(const std::vector<Certificate>& certificates) {
    OwnedX509Stack stack(sk_X509_new_null());
    for (const Certificate& certificate : certificates)
        if (stack) X509_add_cert(stack.get(), certificate.get0(), X509_ADD_FLAG_UP_REF);
    return stack;
}

Check check_chain(const Certificate& certificate, const CheckContext& context) {
    const KeyUsage usage = certificate.key_usage();
    if (usage.present && !usage.digital_signature && !usage.non_repudiation)
        return refuse(SignerVerdict::chain_invalid, "key usage does not allow signatures");
    const OwnedX509Store store(X509_STORE_new());
    const OwnedX509StoreContext run(X509_STORE_CTX_new());
    const OwnedX509Stack untrusted = as_stack(context.certificates);
    bool ready = store && run && untrusted;
    for (const Certificate& anchor : context.anchors)
        ready = ready && X509_STORE_add_cert(store.get(), anchor.get0()) == 1;
    ready = ready && X509_STORE_CTX_init(run.get(), store.get(), certificate.get0(), untrusted.get()) == 1;
    if (!ready) {
        ERR_clear_error();
        return refuse(SignerVerdict::chain_invalid, "the chain could not be checked");
    }
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(run.get());
    X509_VERIFY_PARAM_set_time(
        parameters, std::chrono::floor<std::chrono::seconds>(context.at).time_since_epoch().count());
    X509_VERIFY_PARAM_set_depth(parameters, max_chain_depth);
    const bool good = X509_verify_cert(run.get()) == 1;
    ERR_clear_error();
    if (good) return {};
    return refuse(SignerVerdict::chain_invalid,
                  X509_verify_cert_error_string(X509_STORE_CTX_get_error(run.get())));
}

Check check_content(const SignedAttributes& attributes, const CheckContext& context, const Bytes& content) {
    const bool same_type =
        std::equal(attributes.content_type.whole.begin(), attributes.content_type.whole.end(),
                   context.content_type.begin(), context.content_type.end());
    if (!same_type)
        return refuse(SignerVerdict::attributes_invalid, "content-type attribute contradicts the content");
    if (!equal_constant_time(attributes.message_digest, content))
        return refuse(SignerVerdict::digest_mismatch, "the content is not what was signed");
    return {};
}

Check check(const SignerInfo& signer, const CheckContext& context, SignerReport& report) {
    const auto found =
        std::find_if(context.certificates.begin(), context.certificates.end(),
                     [&](const Certificate& certificate) { return signer.is_by(certificate); });
    if (found != context.certificates.end()) report.certificate = *found;
    const auto algorithm = digest_algorithm(signer.digest);
    if (!algorithm) return refuse(SignerVerdict::unsupported, "digest algorithm");
    report.digest_algorithm = *algorithm;

    std::optional<SignedAttributes> attributes;
    if (signer.signed_attributes) {
        const auto read = read_signed_attributes(*signer.signed_attributes);
        if (!read) return refuse(SignerVerdict::attributes_invalid, read.error().detail);
        attributes = *read;
        report.signing_time = attributes->signing_time;
    }
    if (*algorithm == DigestAlgorithm::sha1 && context.sha1 == Sha1::refused)
        return refuse(SignerVerdict::unsupported, "SHA-1");
    const auto method = read_signature_method(signer.signature_algorithm);
    if (!method) return refuse(SignerVerdict::unsupported, method.error().detail);
    if (method->digest && *method->digest != *algorithm)
        return refuse(SignerVerdict::unsupported, "the signature algorithm names another digest");
    const std::optional<Bytes>& content = context.content_digests[static_cast<std::size_t>(*algorithm)];
    if (!content) return refuse(SignerVerdict::unsupported, "the digest algorithm was not announced");
    if (!report.certificate)
        return refuse(SignerVerdict::certificate_missing, "the signer's certificate is not in the message");

    // RFC 5652 section 5.3: signed attributes must be there unless the content is id-data.
    if (!attributes && context.content_type != der::oid(NID_pkcs7_data))
        return refuse(SignerVerdict::attributes_invalid, "signed attributes are missing");
    if (!attributes && context.content_resembles_attributes)
        return refuse(SignerVerdict::attributes_invalid,
                      "the content could be the signed attributes of another message");

    EVP_PKEY* key = report.certificate->get0_public_key();
    if (auto bad = check_key(key, method->algorithm)) return bad;
    const Bytes hash = attributes ? digest(*algorithm, *signer.signed_attributes) : *content;
    if (!signature_holds(key, *method, *algorithm, hash, signer.signature))
        return refuse(SignerVerdict::signature_invalid, "the signature does not fit");
    if (attributes) {
        if (auto bad = check_content(*attributes, context, *content)) return bad;
        if (auto bad = check_ess(*attributes, *report.certificate)) return bad;
    }
    if (context.anchors.empty()) return {};
    report.chain_checked = true;
    return check_chain(*report.certificate, context);
}

} // namespace

SignerReport check_signer(const SignerInfo& signer, const CheckContext& context) {
    SignerReport report;
    if (auto refusal = check(signer, context, report)) {
        report.verdict = refusal->verdict;
        report.detail = std::move(refusal->detail);
    } else {
        report.verdict = SignerVerdict::valid;
    }
    return report;
}

} // namespace mohr::signing
