// SPDX-License-Identifier: Apache-2.0
#include "log_files.hpp"

#include <mohr/base/digest.hpp>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace mohr::core::log_chain {

namespace fs = std::filesystem;

Result<std::map<std::uint64_t, fs::path>> list_files(const fs::path& directory) {
    std::map<std::uint64_t, fs::path> files;
    std::error_code failed;
    for (fs::directory_iterator at(directory, failed), end; !failed && at != end; at.increment(failed))
        if (const auto number = file_number(at->path().filename().string()))
            files.emplace(*number, at->path());
    if (failed) return Error(BaseErrc::io, directory.string() + ": " + failed.message());
    return files;
}

Result<std::string> read_up_to(int fd, std::uint64_t bytes) {
    std::string content(bytes, '\0');
    std::size_t done = 0;
    while (done < content.size()) {
        const auto got = pread(fd, content.data() + done, content.size() - done, static_cast<off_t>(done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_failure("reading the activity log");
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    content.resize(done);
    return content;
}

Lines split_lines(std::string_view content) {
    Lines split;
    while (!content.empty()) {
        const auto end = content.find('\n');
        if (end == std::string_view::npos) break;
        split.lines.push_back(content.substr(0, end));
        content.remove_prefix(end + 1);
    }
    split.torn = content;
    return split;
}

namespace {

/// Walks the chain from the oldest line that is kept to the committed head, and stops at the first break.
class Walk {
public:
    Walk(const Secret& key, const Snapshot& snapshot) : key_(key), snapshot_(snapshot) {}

    Result<LogVerdict> run() {
        for (const auto& file : snapshot_.files) {
            auto content = read_up_to(file.descriptor.get(), file.bytes);
            if (!content) return content.error();
            before_ = std::exchange(name_, file.name);
            lines_before_ = std::exchange(line_, 0);
            check_file(*content);
            if (verdict_.problem) return std::move(verdict_);
        }
        check_end();
        verdict_.intact = !verdict_.problem;
        return std::move(verdict_);
    }

private:
    void check_file(std::string_view content) {
        const auto split = split_lines(content);
        for (std::size_t i = 0; i < split.lines.size() && !verdict_.problem; ++i) {
            ++line_;
            check_line(split.lines, i);
        }
        if (!verdict_.problem && !split.torn.empty()) {
            ++line_;
            if (last_ >= snapshot_.count)
                report("added", "bytes behind the last entry");
            else
                report("cut", "the line is not complete");
        }
    }

    void check_line(const std::vector<std::string_view>& lines, std::size_t index) {
        const auto line = take_apart(lines[index]);
        if (!line) return report("malformed", "not a line of the log");
        const auto start = index == 0 ? file_start(line->text) : std::nullopt;
        if (index == 0 && !start) return report("removed", "the file's first line is missing");
        if (start) {
            if (last_ == 0) {
                first_ = line->sequence;
                last_ = line->sequence - 1;
                head_ = start->previous;
                if (first_ == 1 && head_ != Mac{}) return report("changed", "the chain does not begin empty");
            } else if (line->sequence > last_ + 1) {
                // What is missing was at the end of the file before.
                name_ = before_;
                line_ = lines_before_ + 1;
                return report("removed",
                              "entries up to " + std::to_string(line->sequence - 1) + " are missing");
            } else if (line->sequence == last_ + 1 && start->previous != head_) {
                return report("rewritten", "the file before does not end with this chain");
            }
            oldest_ = start->oldest;
        }
        if (line->sequence != last_ + 1) return check_order(*line, lines, index);
        const auto mac = mac_of(key_, head_, line->text);
        if (!equal_constant_time(mac, line->mac)) return report("changed", "the line does not authenticate");
        if (line->sequence > snapshot_.count) return report("added", "a line behind the committed end");
        head_ = mac;
        last_ = line->sequence;
        ++verdict_.entries;
    }

    void check_order(const Line& line, const std::vector<std::string_view>& lines, std::size_t index) {
        const auto expected = last_ + 1;
        const bool later = std::any_of(lines.begin() + static_cast<std::ptrdiff_t>(index) + 1, lines.end(),
                                       [&](std::string_view other) {
                                           const auto taken = take_apart(other);
                                           return taken && taken->sequence == expected;
                                       });
        const auto detail =
            "entry " + std::to_string(line.sequence) + " where " + std::to_string(expected) + " should be";
        report(later || line.sequence < expected ? "reordered" : "removed", detail);
    }

    void check_end() {
        ++line_;
        if (last_ < snapshot_.count)
            report("cut", std::to_string(snapshot_.count - last_) + " entries are missing at the end");
        else if (snapshot_.count > 0 && head_ != snapshot_.head)
            report("rewritten", "the chain does not end in the committed head");
        else if (first_ > oldest_)
            report_first("removed", "the log should begin with entry " + std::to_string(oldest_));
    }

    void report(std::string kind, std::string detail) {
        verdict_.problem = LogProblem{name_, line_, last_ + 1, std::move(kind), std::move(detail)};
    }
    void report_first(std::string kind, std::string detail) {
        const auto name = snapshot_.files.empty() ? std::string() : snapshot_.files.front().name;
        verdict_.problem = LogProblem{name, 1, oldest_, std::move(kind), std::move(detail)};
    }

    const Secret& key_;
    const Snapshot& snapshot_;
    LogVerdict verdict_;
    std::string name_;
    std::uint64_t line_ = 0;
    std::string before_;
    std::uint64_t lines_before_ = 0;
    std::uint64_t first_ = 0;
    std::uint64_t last_ = 0;
    std::uint64_t oldest_ = 0;
    Mac head_{};
};

} // namespace

Result<LogVerdict> verify(const Secret& key, const Snapshot& snapshot) {
    return Walk(key, snapshot).run();
}

} // namespace mohr::core::log_chain
