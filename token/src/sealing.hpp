// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/secret.hpp>

#include <string_view>

namespace mohr::token {

/// HKDF-SHA-256 (RFC 5869); 32 bytes.
[[nodiscard]] Secret derive_key(ByteView key, ByteView salt, std::string_view info);

/// AES-256-GCM (SP 800-38D): nonce (12, random) ‖ ciphertext ‖ tag (16).
[[nodiscard]] Bytes seal(const Secret& key, ByteView plaintext, ByteView associated);
/// Fails with TokenErrc::decryption_failed.
[[nodiscard]] Result<Secret> unseal(const Secret& key, ByteView sealed, ByteView associated);

/// Bytes for a MAC or associated data: each part behind its length, so that no two lists of parts look alike.
class Transcript {
public:
    explicit Transcript(std::string_view domain);
    Transcript& add(ByteView part);
    Transcript& add(std::string_view part);
    Transcript& add(std::uint64_t value);
    [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }

private:
    Bytes bytes_;
};

} // namespace mohr::token
