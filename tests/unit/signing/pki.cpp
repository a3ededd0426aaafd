// SPDX-License-Identifier: Apache-2.0
#include "pki.hpp"

#include <mohr/base/random.hpp>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <map>
#include <random>
#include <stdexcept>

namespace mohr::test {
namespace {

void must(bool ok, const char* what) {
    if (!ok) throw std::runtime_error(openssl_error(what).describe());
}

std::shared_ptr<EVP_PKEY> make_key(KeyType type) {
    EVP_PKEY* key = nullptr;
    switch (type) {
    case KeyType::rsa_2048:
        key = EVP_RSA_gen(2048U);
        break;
    case KeyType::rsa_1024:
        key = EVP_RSA_gen(1024U);
        break;
    case KeyType::p256:
        key = EVP_EC_gen("P-256");
        break;
    case KeyType::p384:
        key = EVP_EC_gen("P-384");
        break;
    case KeyType::p521:
        key = EVP_EC_gen("P-521");
        break;
    }
    must(key != nullptr, "key");
    return {key, EVP_PKEY_free};
}

void add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const Owned<X509_EXTENSION, X509_EXTENSION_free> extension(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    must(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1, value);
}

Certificate make_certificate(EVP_PKEY* key, const Identity* issuer, const IssueOptions& options) {
    static std::uint64_t serial = 0x1000;
    const OwnedX509 x509(X509_new());
    X509_set_version(x509.get(), X509_VERSION_3);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x509.get()), 86400L * options.valid_from_days);
    X509_gmtime_adj(X509_getm_notAfter(x509.get()), 86400L * (options.valid_from_days + options.valid_days));
    X509_NAME* subject = X509_get_subject_name(x509.get());
    const auto entry = [&](const char* field, const std::string& value) {
        must(X509_NAME_add_entry_by_txt(subject, field, MBSTRING_UTF8,
                                        reinterpret_cast<const unsigned char*>(value.c_str()), -1, -1,
                                        0) == 1,
             field);
    };
    entry("C", "IR");
    entry("CN", options.name);
    X509* signer = issuer != nullptr ? issuer->certificate.get0() : x509.get();
    X509_set_issuer_name(x509.get(), X509_get_subject_name(signer));
    X509_set_pubkey(x509.get(), key);
    add_extension(x509.get(), signer, NID_basic_constraints, options.basic_constraints);
    add_extension(x509.get(), signer, NID_key_usage, options.key_usage);
    add_extension(x509.get(), signer, NID_subject_key_identifier, "hash");
    EVP_PKEY* signing_key = issuer != nullptr ? issuer->key.get() : key;
    must(X509_sign(x509.get(), signing_key, EVP_sha256()) > 0, "certificate");
    return Certificate::from_der(to_der(i2d_X509, static_cast<const X509*>(x509.get())).value()).value();
}

} // namespace

Bytes Identity::private_key_pem() const {
    const OwnedBio bio(BIO_new(BIO_s_mem()));
    must(PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
         "private key");
    return bio_content(bio.get());
}

Identity make_root(const std::string& name, KeyType type) {
    IssueOptions options;
    options.name = name;
    options.key_usage = "critical,keyCertSign,cRLSign";
    options.basic_constraints = "critical,CA:TRUE";
    const auto key = make_key(type);
    return {make_certificate(key.get(), nullptr, options), key};
}

Identity issue(const Identity& issuer, KeyType type, const IssueOptions& options) {
    const auto key = make_key(type);
    return {make_certificate(key.get(), &issuer, options), key};
}

const Identity& root() {
    static const Identity identity = make_root();
    return identity;
}

const Identity& identity(KeyType type) {
    static std::map<KeyType, Identity> identities;
    const auto found = identities.find(type);
    if (found != identities.end()) return found->second;
    return identities.emplace(type, issue(root(), type)).first->second;
}

