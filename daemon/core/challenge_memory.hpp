// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/files.hpp>

#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <string_view>
#include <vector>

namespace mohr::core {

/// The used challenges on disk, each as SHA-256(SHA-256(origin) ‖ challenge), 32 bytes one behind the other, newest
/// last, in a private file. May be called from several threads.
class ChallengeFile {
public:
    /// A missing file is an empty one. A last entry that a crash cut short was never acknowledged and is dropped.
    [[nodiscard]] static Result<std::unique_ptr<ChallengeFile>> open(std::filesystem::path path);
    /// What was in it when it was opened, oldest first; at most ChallengeMemory::max_challenges.
    [[nodiscard]] std::vector<Bytes> take_known() { return std::move(known_); }
    /// Durable before it returns; after a failure the file is as it was.
    [[nodiscard]] Result<void> append(const Bytes& name);

private:
    explicit ChallengeFile(std::filesystem::path path) : path_(std::move(path)) {}
    [[nodiscard]] Result<void> load();
    [[nodiscard]] Result<void> shrink(ByteView newest);

    std::filesystem::path path_;
    std::mutex mutex_;
    Descriptor file_;
    std::size_t entries_ = 0;
    std::vector<Bytes> known_;
};

/// Login challenges that were answered, or are being answered, so that none serves twice. Bounded: each costs
/// a person's decision and PIN, so that nobody can wash old ones out cheaply.
class ChallengeMemory {
public:
    static constexpr std::size_t max_challenges = 16384;

    /// What a challenge of this origin is called here and in the file.
    [[nodiscard]] static Bytes name_of(std::string_view origin, ByteView challenge);
    /// False if it was reserved or used before.
    [[nodiscard]] bool reserve(const Bytes& name);
    /// Nothing was signed over it after all.
    void release(const Bytes& name);

private:
    std::set<Bytes> known_;
    std::deque<Bytes> order_;
};

} // namespace mohr::core
