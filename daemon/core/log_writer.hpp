// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "log_files.hpp"
#include <mohr/token/token.hpp>

#include <map>
#include <vector>

namespace mohr::core::log_chain {

struct TimedEntry {
    Instant time;
    LogEntry entry;
};

/// Writes lines, syncs them, commits the head in the vault, rotates. One caller at a time.
class Writer {
public:
    /// Finds the committed end, adopts what a crash left behind it. Fails where the directory or the key is
    /// out of reach; damage is left for verify() to name, and a new file is begun behind it.
    [[nodiscard]] static Result<Writer> open(ActivityLog::Config config, token::Token& token);

    /// All or nothing: on failure nothing was added.
    [[nodiscard]] Result<void> write(const std::vector<TimedEntry>& entries);

    [[nodiscard]] Result<Snapshot> snapshot() const;
    [[nodiscard]] const Secret& key() const noexcept { return key_; }
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    /// Lines that were on disk but not committed when the log was opened.
    [[nodiscard]] std::uint64_t adopted() const noexcept { return adopted_; }
    /// Sequence number of each file's first line; of a damaged file, 0.
    [[nodiscard]] const std::map<std::uint64_t, std::uint64_t>& files() const noexcept { return first_of_; }
    [[nodiscard]] std::filesystem::path path_of(std::uint64_t number) const;

private:
    Writer(ActivityLog::Config config, token::Token& token, Secret key);
    [[nodiscard]] Result<void> find_end();
    [[nodiscard]] bool go_on_from(std::string_view content, std::uint64_t& good_bytes, bool& torn);
    [[nodiscard]] Result<void> open_file(std::uint64_t number, int flags);
    [[nodiscard]] Result<void> commit(std::uint64_t count, const Mac& head);
    [[nodiscard]] std::uint64_t oldest_after_rotation(std::uint64_t new_first) const;
    void remove_old_files();
    void undo(std::uint64_t number, std::uint64_t bytes);

    ActivityLog::Config config_;
    token::Token* token_;
    Secret key_;
    std::map<std::uint64_t, std::uint64_t> first_of_;
    Descriptor file_;
    std::uint64_t number_ = 0; ///< of the file that is written; 0: none yet
    std::uint64_t bytes_ = 0;
    std::uint64_t count_ = 0;
    Mac head_{};
    std::uint64_t oldest_ = 1;
    std::uint64_t adopted_ = 0;
};

} // namespace mohr::core::log_chain
