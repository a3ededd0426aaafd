// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "epoch_store.hpp"

#include <filesystem>
#include <functional>

namespace mohr::test {

/// A disk that remembers only what was synced. The files themselves are what the running system sees; beside
/// them a "platter" holds what a loss of power would leave. SQLite reaches it through a VFS, the second epoch
/// file through FileOperations.
class Disk final : public token::FileOperations {
public:
    /// `platter` is a directory; files of all watched directories land in it by name.
    explicit Disk(std::filesystem::path platter);
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;
    ~Disk() override;

    /// Makes this disk the default VFS of SQLite, for this process and for good.
    void install();
    /// Called before each write, sync, truncation, rename and deletion, with its kind.
    void on_event(std::function<void(const char* kind)> handler) { handler_ = std::move(handler); }
    /// From now on writes fail as on a full disk, or succeed again.
    void set_full(bool full) noexcept { full_ = full; }

    /// What is in the files now counts as synced.
    void sync_everything(std::initializer_list<std::filesystem::path> directories);
    /// The power goes: every file falls back to what was synced; those that never were, vanish.
    void lose_power(std::initializer_list<std::filesystem::path> directories);

    [[nodiscard]] Result<void> write(const std::filesystem::path& path, ByteView content) override;
    [[nodiscard]] Result<void> sync(const std::filesystem::path& path) override;
    [[nodiscard]] Result<void> rename(const std::filesystem::path& from,
                                      const std::filesystem::path& to) override;
    [[nodiscard]] Result<void> sync_directory(const std::filesystem::path& path) override;

    // For the VFS.
    void event(const char* kind) {
        if (handler_) handler_(kind);
    }
    [[nodiscard]] bool full() const noexcept { return full_; }
    void synced(const std::filesystem::path& path);
    void forgotten(const std::filesystem::path& path);

private:
    [[nodiscard]] std::filesystem::path on_platter(const std::filesystem::path& path) const {
        return platter_ / path.filename();
    }
    std::filesystem::path platter_;
    std::function<void(const char*)> handler_;
    token::SystemFileOperations system_;
    /// Renames that no directory sync has made durable.
    std::vector<std::pair<std::filesystem::path, std::filesystem::path>> renamed_;
    bool full_ = false;
};

} // namespace mohr::test
