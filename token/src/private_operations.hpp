// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "key_material.hpp"

namespace mohr::token {

/// Fails with TokenErrc::unsupported_scheme if scheme, digest and key do not fit.
[[nodiscard]] Result<Bytes> sign_digest(LoadedKey& key, SignatureScheme scheme, DigestAlgorithm algorithm,
                                        ByteView digest);

/// RSA key transport; every cryptographic failure is the same TokenErrc::decryption_failed with the same
/// detail (T21).
[[nodiscard]] Result<Secret> unwrap_key(const LoadedKey& key, const RsaUnwrap& how, ByteView encrypted);

/// The shared x coordinate with the peer of DER SubjectPublicKeyInfo `peer`, which is validated first
/// (SP 800-56A section 5.6.2.3). Fails with unsupported_scheme for RSA, decryption_failed otherwise.
[[nodiscard]] Result<Secret> agree_secret(const LoadedKey& key, ByteView peer);

} // namespace mohr::token
