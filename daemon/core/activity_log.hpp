// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor.hpp"
#include <mohr/base/bytes.hpp>
#include <mohr/base/clock.hpp>
#include <mohr/base/result.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mohr::token {
class Token;
}

namespace mohr::core {

/// One document of an entry; a batch has all of its own.
struct LogDocument {
    std::string name;
    Bytes digest;
};

/// One decision or use (rule 8): who asked, for what, with which certificate, what was decided.
struct LogEntry {
    std::string origin;    ///< or "this computer: mohr"
    std::string program;   ///< path or name
    std::string operation; ///< "access", "sign", …, "token.changePin", "agent.register", "log.adopted"
    std::string
        decision; ///< "allowed", "denied", "expired", "abandoned", "cancelled", "pin_wrong", "failed", …
    std::string detail; ///< stable code of a failure, or a short text of ours
    Bytes certificate;  ///< SHA-256 fingerprint, or empty
    std::string digest_algorithm;
    std::vector<LogDocument> documents;
    bool blind = false;
};

/// Where and how the chain is broken.
struct LogProblem {
    std::string file;
    std::uint64_t line = 0;     ///< from 1, in that file
    std::uint64_t sequence = 0; ///< of the entry that should be there
    std::string kind;           ///< "changed", "removed", "reordered", "cut", "rewritten", "malformed"
    std::string detail;
};
struct LogVerdict {
    bool intact = false;
    std::uint64_t entries = 0; ///< that were checked and are right
    std::optional<LogProblem> problem;
};

struct LogPage {
    std::vector<std::string> entries; ///< JSON objects as they are kept, oldest first
    std::uint64_t total = 0;          ///< entries ever written
};

/// The activity log: JSON lines in 0600 files of their own, each line with
/// MAC = HMAC-SHA-256(key from the device secret, MAC of the line before ‖ line), the number of lines and the
/// last MAC committed in the vault. It rotates by size; the first line of each file carries the chain on.
class ActivityLog {
public:
    struct Config {
        std::filesystem::path directory;
        std::uint64_t max_file_bytes = 4 * 1024 * 1024;
        unsigned max_files = 16; ///< older ones go at a rotation
    };

    /// Adopts lines that were written but not committed before a crash. A damaged log opens all the same: it
    /// is for verify() to say so, and the next entries go on from the committed head. Blocks; call on the
    /// pool, or at start.
    [[nodiscard]] static Result<std::unique_ptr<ActivityLog>> open(Config config, Executor& executor,
                                                                   token::Token& token, const Clock& clock);
    ~ActivityLog();

    /// Appends, and calls `done` on the I/O thread once the line is on disk and the head is committed in the
    /// vault; waiting entries share one sync and one commit. From any thread; order is the order of the
    /// calls.
    void append(LogEntry entry, std::function<void(Result<void>)> done = {});

    /// Called on the I/O thread after entries were committed.
    void on_added(std::function<void()> listener);

    /// Entries with a sequence over `after`, at most `limit`, that contain `query` (if not empty). Blocks.
    [[nodiscard]] Result<LogPage> read(std::uint64_t after, std::size_t limit, std::string_view query) const;
    /// Checks every line against the chain and the vault. Blocks.
    [[nodiscard]] Result<LogVerdict> verify() const;

private:
    struct State;
    explicit ActivityLog(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

} // namespace mohr::core
