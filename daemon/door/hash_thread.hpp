// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "worker.hpp"
#include <mohr/base/digest.hpp>

#include <array>
#include <cstddef>
#include <vector>

namespace mohr::door {

/// Hashes on a thread of its own what the loop has received, while the loop receives more. Bytes wait in a few
/// blocks that all documents share; where none is free the loop waits, no longer than hashing them itself would take.
class HashThread {
public:
    static constexpr std::size_t block_bytes = 128 * 1024;
    static constexpr std::size_t block_count = 8;
    /// Less than this is hashed where it is: waking a thread costs more.
    static constexpr std::size_t inline_bytes = 32 * 1024;

    HashThread();
    [[nodiscard]] Result<void> start() { return worker_.start(); }
    [[nodiscard]] Worker& worker() noexcept { return worker_; }

private:
    friend class DocumentHasher;

    /// What one hasher has here.
    struct Share {
        Hasher& hasher;
        std::size_t waiting = 0; ///< blocks that are not hashed yet
    };
    void add(Share& share, ByteView bytes);
    [[nodiscard]] bool is_settled(const Share& share);
    void settle(const Share& share);
    Bytes& free_block();
    void done(Share& share, Bytes& block);

    std::mutex mutex_;
    std::condition_variable freed_;
    std::array<Bytes, block_count> blocks_;
    std::vector<Bytes*> free_;
    std::size_t wanted_ = 0; ///< free blocks that the loop waits for
    Worker worker_;          ///< ends before what it uses
};

/// The digest of one document, which may be large: a Hasher that takes its time elsewhere.
class DocumentHasher {
public:
    /// Without a thread it hashes at once.
    DocumentHasher(DigestAlgorithm algorithm, HashThread* thread) : hasher_(algorithm), thread_(thread) {}
    ~DocumentHasher();
    DocumentHasher(const DocumentHasher&) = delete;
    DocumentHasher& operator=(const DocumentHasher&) = delete;

    void update(ByteView bytes);
    /// Ends the digest; the object may not be used again.
    [[nodiscard]] Bytes finish();

private:
    Hasher hasher_;
    HashThread* thread_;
    bool elsewhere_ = false; ///< blocks of this document may not be hashed yet
    HashThread::Share share_{hasher_};
};

} // namespace mohr::door
