// SPDX-License-Identifier: Apache-2.0
#include <mohr/token/pin_policy.hpp>

#include <algorithm>
#include <array>

namespace mohr::token {
namespace {

// Locale-free on purpose: only the ASCII ranges count (R42, R45).
bool is_digit(std::uint8_t c) noexcept {
    return c >= '0' && c <= '9';
}
bool is_letter(std::uint8_t c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_alphanumeric(std::uint8_t c) noexcept {
    return is_digit(c) || is_letter(c);
}
std::uint8_t lower(std::uint8_t c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<std::uint8_t>(c + 32) : c;
}

template <class Allowed>
std::optional<PinProblem> check(ByteView pin, unsigned min, unsigned max, Allowed allowed) noexcept {
    if (!std::all_of(pin.begin(), pin.end(), allowed)) return PinProblem::characters;
    if (pin.size() < min || pin.size() > max) return PinProblem::length;
    return std::nullopt;
}

/// 1234, 9876, abcd, also wrapping 7890 and 2109: each step the same, +1 or -1.
bool is_sequence(ByteView pin) noexcept {
    const auto follows = [&](int step) {
        for (std::size_t i = 1; i < pin.size(); ++i) {
            const int before = lower(pin[i - 1]);
            const int now = lower(pin[i]);
            const bool wraps = is_digit(pin[i - 1]) && is_digit(pin[i]) && (now - before == -9 * step);
            if (now - before != step && !wraps) return false;
        }
        return true;
    };
    return follows(1) || follows(-1);
}

/// 1212, 123123, abab: a shorter piece repeated at least twice.
bool is_repeated_pattern(ByteView pin) noexcept {
    for (std::size_t period = 2; period * 2 <= pin.size(); ++period) {
        if (pin.size() % period != 0) continue;
        if (std::equal(pin.begin() + static_cast<std::ptrdiff_t>(period), pin.end(), pin.begin()))
            return true;
    }
    return false;
}

unsigned number(ByteView digits) noexcept {
    unsigned value = 0;
    for (const std::uint8_t c : digits) value = value * 10 + (c - '0');
    return value;
}

/// Years of living people, Gregorian and Solar Hijri.
bool is_year(unsigned year) noexcept {
    return (year >= 1900 && year <= 2099) || (year >= 1280 && year <= 1450);
}
bool is_month_day(unsigned month, unsigned day) noexcept {
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/// A year, or a date as YYYYMMDD, DDMMYYYY, MMDDYYYY, YYMMDD, DDMMYY.
bool is_date(ByteView pin) noexcept {
    if (!std::all_of(pin.begin(), pin.end(), is_digit)) return false;
    const auto part = [&](std::size_t at, std::size_t size) { return number(pin.subspan(at, size)); };
    if (pin.size() == 4) return is_year(part(0, 4));
    if (pin.size() == 6) return is_month_day(part(2, 2), part(4, 2)) || is_month_day(part(2, 2), part(0, 2));
    if (pin.size() == 8)
        return (is_year(part(0, 4)) && is_month_day(part(4, 2), part(6, 2))) ||
               (is_year(part(4, 4)) &&
                (is_month_day(part(2, 2), part(0, 2)) || is_month_day(part(0, 2), part(2, 2))));
    return false;
}

/// Patterns on a keypad and words that people really take; the regular ones are found by rule.
bool is_common(ByteView pin) noexcept {
    static constexpr std::array<std::string_view, 26> common = {
        "1004",   "1397",   "2580",    "0852",   "1470",   "3690",   "7410",   "9630",     "159753",
        "147258", "147369", "258456",  "112233", "1122",   "102030", "696969", "password", "admin",
        "qwerty", "asdf",   "letmein", "iran",   "tehran", "pass",   "admin1", "abc123"};
    return std::any_of(common.begin(), common.end(), [&](std::string_view word) {
        return std::equal(pin.begin(), pin.end(), word.begin(), word.end(),
                          [](std::uint8_t a, char b) { return lower(a) == static_cast<std::uint8_t>(b); });
    });
}

} // namespace

std::optional<PinProblem> check_user_pin(ByteView pin, const PinPolicy& policy) noexcept {
    return check(pin, policy.user_min, policy.user_max, is_digit);
}

std::optional<PinProblem> check_admin_pin(ByteView pin, const PinPolicy& policy) noexcept {
    return check(pin, policy.admin_min, policy.admin_max, is_alphanumeric);
}

std::optional<Guessable> guessable(ByteView pin) noexcept {
    if (pin.empty()) return std::nullopt;
    if (std::all_of(pin.begin(), pin.end(), [&](std::uint8_t c) { return c == pin[0]; }))
        return Guessable::repeated_digit;
    if (is_sequence(pin)) return Guessable::sequence;
    if (is_repeated_pattern(pin)) return Guessable::repeated_pattern;
    if (is_common(pin)) return Guessable::common;
    if (is_date(pin)) return Guessable::date;
    return std::nullopt;
}

std::string_view name_of(PinProblem problem) noexcept {
    return problem == PinProblem::characters ? "characters" : "length";
}

std::string_view name_of(Guessable reason) noexcept {
    switch (reason) {
    case Guessable::repeated_digit:
        return "repeated_digit";
    case Guessable::sequence:
        return "sequence";
    case Guessable::repeated_pattern:
        return "repeated_pattern";
    case Guessable::date:
        return "date";
    case Guessable::common:
        return "common";
    }
    return "common";
}

} // namespace mohr::token
