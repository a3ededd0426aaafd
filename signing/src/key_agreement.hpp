// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/signing/cms_enveloped.hpp>

#include <optional>

namespace mohr::signing {

/// ECC-CMS-SharedInfo ::= SEQUENCE { keyInfo AlgorithmIdentifier, entityUInfo [0] EXPLICIT OCTET STRING
/// OPTIONAL, suppPubInfo [2] EXPLICIT OCTET STRING } (RFC 5753 section 7.2); suppPubInfo is the size of the
/// wrapping key in bits.
[[nodiscard]] Bytes shared_info(ByteView wrap_identifier, std::optional<ByteView> user_keying_material,
                                unsigned wrap_bits);

/// The key that wraps the content key. `recipient.encrypted_key` is not looked at. Fails with
/// BaseErrc::openssl.
[[nodiscard]] Result<Secret> wrapping_key(const EcRecipient& recipient, const Secret& shared);
/// AES key wrap of RFC 3394. Fails with BaseErrc::openssl.
[[nodiscard]] Result<Bytes> wrap_key(const Secret& wrapping, const Secret& key);

} // namespace mohr::signing
