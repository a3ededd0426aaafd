// SPDX-License-Identifier: Apache-2.0
#include "tls_identity.hpp"

#include <mohr/base/encoding.hpp>
#include <mohr/base/files.hpp>
#include <mohr/base/random.hpp>

#include <openssl/pem.h>

#include <array>
#include <utility>

namespace mohr::core {
namespace {

constexpr const char* name_constraints =
    "critical,permitted;DNS:localhost,permitted;IP:127.0.0.1/255.255.255.255,"
    "permitted;IP:0:0:0:0:0:0:0:1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";

using Extensions = std::vector<std::pair<int, const char*>>;

Result<OwnedKey> make_key() {
    OwnedKey key(EVP_EC_gen("P-256"));
    if (!key) return openssl_error("P-256 key");
    return key;
}

Result<void> set_serial(X509* certificate) {
    Bytes serial = random_bytes(16); // RFC 5280 section 4.1.2.2: positive, at most 20 octets
    serial[0] = static_cast<std::uint8_t>((serial[0] & 0x7f) | 0x40);
    const OwnedBignum number(BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
    return check(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr,
                 "serial number");
}

Result<void> add_extensions(X509* certificate, X509* issuer, const Extensions& extensions) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    for (const auto& [nid, text] : extensions) {
        const Owned<X509_EXTENSION, X509_EXTENSION_free> extension(
            X509V3_EXT_conf_nid(nullptr, &context, nid, text));
        MOHR_TRY(check(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "extension"));
    }
    return {};
}

/// `issuer` is null for a self-signed certificate.
Result<OwnedX509> issue(EVP_PKEY* key, const std::string& common_name, X509* issuer, EVP_PKEY* issuer_key,
                        Instant now, const Extensions& extensions) {
    OwnedX509 certificate(X509_new());
    const OwnedX509Name name(X509_NAME_new());
    MOHR_TRY(check(certificate && name, "certificate"));
    const auto* text = reinterpret_cast<const unsigned char*>(common_name.data());
    const auto length = static_cast<int>(common_name.size());
    MOHR_TRY(
        check(X509_NAME_add_entry_by_NID(name.get(), NID_commonName, MBSTRING_UTF8, text, length, -1, 0) == 1,
              "name"));
    MOHR_TRY(set_serial(certificate.get()));
    using std::chrono::duration_cast, std::chrono::seconds;
    // An hour back, for clocks that were set in the meantime.
    const auto begin = duration_cast<seconds>((now - std::chrono::hours(1)).time_since_epoch()).count();
    const auto end = duration_cast<seconds>((now + tls_lifetime).time_since_epoch()).count();
    X509* const c = certificate.get();
    MOHR_TRY(check(
        X509_set_version(c, X509_VERSION_3) == 1 && X509_set_subject_name(c, name.get()) == 1 &&
            X509_set_issuer_name(c, issuer != nullptr ? X509_get_subject_name(issuer) : name.get()) == 1 &&
            ASN1_TIME_set(X509_getm_notBefore(c), begin) != nullptr &&
            ASN1_TIME_set(X509_getm_notAfter(c), end) != nullptr && X509_set_pubkey(c, key) == 1,
        "certificate fields"));
    MOHR_TRY(add_extensions(c, issuer != nullptr ? issuer : c, extensions));
    MOHR_TRY(check(X509_sign(c, issuer_key, EVP_sha256()) > 0, "signature"));
    return certificate;
}

Result<Certificate> as_certificate(const OwnedX509& x509) {
    const auto der = to_der(i2d_X509, x509.get());
    if (!der) return der.error();
    return Certificate::from_der(*der);
}

/// PKCS#8 in secret memory; the BIO's own buffer belongs to OpenSSL, whose heap is secret memory too.
Result<Secret> private_der(EVP_PKEY* key) {
    unsigned char* raw = nullptr;
    const Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free> info(EVP_PKEY2PKCS8(key));
    const int length = info ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), &raw) : -1;
    if (length <= 0) return openssl_error("PKCS#8");
    Secret out(ByteView(raw, static_cast<std::size_t>(length)));
    wipe({raw, static_cast<std::size_t>(length)});
    OPENSSL_free(raw);
    return out;
}

