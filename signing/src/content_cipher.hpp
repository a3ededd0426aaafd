// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "algorithms.hpp"
#include <mohr/base/secret.hpp>

namespace mohr::signing {

/// One cipher that content may be under.
struct CipherKind {
    int nid;
    const char* name; ///< OpenSSL's
    std::size_t key_size;
    std::size_t iv_size;
    bool authenticated;
};
[[nodiscard]] const CipherKind* find_cipher(int nid) noexcept;

/// What contentEncryptionAlgorithm says.
struct CipherParameters {
    const CipherKind* kind = nullptr;
    Bytes iv;
    std::size_t tag_size = 0;
};
/// CBC: OCTET STRING (RFC 3565, RFC 3370). GCM: SEQUENCE { aes-nonce OCTET STRING, aes-ICVlen INTEGER DEFAULT
/// 12 } (RFC 5084). Fails with SigningErrc::unsupported or malformed.
[[nodiscard]] Result<CipherParameters> read_cipher(const AlgorithmIdentifier& identifier);
[[nodiscard]] Bytes cipher_identifier(const CipherParameters& parameters);

inline constexpr std::size_t gcm_nonce_size = 12;
inline constexpr std::size_t gcm_tag_size = 16;
/// NIST SP 800-38D section 5.2.1.1: 2^39 - 256 bits.
inline constexpr std::uint64_t max_gcm_bytes = (std::uint64_t{1} << 36) - 32;

/// A running cipher; update() takes at most max_piece_bytes and gives at most one block more.
class ContentCipherStream {
public:
    enum class Direction : std::uint8_t { encrypt, decrypt };
    static constexpr std::size_t max_piece_bytes = 64 * 1024;
    static constexpr std::size_t max_block_bytes = 16;

    ContentCipherStream(const CipherParameters& parameters, const Secret& key, Direction direction);
    /// `out` has room for the piece and one block. The number of bytes written.
    [[nodiscard]] std::size_t update(ByteView piece, std::uint8_t* out);
    /// The last block, if any; absent if the padding is wrong.
    [[nodiscard]] std::optional<std::size_t> finish(std::uint8_t* out);
    /// Encryption, after finish().
    [[nodiscard]] Bytes tag();
    /// Decryption, before finish().
    void expect_tag(ByteView tag);

private:
    OwnedCipherContext context_;
    std::size_t tag_size_;
};

} // namespace mohr::signing
