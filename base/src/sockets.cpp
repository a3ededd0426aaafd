// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/encoding.hpp>
#include <mohr/base/sockets.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <pwd.h>

namespace mohr {
namespace fs = std::filesystem;
namespace {

template <class Number>
bool read_number(std::string_view text, int base, Number& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return error == std::errc{} && end == text.data() + text.size();
}

bool holds(const fs::path& process, const std::string& wanted) {
    std::error_code error;
    for (fs::directory_iterator fd(process / "fd", error), end; !error && fd != end; fd.increment(error)) {
        std::error_code ignored;
        if (fs::read_symlink(fd->path(), ignored) == wanted) return true;
    }
    return false;
}

} // namespace

std::optional<TcpRow> parse_tcp_row(std::string_view line) {
    // sl local remote st tx:rx tr:tm retrnsmt uid timeout inode …
    std::array<std::string_view, 10> words;
    std::size_t count = 0;
    for (std::size_t at = line.find_first_not_of(' '); at != std::string_view::npos && count < words.size();
         at = line.find_first_not_of(' ', at)) {
        const std::size_t end = std::min(line.find(' ', at), line.size());
        words[count++] = line.substr(at, end - at);
        at = end;
    }
    TcpRow row;
    row.local = words[1];
    row.remote = words[2];
    if (count < words.size() || !read_number(words[3], 16, row.state) ||
        !read_number(words[7], 10, row.uid) || !read_number(words[9], 10, row.inode))
        return std::nullopt;
    return row;
}

std::optional<pid_t> process_with_socket(std::uint64_t inode, std::optional<uid_t> owner) {
    if (inode == 0) return std::nullopt;
    const std::string wanted = "socket:[" + std::to_string(inode) + "]";
    std::error_code error;
    for (fs::directory_iterator process("/proc", error), end; !error && process != end;
         process.increment(error)) {
        pid_t pid = 0;
        struct stat status {};
        if (!read_number(process->path().filename().native(), 10, pid)) continue;
        if (owner && (::stat(process->path().c_str(), &status) != 0 || status.st_uid != *owner)) continue;
        if (holds(process->path(), wanted)) return pid;
    }
    return std::nullopt;
}

std::string user_text(uid_t uid) {
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    const std::string number = "uid " + std::to_string(uid);
    if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
        return number;
    return printable(entry.pw_name, 64) + " (" + number + ")";
}

} // namespace mohr
