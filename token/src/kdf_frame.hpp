// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace mohr::token {

/// What mohr-kdf reads from its standard input, in this machine's byte order (both ends are the same build).
/// It answers with 32 bytes and ends; any failure is a non-zero exit and no byte.
struct KdfFrame {
    static constexpr std::uint32_t expected_magic = 0x6d6b6431; // "mkd1"
    std::uint32_t magic;
    std::uint32_t pin_size;
    std::uint64_t memory_kib;
    std::uint64_t passes;
    std::uint8_t salt[16];
    std::uint8_t pin[128];
};

} // namespace mohr::token
