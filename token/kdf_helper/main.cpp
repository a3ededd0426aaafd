// SPDX-License-Identifier: Apache-2.0
// mohr-kdf: one Argon2id derivation. Reads a KdfFrame from standard input, writes 32 bytes to standard
// output, ends. It knows neither the vault nor the device secret, so what it computes opens nothing by
// itself.
#include "kdf_frame.hpp"
#include <mohr/base/hardening.hpp>

#include <sodium.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <cstdio>
#include <unistd.h>

namespace {

using mohr::token::KdfFrame;

constexpr std::uint64_t floor_kib = 64 * 1024;
constexpr std::uint64_t ceiling_kib = 1024 * 1024;

bool read_exactly(void* to, std::size_t size) {
    auto* cursor = static_cast<unsigned char*>(to);
    while (size > 0) {
        const ssize_t n = ::read(STDIN_FILENO, cursor, size);
        if (n <= 0) return false;
        cursor += n;
        size -= static_cast<std::size_t>(n);
    }
    return true;
}

/// The memory that Argon2id fills cannot be locked under the usual limit of 8 MiB; where the limit allows, it
/// is.
void lock_memory_if_allowed() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur >= ceiling_kib * 1024 * 2)
        ::mlockall(MCL_CURRENT | MCL_FUTURE);
}

bool acceptable(const KdfFrame& frame) {
    return frame.magic == KdfFrame::expected_magic && frame.pin_size <= sizeof frame.pin &&
           frame.memory_kib >= floor_kib && frame.memory_kib <= ceiling_kib && frame.passes >= 3 &&
           frame.passes <= 16;
}

} // namespace

int main() {
    mohr::close_descriptors_from(3);
    if (!mohr::harden_process() || sodium_init() < 0) return 2;
    lock_memory_if_allowed();
    static KdfFrame frame;
    static unsigned char key[32];
    sodium_mlock(&frame, sizeof frame);
    sodium_mlock(key, sizeof key);
    if (!read_exactly(&frame, sizeof frame) || !acceptable(frame)) return 3;
    const int derived =
        crypto_pwhash(key, sizeof key, reinterpret_cast<const char*>(frame.pin), frame.pin_size, frame.salt,
                      frame.passes, frame.memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13);
    sodium_memzero(&frame, sizeof frame);
    const bool written =
        derived == 0 && ::write(STDOUT_FILENO, key, sizeof key) == static_cast<ssize_t>(sizeof key);
    sodium_memzero(key, sizeof key);
    return written ? 0 : 4;
}
