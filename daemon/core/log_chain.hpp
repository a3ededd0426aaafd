// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "activity_log.hpp"
#include <mohr/base/secret.hpp>

#include <array>
#include <string>
#include <string_view>

/// The form of the activity log's lines and files; activity_log.cpp says when they are written.
///
///     {"seq":12,"time":"2026-11-22T21:04:05.678Z",…,"mac":"<64 hexadecimal digits>"}\n
///
/// mac = HMAC-SHA-256(key, mac of the line before ‖ the line up to and without `,"mac":`). The first line of
/// a file has "operation":"log.file" and two more members: "previous", the mac of the last line of the file
/// before, and "oldest", the sequence number of the first line that was still kept when the file was begun.
namespace mohr::core::log_chain {

using Mac = std::array<std::uint8_t, 32>;

inline constexpr std::string_view file_operation = "log.file";
/// 500 documents with the longest names and digests, every character escaped, fit.
inline constexpr std::size_t max_line_bytes = 2 * 1024 * 1024;

/// The line without mac, closing brace and line feed.
[[nodiscard]] std::string entry_text(std::uint64_t sequence, Instant time, const LogEntry& entry);
[[nodiscard]] std::string file_text(std::uint64_t sequence, Instant time, const Mac& previous,
                                    std::uint64_t oldest);
[[nodiscard]] Mac mac_of(const Secret& key, const Mac& previous, std::string_view text);
/// The whole line, with line feed.
[[nodiscard]] std::string sealed(std::string text, const Mac& mac);

/// A line taken apart; the views point into it.
struct Line {
    std::string_view text; ///< what the mac covers
    Mac mac{};
    std::uint64_t sequence = 0;
};
/// `line` without its line feed. Nothing if it is not one of ours.
[[nodiscard]] std::optional<Line> take_apart(std::string_view line);

/// The first line's own members.
struct FileStart {
    Mac previous{};
    std::uint64_t oldest = 0;
};
[[nodiscard]] std::optional<FileStart> file_start(std::string_view text);

[[nodiscard]] std::string file_name(std::uint64_t number);
/// Number of a log file's name, or nothing.
[[nodiscard]] std::optional<std::uint64_t> file_number(std::string_view name);

} // namespace mohr::core::log_chain
