// SPDX-License-Identifier: Apache-2.0
#include <mohr/cli/since.hpp>

#include <charconv>

namespace mohr::cli {
namespace {

bool fits(std::string_view text, std::string_view pattern) {
    if (text.size() != pattern.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (pattern[i] == '0' ? !digit : text[i] != pattern[i]) return false;
    }
    return true;
}

std::optional<std::chrono::seconds> unit(char letter) {
    switch (letter) {
    case 's':
        return std::chrono::seconds(1);
    case 'm':
        return std::chrono::minutes(1);
    case 'h':
        return std::chrono::hours(1);
    case 'd':
        return std::chrono::hours(24);
    case 'w':
        return std::chrono::hours(24 * 7);
    default:
        return std::nullopt;
    }
}

} // namespace

std::optional<std::string> since(std::string_view text, Instant now) {
    constexpr std::string_view day = "0000-00-00";
    if (fits(text, day)) return std::string(text) + "T00:00:00.000Z";
    if (fits(text, "0000-00-00T00:00:00Z")) return std::string(text.substr(0, 19)) + ".000Z";
    if (fits(text, "0000-00-00T00:00:00.000Z")) return std::string(text);
    if (text.size() < 2) return std::nullopt;
    const auto step = unit(text.back());
    unsigned count = 0;
    const char* const end = text.data() + text.size() - 1;
    const auto [at, error] = std::from_chars(text.data(), end, count);
    constexpr unsigned most = 1'000'000;
    if (!step || error != std::errc() || at != end || count > most) return std::nullopt;
    return to_rfc3339(now - *step * count);
}

} // namespace mohr::cli
