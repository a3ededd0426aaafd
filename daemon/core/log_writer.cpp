// SPDX-License-Identifier: Apache-2.0
#include "log_writer.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace mohr::core::log_chain {

namespace fs = std::filesystem;

namespace {

/// A file far over its limit is not ours; reading it whole would only use up memory.
constexpr std::uint64_t surplus_bytes = 64 * 1024 * 1024;
constexpr std::uint64_t first_line_bytes = 4096;

Result<std::uint64_t> size_of(int fd) {
    struct stat status {};
    if (fstat(fd, &status) != 0) return system_failure("fstat of the activity log");
    return static_cast<std::uint64_t>(status.st_size);
}

Result<void> sync_directory(const fs::path& directory) {
    const Descriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || fsync(fd.get()) != 0) return system_failure("syncing " + directory.string());
    return {};
}

} // namespace

Writer::Writer(ActivityLog::Config config, token::Token& token, Secret key)
    : config_(std::move(config)), token_(&token), key_(std::move(key)) {}

fs::path Writer::path_of(std::uint64_t number) const {
    return config_.directory / file_name(number);
}

Result<Writer> Writer::open(ActivityLog::Config config, token::Token& token) {
    MOHR_TRY(ensure_private_directory(config.directory));
    auto key = token.log_key();
    if (!key) return key.error();
    Writer writer(std::move(config), token, std::move(*key));
    const auto committed = token.log_head();
    writer.count_ = committed.count;
    writer.head_ = committed.head;
    MOHR_TRY(writer.find_end());
    writer.adopted_ = writer.count_ - committed.count;
    if (writer.adopted_ > 0) MOHR_TRY(writer.commit(writer.count_, writer.head_));
    return writer;
}

/// Goes back from the newest file to the one that holds the committed line, then forward again over the lines
/// that were written but not committed. Whatever does not fit ends the search: a new file is begun then, so
/// that a torn or foreign line never gets one of ours glued to it.
Result<void> Writer::find_end() {
    auto files = list_files(config_.directory);
    if (!files) return files.error();
    struct Loaded {
        std::uint64_t number;
        std::string content;
    };
    std::vector<Loaded> behind; // newest first
    bool found = count_ == 0;
    for (auto at = files->rbegin(); at != files->rend(); ++at) {
        auto fd = open_private(at->second, O_RDONLY);
        if (!fd) return fd.error();
        auto size = size_of(fd->get());
        if (!size) return size.error();
        auto content = read_up_to(fd->get(), std::min(*size, config_.max_file_bytes + surplus_bytes));
        if (!content) return content.error();
        const auto split = split_lines(*content);
        const auto first = split.lines.empty() ? std::nullopt : take_apart(split.lines.front());
        first_of_[at->first] = first ? first->sequence : 0;
        if (const auto start = first ? file_start(first->text) : std::nullopt; start && behind.empty())
            oldest_ = start->oldest;
        const bool here = first && first->sequence <= count_;
        behind.push_back({at->first, std::move(*content)});
        if (here) {
            found = true;
            break;
        }
    }
    for (const auto& [number, path] : *files) {
        if (first_of_.contains(number)) continue;
        auto fd = open_private(path, O_RDONLY);
        if (!fd) return fd.error();
        auto content = read_up_to(fd->get(), first_line_bytes);
        if (!content) return content.error();
        const auto split = split_lines(*content);
        const auto first = split.lines.empty() ? std::nullopt : take_apart(split.lines.front());
        first_of_[number] = first ? first->sequence : 0;
    }
    number_ = files->empty() ? 0 : files->rbegin()->first;
    if (!found || behind.empty()) return {};

    for (auto at = behind.rbegin(); at != behind.rend(); ++at) {
        std::uint64_t good_bytes = 0;
        bool torn = false;
        if (!go_on_from(at->content, good_bytes, torn)) return {};
        const bool newest = at->number == number_;
        if (torn && !newest) return {};
        if (!newest) continue;
        MOHR_TRY(open_file(number_, O_WRONLY | O_APPEND));
        if (torn && (ftruncate(file_.get(), static_cast<off_t>(good_bytes)) != 0 || fsync(file_.get()) != 0))
            return system_failure("cutting a torn line off the activity log");
        bytes_ = good_bytes;
    }
    return {};
}

/// Takes every line behind the committed one that carries the chain on. False if the committed line is not
/// where it should be, or a whole line behind it is not ours.
bool Writer::go_on_from(std::string_view content, std::uint64_t& good_bytes, bool& torn) {
    const auto split = split_lines(content);
    for (const auto line : split.lines) {
        good_bytes += line.size() + 1;
        const auto taken = take_apart(line);
        if (!taken) return false;
        if (taken->sequence < count_) continue;
        if (taken->sequence == count_) {
            if (taken->mac != head_) return false;
            continue;
        }
        if (taken->sequence != count_ + 1 || mac_of(key_, head_, taken->text) != taken->mac) return false;
        count_ = taken->sequence;
        head_ = taken->mac;
    }
    torn = !split.torn.empty();
    // A torn line may only be the one that was being written: the committed one must have been met before it.
    const auto last = split.lines.empty() ? std::nullopt : take_apart(split.lines.back());
    return (last && last->sequence == count_) || (split.lines.empty() && content.size() == split.torn.size());
}