Result<OwnedKey> read_key(ByteView der) {
    const unsigned char* at = der.data();
    const Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free> info(
        d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size())));
    OwnedKey key(info ? EVP_PKCS82PKEY(info.get()) : nullptr);
    if (!key) return openssl_error("PKCS#8");
    return key;
}

Result<TlsIdentity> load(const std::filesystem::path& directory) {
    auto key = read_private(directory / "key.der", 4096);
    if (!key) return key.error();
    TlsIdentity identity;
    identity.key = Secret(*key);
    wipe(*key);
    const auto pem = read_private(directory / "chain.pem", 64 * 1024);
    if (!pem) return pem.error();
    auto chain = read_certificates(*pem);
    if (!chain) return chain.error();
    if (chain->size() != 2)
        return Error(BaseErrc::malformed, (directory / "chain.pem").string() + ": not two");
    identity.chain = std::move(*chain);
    const auto parsed = read_key(identity.key.reveal());
    if (!parsed) return parsed.error();
    if (EVP_PKEY_eq(parsed->get(), identity.leaf().get0_public_key()) != 1)
        return Error(BaseErrc::malformed, directory.string() + ": key and certificate do not fit");
    return identity;
}

Result<void> store(const std::filesystem::path& directory, const TlsIdentity& identity) {
    // The chain last: load() starts from the key, and a pair that does not fit is made anew.
    const std::string root = to_pem(identity.root());
    MOHR_TRY(write_private(directory / "key.der", identity.key.reveal()));
    MOHR_TRY(write_private(directory / "root.pem", as_bytes(root)));
    return write_private(directory / "chain.pem", as_bytes(to_pem(identity.leaf()) + root));
}

} // namespace

Result<TlsIdentity> make_tls_identity(Instant now) {
    const auto root_key = make_key();
    if (!root_key) return root_key.error();
    // A name of its own per installation: browsers find an issuer by its name.
    const std::string id = to_hex(random_bytes(4));
    const auto root = issue(root_key->get(), "Mohr loopback root " + id, nullptr, root_key->get(), now,
                            {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                             {NID_key_usage, "critical,keyCertSign"},
                             {NID_ext_key_usage, "serverAuth"},
                             {NID_name_constraints, name_constraints},
                             {NID_subject_key_identifier, "hash"}});
    if (!root) return root.error();
    const auto leaf_key = make_key();
    if (!leaf_key) return leaf_key.error();
    const auto leaf = issue(leaf_key->get(), "localhost", root->get(), root_key->get(), now,
                            {{NID_basic_constraints, "critical,CA:FALSE"},
                             {NID_key_usage, "critical,digitalSignature"},
                             {NID_ext_key_usage, "serverAuth"},
                             {NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1"},
                             {NID_authority_key_identifier, "keyid:always"}});
    if (!leaf) return leaf.error();
    TlsIdentity identity;
    auto key = private_der(leaf_key->get());
    if (!key) return key.error();
    identity.key = std::move(*key);
    for (const OwnedX509* x509 : {&*leaf, &*root}) {
        auto certificate = as_certificate(*x509);
        if (!certificate) return certificate.error();
        identity.chain.push_back(std::move(*certificate));
    }
    return identity;
}

Result<TlsIdentity> load_or_make_tls_identity(const std::filesystem::path& directory, Instant now) {
    MOHR_TRY(ensure_private_directory(directory));
    std::error_code error;
    if (std::filesystem::exists(std::filesystem::symlink_status(directory / "chain.pem", error))) {
        auto found = load(directory);
        // Files that others can read are the person's to look at; a pair that a crash left half written is
        // not.
        if (!found && found.error().code != make_error_code(BaseErrc::malformed)) return found.error();
        if (found && found->leaf().not_after() - now >= tls_renew_before && found->leaf().not_before() <= now)
            return found;
    }
    auto made = make_tls_identity(now);
    if (!made) return made.error();
    MOHR_TRY(store(directory, *made));
    return made;
}

} // namespace mohr::core
