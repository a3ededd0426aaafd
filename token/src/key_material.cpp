// SPDX-License-Identifier: Apache-2.0
#include "key_material.hpp"

#include "sealing.hpp"
#include <mohr/base/digest.hpp>
#include <mohr/base/encoding.hpp>

#include <openssl/err.h>
#include <openssl/rsa.h>

#include <algorithm>

namespace mohr::token {
namespace {

using OwnedPkcs8 = Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
using OwnedPublicKey = Owned<X509_PUBKEY, X509_PUBKEY_free>;

constexpr std::size_t most_idle_contexts = 8;

Bytes key_binding(const KeyId& id, ByteView public_key_info) {
    return Transcript("mohr-key-v1").add(ByteView(id.bytes)).add(public_key_info).bytes();
}

Secret sealing_key(const Secret& master, const KeyId& id) {
    return derive_key(master.reveal(), id.bytes, "mohr-key-v1");
}

} // namespace

std::string KeyId::text() const {
    return to_hex(bytes);
}

std::optional<KeyId> KeyId::from_text(std::string_view hex) {
    const auto decoded = from_hex(hex);
    KeyId id;
    if (!decoded || decoded->size() != id.bytes.size()) return std::nullopt;
    std::copy(decoded->begin(), decoded->end(), id.bytes.begin());
    return id;
}

bool is_rsa(KeyAlgorithm algorithm) noexcept {
    return modulus_bytes(algorithm) != 0;
}

std::size_t modulus_bytes(KeyAlgorithm algorithm) noexcept {
    switch (algorithm) {
    case KeyAlgorithm::rsa_2048:
        return 256;
    case KeyAlgorithm::rsa_3072:
        return 384;
    case KeyAlgorithm::rsa_4096:
        return 512;
    case KeyAlgorithm::ec_p256:
    case KeyAlgorithm::ec_p384:
        return 0;
    }
    return 0;
}

Result<OwnedKey> generate_key_pair(KeyAlgorithm algorithm) {
    OwnedKey key;
    if (is_rsa(algorithm))
        key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", modulus_bytes(algorithm) * 8));
    else
        key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC",
                                    algorithm == KeyAlgorithm::ec_p256 ? "P-256" : "P-384"));
    if (!key) return openssl_error("key generation");
    return key;
}

Result<KeyAlgorithm> algorithm_of(EVP_PKEY* key) {
    if (EVP_PKEY_is_a(key, "RSA") == 1) {
        switch (EVP_PKEY_get_bits(key)) {
        case 2048:
            return KeyAlgorithm::rsa_2048;
        case 3072:
            return KeyAlgorithm::rsa_3072;
        case 4096:
            return KeyAlgorithm::rsa_4096;
        default:
            return Error(TokenErrc::unsupported_scheme, "RSA of another size");
        }
    }
    char group[64];
    std::size_t length = 0;
    if (EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group, sizeof group, &length) == 1) {
        const std::string_view name(group, length);
        if (name == "prime256v1" || name == "P-256") return KeyAlgorithm::ec_p256;
        if (name == "secp384r1" || name == "P-384") return KeyAlgorithm::ec_p384;
    }
    ERR_clear_error();
    return Error(TokenErrc::unsupported_scheme, "neither RSA nor P-256 nor P-384");
}

Result<Bytes> public_key_info(EVP_PKEY* key) {
    return to_der(i2d_PUBKEY, key);
}

Result<KeyId> key_id_of(ByteView info) {
    const unsigned char* cursor = info.data();
    const OwnedPublicKey parsed(d2i_X509_PUBKEY(nullptr, &cursor, static_cast<long>(info.size())));
    const unsigned char* point = nullptr;
    int length = 0;
    if (!parsed || X509_PUBKEY_get0_param(nullptr, &point, &length, nullptr, parsed.get()) != 1) {
        ERR_clear_error();
        return Error(TokenErrc::malformed, "public key");
    }
    const Bytes hash = digest(DigestAlgorithm::sha1, {point, static_cast<std::size_t>(length)});
    KeyId id;
    std::copy(hash.begin(), hash.end(), id.bytes.begin());
    return id;
}

Result<Secret> encode_private_key(EVP_PKEY* key) {
    const OwnedPkcs8 info(EVP_PKEY2PKCS8(key));
    if (!info) return openssl_error("PKCS#8");
    const int length = i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr);
    if (length <= 0) return openssl_error("PKCS#8");
    Secret out(static_cast<std::size_t>(length));
    unsigned char* cursor = out.reveal_mutable().data();
    i2d_PKCS8_PRIV_KEY_INFO(info.get(), &cursor);
    return out;
}

Result<OwnedKey> decode_private_key(const Secret& pkcs8) {
    const unsigned char* cursor = pkcs8.reveal().data();
    const OwnedPkcs8 info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &cursor, static_cast<long>(pkcs8.size())));
    OwnedKey key(info && cursor == pkcs8.reveal().data() + pkcs8.size() ? EVP_PKCS82PKEY(info.get())
                                                                        : nullptr);
    if (!key) {
        ERR_clear_error();
        return Error(TokenErrc::malformed, "PKCS#8");
    }
    return key;
}

Bytes seal_private_key(const Secret& master, const KeyId& id, ByteView info, const Secret& pkcs8) {
    return seal(sealing_key(master, id), pkcs8.reveal(), key_binding(id, info));
}

Result<OwnedKey> unseal_private_key(const Secret& master, const KeyId& id, ByteView info, ByteView sealed) {
    auto pkcs8 = unseal(sealing_key(master, id), sealed, key_binding(id, info));
    if (!pkcs8) return Error(TokenErrc::vault_damaged, "key " + id.text());
    return decode_private_key(*pkcs8);
}

OwnedKeyContext LoadedKey::take_context(SignatureScheme scheme, DigestAlgorithm digest) {
    {
        const std::lock_guard lock(mutex_);
        auto& idle = idle_[{scheme, digest}];
        if (!idle.empty()) {
            OwnedKeyContext context = std::move(idle.back());
            idle.pop_back();
            return context;
        }
    }
    OwnedKeyContext context(EVP_PKEY_CTX_new(key_.get(), nullptr));
    bool ready = context && EVP_PKEY_sign_init(context.get()) == 1;
    if (scheme != SignatureScheme::ecdsa)
        ready = ready && EVP_PKEY_CTX_set_rsa_padding(context.get(), scheme == SignatureScheme::rsa_pss
                                                                         ? RSA_PKCS1_PSS_PADDING
                                                                         : RSA_PKCS1_PADDING) == 1;
    ready = ready && EVP_PKEY_CTX_set_signature_md(context.get(), digest_method(digest)) == 1;
    if (scheme == SignatureScheme::rsa_pss)
        ready = ready && EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), digest_method(digest)) == 1 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), RSA_PSS_SALTLEN_DIGEST) == 1;
    return ready ? std::move(context) : nullptr;
}

void LoadedKey::give_context(SignatureScheme scheme, DigestAlgorithm digest, OwnedKeyContext context) {
    const std::lock_guard lock(mutex_);
    auto& idle = idle_[{scheme, digest}];
    if (idle.size() < most_idle_contexts) idle.push_back(std::move(context));
}

} // namespace mohr::token