Result<void> Writer::open_file(std::uint64_t number, int flags) {
    auto fd = open_private(path_of(number), flags);
    if (!fd) return fd.error();
    file_ = std::move(*fd);
    return {};
}

Result<void> Writer::write(const std::vector<TimedEntry>& entries) {
    if (entries.empty()) return {};
    const auto old_number = number_;
    const auto old_bytes = bytes_;
    auto count = count_;
    auto head = head_;
    std::string lines;
    const auto add = [&](std::string text) {
        head = mac_of(key_, head, text);
        lines += sealed(std::move(text), head);
        ++count;
    };
    const bool begin_file = !file_ || bytes_ == 0 || bytes_ >= config_.max_file_bytes;
    auto oldest = oldest_;
    Descriptor old_file;
    if (begin_file) {
        old_file = std::move(file_);
        if (number_ == 0 || bytes_ > 0 || !old_file) ++number_;
        bytes_ = 0;
        // A failed attempt may have left the file; it holds nothing that was committed.
        if (auto opened = open_file(number_, O_WRONLY | O_CREAT | O_APPEND | O_TRUNC); !opened) {
            file_ = std::move(old_file);
            number_ = old_number;
            bytes_ = old_bytes;
            return opened.error();
        }
        oldest = oldest_after_rotation(count + 1);
        add(file_text(count + 1, entries.front().time, head_, oldest));
    }
    for (const auto& [time, entry] : entries) add(entry_text(count + 1, time, entry));

    Result<void> done = write_all(file_.get(), as_bytes(lines));
    if (done && fdatasync(file_.get()) != 0) done = system_failure("syncing the activity log");
    if (done && begin_file) done = sync_directory(config_.directory);
    if (done) done = commit(count, head);
    if (!done) {
        if (begin_file) {
            file_ = std::move(old_file);
            undo(number_, 0);
            number_ = old_number;
            bytes_ = old_bytes;
        } else {
            undo(number_, bytes_);
        }
        return done;
    }
    if (begin_file) {
        first_of_[number_] = count_ + 1;
        oldest_ = oldest;
        remove_old_files();
    }
    bytes_ += lines.size();
    count_ = count;
    head_ = head;
    return {};
}

/// What a failed write left must not stand between two good lines.
void Writer::undo(std::uint64_t number, std::uint64_t bytes) {
    std::error_code ignored;
    if (bytes == 0)
        fs::remove(path_of(number), ignored);
    else if (ftruncate(file_.get(), static_cast<off_t>(bytes)) != 0)
        file_.reset(); // the next write begins a new file
}

/// The vault may not be there yet: entries of that time are adopted once it is.
Result<void> Writer::commit(std::uint64_t count, const Mac& head) {
    const auto committed = token_->commit_log_head(token::LogHead{count, head});
    if (committed) return {};
    const auto& code = committed.error().code;
    if (code == make_error_code(token::TokenErrc::not_initialised) ||
        code == make_error_code(token::TokenErrc::not_activated))
        return {};
    return committed.error();
}

/// A file that is begun says how far back the log reaches, so that nobody can take whole old files away.
std::uint64_t Writer::oldest_after_rotation(std::uint64_t new_first) const {
    if (first_of_.empty()) return new_first == 1 ? 1 : oldest_;
    const auto files = first_of_.size() + 1;
    if (files <= config_.max_files) return oldest_;
    const auto kept = std::next(first_of_.begin(), static_cast<std::ptrdiff_t>(files - config_.max_files));
    if (kept == first_of_.end()) return new_first;
    return kept->second != 0 ? kept->second : oldest_;
}

void Writer::remove_old_files() {
    std::error_code ignored;
    while (first_of_.size() > config_.max_files) {
        fs::remove(path_of(first_of_.begin()->first), ignored);
        first_of_.erase(first_of_.begin());
    }
}

Result<Snapshot> Writer::snapshot() const {
    Snapshot snapshot;
    snapshot.count = count_;
    snapshot.head = head_;
    auto files = list_files(config_.directory);
    if (!files) return files.error();
    for (const auto& [number, path] : *files) {
        auto fd = open_private(path, O_RDONLY);
        if (!fd) return fd.error();
        auto size = size_of(fd->get());
        if (!size) return size.error();
        snapshot.files.push_back({path.filename().string(), std::move(*fd),
                                  std::min(*size, config_.max_file_bytes + surplus_bytes)});
    }
    return snapshot;
}

} // namespace mohr::core::log_chain
