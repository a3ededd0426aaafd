// SPDX-License-Identifier: Apache-2.0
#include "tls_identity.hpp"

#include "x509_build.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/base/files.hpp>
#include <mohr/base/random.hpp>
#include <mohr/protocol/tls_names.hpp>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <utility>

namespace mohr::core {
namespace {

struct NameTexts {
    std::string constraints = "critical,permitted;DNS:localhost,permitted;IP:127.0.0.1/255.255.255.255,"
                              "permitted;IP:0:0:0:0:0:0:0:1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    std::string alternatives = "DNS:localhost,IP:127.0.0.1,IP:::1";
};

NameTexts texts_of(TlsNames names) {
    NameTexts texts;
    if (names == TlsNames::loopback) return texts;
    for (const std::string_view host : protocol::dastine_hosts) {
        texts.constraints += ",permitted;DNS:" + std::string(host);
        texts.alternatives += ",DNS:" + std::string(host);
    }
    return texts;
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

} // namespace

Result<void> store_tls_identity(const std::filesystem::path& directory, const TlsIdentity& identity) {
    // The chain last: load() starts from the key, and a pair that does not fit is made anew.
    const std::string root = to_pem(identity.root());
    MOHR_TRY(write_private(directory / "key.der", identity.key.reveal()));
    MOHR_TRY(write_private(directory / "root.pem", as_bytes(root)));
    return write_private(directory / "chain.pem", as_bytes(to_pem(identity.leaf()) + root));
}

TlsNames names_of(const TlsIdentity& identity) {
    const std::string host(protocol::dastine_hosts.front());
    return X509_check_host(identity.leaf().get0(), host.data(), host.size(), X509_CHECK_FLAG_NO_WILDCARDS,
                           nullptr) == 1
               ? TlsNames::with_dastine
               : TlsNames::loopback;
}

bool needs_renewal(const TlsIdentity& identity, Instant now) {
    return identity.leaf().not_after() - now < tls_renew_before;
}

Result<TlsIdentity> make_tls_identity(Instant now, TlsNames names) {
    const NameTexts texts = texts_of(names);
    const auto root_key = make_p256_key();
    if (!root_key) return root_key.error();
    const auto leaf_key = make_p256_key();
    if (!leaf_key) return leaf_key.error();
    CertificatePlan plan;
    // A name of its own per installation: browsers find an issuer by its name.
    plan.subject = {{NID_commonName, std::string(protocol::local_root_name) + to_hex(random_bytes(4))}};
    plan.key = root_key->get();
    plan.issuer_key = root_key->get();
    plan.not_before = now - std::chrono::hours(1); // for clocks that are set back
    plan.not_after = now + tls_lifetime;
    plan.extensions = {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                       {NID_key_usage, "critical,keyCertSign"},
                       {NID_ext_key_usage, "serverAuth"},
                       {NID_name_constraints, texts.constraints.c_str()},
                       {NID_subject_key_identifier, "hash"}};
    const auto root = build_certificate(plan);
    if (!root) return root.error();
    plan.subject = {{NID_commonName, "localhost"}};
    plan.key = leaf_key->get();
    plan.issuer = root->get();
    plan.extensions = {{NID_basic_constraints, "critical,CA:FALSE"},
                       {NID_key_usage, "critical,digitalSignature"},
                       {NID_ext_key_usage, "serverAuth"},
                       {NID_subject_alt_name, texts.alternatives.c_str()},
                       {NID_authority_key_identifier, "keyid:always"}};
    const auto leaf = build_certificate(plan);
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
    TlsNames names = TlsNames::loopback;
    std::error_code error;
    if (std::filesystem::exists(std::filesystem::symlink_status(directory / "chain.pem", error))) {
        auto found = load(directory);
        // Files that others can read are the person's to look at; a pair that a crash left half written is
        // not.
        if (!found && found.error().code != make_error_code(BaseErrc::malformed)) return found.error();
        if (found && found->leaf().not_after() > now && found->leaf().not_before() <= now) return found;
        if (found) names = names_of(*found);
    }
    auto made = make_tls_identity(now, names);
    if (!made) return made.error();
    MOHR_TRY(store_tls_identity(directory, *made));
    return made;
}

} // namespace mohr::core
