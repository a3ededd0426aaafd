// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/bytes.hpp>
#include <mohr/base/result.hpp>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <span>

namespace mohr {

/// How well the process's secret memory is protected.
enum class SecretMemory {
    memfd_secret, ///< pages that the kernel itself cannot map elsewhere (memfd_secret(2))
    locked,       ///< mlock + MADV_DONTDUMP + MADV_DONTFORK
    plain,        ///< neither was granted; zeroed on free all the same
};

/// Whether install_secret_memory also takes over every allocation of OpenSSL.
enum class OpensslHeap {
    ordinary, ///< OpenSSL keeps its own heap
    secret,   ///< all OpenSSL allocations (keys, blinding values, Montgomery contexts) come from the secret
              ///< arena
};

/// What install_secret_memory may use; the tests force the weaker ones.
enum class SecretMemoryChoice { best, no_memfd_secret };

/// Makes the arena that Secret (and, if asked, OpenSSL) allocates from. Call once, as the first act of main,
/// before any OpenSSL call and before any thread. Without the call Secret falls back to ordinary memory that
/// is zeroed on free. Under RLIMIT_MEMLOCK the arena is cut down to half of `bytes` at most; below that it is
/// plain memory of the full size. Memory is zeroed when freed, absent after fork.
SecretMemory install_secret_memory(std::size_t bytes, OpensslHeap openssl,
                                   SecretMemoryChoice choice = SecretMemoryChoice::best);

/// What install_secret_memory reached in this process.
[[nodiscard]] SecretMemory secret_memory() noexcept;

/// Bytes that must not be seen: moved, never copied; zeroed when they go; no stream output, no comparison
/// operator, no JSON conversion, so that logging or serialising one does not compile.
class Secret {
public:
    Secret() noexcept = default;
    /// `size` zero bytes in secret memory. Throws std::bad_alloc if the arena is used up.
    explicit Secret(std::size_t size);
    /// Copies `bytes` in; the caller still owns, and should wipe, the source.
    explicit Secret(ByteView bytes);
    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret&& other) noexcept;
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret();

    [[nodiscard]] ByteView reveal() const noexcept { return {data_, size_}; }
    [[nodiscard]] std::span<std::uint8_t> reveal_mutable() noexcept { return {data_, size_}; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    /// Cuts the length; the cut bytes are zeroed.
    void shrink(std::size_t new_size) noexcept;
    /// A second copy, said aloud.
    [[nodiscard]] Secret duplicate() const { return Secret(reveal()); }
    void clear() noexcept;

    /// Compares in constant time for equal lengths (CRYPTO_memcmp).
    [[nodiscard]] bool same_as(ByteView other) const noexcept;

    bool operator==(const Secret&) const = delete;
    friend std::ostream& operator<<(std::ostream&, const Secret&) = delete;
    template <class Json>
    friend void to_json(Json&, const Secret&) = delete;

private:
    std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

/// Overwrites memory in a way the optimiser keeps (OPENSSL_cleanse).
void wipe(std::span<std::uint8_t> bytes) noexcept;

} // namespace mohr
