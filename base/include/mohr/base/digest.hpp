// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/openssl.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace mohr {

/// SHA-1 exists for the Dastine wire only; /v1 refuses it.
enum class DigestAlgorithm : std::uint8_t { sha1, sha256, sha384, sha512 };

[[nodiscard]] const EVP_MD* digest_method(DigestAlgorithm algorithm) noexcept;
[[nodiscard]] std::size_t digest_size(DigestAlgorithm algorithm) noexcept;
/// "SHA-1", "SHA-256", "SHA-384", "SHA-512": the names of FIPS 180-4, as Web Crypto spells them.
[[nodiscard]] std::string_view digest_name(DigestAlgorithm algorithm) noexcept;
/// Exactly the names above.
[[nodiscard]] std::optional<DigestAlgorithm> digest_from_name(std::string_view name) noexcept;

/// One digest over a stream of bytes.
class Hasher {
public:
    explicit Hasher(DigestAlgorithm algorithm);
    void update(ByteView bytes);
    /// Ends the digest; the object may not be used again.
    [[nodiscard]] Bytes finish();
    [[nodiscard]] DigestAlgorithm algorithm() const noexcept { return algorithm_; }

private:
    DigestAlgorithm algorithm_;
    OwnedDigestContext context_;
};

[[nodiscard]] Bytes digest(DigestAlgorithm algorithm, ByteView bytes);

/// HMAC-SHA-256 (RFC 2104); 32 bytes.
[[nodiscard]] Bytes hmac_sha256(ByteView key, ByteView bytes);

/// Compares in constant time for equal lengths.
[[nodiscard]] bool equal_constant_time(ByteView a, ByteView b) noexcept;

} // namespace mohr
