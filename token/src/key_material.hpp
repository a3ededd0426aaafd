// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/openssl.hpp>
#include <mohr/base/secret.hpp>
#include <mohr/token/token.hpp>

#include <map>
#include <mutex>
#include <vector>

namespace mohr::token {

[[nodiscard]] bool is_rsa(KeyAlgorithm algorithm) noexcept;
/// Bytes of the RSA modulus; 0 for EC.
[[nodiscard]] std::size_t modulus_bytes(KeyAlgorithm algorithm) noexcept;

[[nodiscard]] Result<OwnedKey> generate_key_pair(KeyAlgorithm algorithm);
/// Fails with TokenErrc::unsupported_scheme for keys that the token does not take.
[[nodiscard]] Result<KeyAlgorithm> algorithm_of(EVP_PKEY* key);
/// DER SubjectPublicKeyInfo.
[[nodiscard]] Result<Bytes> public_key_info(EVP_PKEY* key);
/// From DER SubjectPublicKeyInfo. Fails with TokenErrc::malformed.
[[nodiscard]] Result<KeyId> key_id_of(ByteView public_key_info);

/// DER PKCS#8 PrivateKeyInfo (RFC 5208).
[[nodiscard]] Result<Secret> encode_private_key(EVP_PKEY* key);
/// Fails with TokenErrc::malformed.
[[nodiscard]] Result<OwnedKey> decode_private_key(const Secret& pkcs8);

/// The stored form: AES-256-GCM under a key of the master key and the id, bound to id and public key.
[[nodiscard]] Bytes seal_private_key(const Secret& master, const KeyId& id, ByteView public_key_info,
                                     const Secret& pkcs8);
[[nodiscard]] Result<OwnedKey> unseal_private_key(const Secret& master, const KeyId& id,
                                                  ByteView public_key_info, ByteView sealed);

/// A decrypted private key and the contexts that were prepared for it. For any number of threads.
class LoadedKey {
public:
    LoadedKey(OwnedKey key, KeyAlgorithm algorithm, Secret rejection_key) noexcept
        : key_(std::move(key)), algorithm_(algorithm), rejection_key_(std::move(rejection_key)) {}

    [[nodiscard]] EVP_PKEY* get0() const noexcept { return key_.get(); }
    [[nodiscard]] KeyAlgorithm algorithm() const noexcept { return algorithm_; }
    /// Secret of the implicit rejection of PKCS#1 v1.5.
    [[nodiscard]] const Secret& rejection_key() const noexcept { return rejection_key_; }

    /// A context set up for this kind of signature; preparing one costs about a tenth of an RSA-2048
    /// signature.
    [[nodiscard]] OwnedKeyContext take_context(SignatureScheme scheme, DigestAlgorithm digest);
    void give_context(SignatureScheme scheme, DigestAlgorithm digest, OwnedKeyContext context);

private:
    using Kind = std::pair<SignatureScheme, DigestAlgorithm>;
    OwnedKey key_;
    KeyAlgorithm algorithm_;
    Secret rejection_key_;
    std::mutex mutex_;
    std::map<Kind, std::vector<OwnedKeyContext>> idle_;
};

} // namespace mohr::token