Bytes raw_signature(const Identity& signer, signing::SignatureAlgorithm algorithm, DigestAlgorithm digest,
                    ByteView message) {
    const OwnedDigestContext context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* key = nullptr;
    must(EVP_DigestSignInit(context.get(), &key, digest_method(digest), nullptr, signer.key.get()) == 1,
         "signature");
    if (algorithm == signing::SignatureAlgorithm::rsa_pss)
        must(EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING) == 1 &&
                 EVP_PKEY_CTX_set_rsa_pss_saltlen(key, RSA_PSS_SALTLEN_DIGEST) == 1,
             "PSS");
    std::size_t size = 0;
    must(EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) == 1,
         "signature size");
    Bytes out(size);
    must(EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) == 1, "signature");
    out.resize(size);
    return out;
}

signing::SignerPart signer_part(const Identity& signer, signing::SignatureAlgorithm algorithm,
                                DigestAlgorithm digest, ByteView content_digest,
                                std::optional<Instant> signing_time) {
    Bytes attributes =
        signing::signed_attributes(digest, content_digest, signer.certificate, signing_time).value();
    Bytes signature = raw_signature(signer, algorithm, digest, attributes);
    return {signer.certificate, {}, digest, algorithm, std::move(attributes), std::move(signature)};
}

namespace {

Result<Secret> rsa_unwrap(const Identity& recipient, const signing::RsaRecipient& how) {
    const OwnedKeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, recipient.key.get(), nullptr));
    must(EVP_PKEY_decrypt_init(context.get()) == 1, "RSA");
    must(EVP_PKEY_CTX_set_rsa_padding(context.get(), how.oaep ? RSA_PKCS1_OAEP_PADDING : RSA_PKCS1_PADDING) ==
             1,
         "padding");
    if (how.oaep) {
        must(EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), digest_method(how.oaep_digest)) == 1, "OAEP digest");
        must(EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), digest_method(how.oaep_mgf1)) == 1, "MGF1 digest");
    }
    Secret out(1024);
    std::size_t size = out.size();
    if (EVP_PKEY_decrypt(context.get(), out.reveal_mutable().data(), &size, how.encrypted_key.data(),
                         how.encrypted_key.size()) != 1)
        return openssl_error("RSA");
    out.shrink(size);
    return out;
}

Result<Secret> ec_unwrap(const Identity& recipient, const signing::EcRecipient& how) {
    const unsigned char* cursor = how.originator_public_key.data();
    const OwnedKey peer(d2i_PUBKEY(nullptr, &cursor, static_cast<long>(how.originator_public_key.size())));
    const OwnedKeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, recipient.key.get(), nullptr));
    Secret shared(256);
    std::size_t size = shared.size();
    const bool done = peer && EVP_PKEY_derive_init(context.get()) == 1 &&
                      EVP_PKEY_derive_set_peer(context.get(), peer.get()) == 1 &&
                      EVP_PKEY_derive(context.get(), shared.reveal_mutable().data(), &size) == 1;
    if (!done) return openssl_error("ECDH");
    shared.shrink(size);
    return signing::ec_content_key(how, shared);
}

} // namespace

Secret content_key(const Identity& recipient, const signing::Recipient& how, std::size_t key_size) {
    const auto* rsa = std::get_if<signing::RsaRecipient>(&how.key);
    auto key = rsa != nullptr ? rsa_unwrap(recipient, *rsa)
                              : ec_unwrap(recipient, std::get<signing::EcRecipient>(how.key));
    ERR_clear_error();
    return key ? std::move(*key) : random_secret(key_size);
}

Secret content_key(const Identity& recipient, const signing::EnvelopeHeader& header) {
    for (const signing::Recipient& candidate : header.recipients)
        if (candidate.fits(recipient.certificate))
            return content_key(recipient, candidate, header.content_key_size);
    throw std::runtime_error("no recipient fits");
}

Instant now() {
    return std::chrono::floor<std::chrono::seconds>(SystemClock().now());
}

Bytes sample(std::size_t size, std::uint32_t seed) {
    std::mt19937 generator(seed);
    Bytes out(size);
    for (auto& byte : out) byte = static_cast<std::uint8_t>(generator());
    return out;
}

} // namespace mohr::test
