// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

/// The parts of JSON (RFC 8259) that need no state of the message.
namespace mohr::protocol::dastine {

inline bool is_blank(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
inline int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}
inline void append_utf8(std::string& out, std::uint32_t c) {
    const auto byte = [&](std::uint32_t value) { out.push_back(static_cast<char>(value)); };
    if (c < 0x80) {
        byte(c);
    } else if (c < 0x800) {
        byte(0xC0 | c >> 6);
        byte(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        byte(0xE0 | c >> 12);
        byte(0x80 | (c >> 6 & 0x3F));
        byte(0x80 | (c & 0x3F));
    } else {
        byte(0xF0 | c >> 18);
        byte(0x80 | (c >> 12 & 0x3F));
        byte(0x80 | (c >> 6 & 0x3F));
        byte(0x80 | (c & 0x3F));
    }
}

/// The grammar of a number (RFC 8259 section 6), one character after the other.
class NumberGrammar {
public:
    [[nodiscard]] bool take(char c) noexcept {
        const bool digit = c >= '0' && c <= '9';
        switch (at_) {
        case At::begin:
            if (c == '-') return go(At::minus);
            [[fallthrough]];
        case At::minus:
            return c == '0' ? go(At::zero) : digit && go(At::whole);
        case At::whole:
            if (digit) return true;
            [[fallthrough]];
        case At::zero:
            return c == '.' ? go(At::point) : (c == 'e' || c == 'E') && go(At::e);
        case At::point:
            return digit && go(At::fraction);
        case At::fraction:
            return digit || ((c == 'e' || c == 'E') && go(At::e));
        case At::e:
            if (c == '+' || c == '-') return go(At::sign);
            [[fallthrough]];
        case At::sign:
        case At::exponent:
            return digit && go(At::exponent);
        }
        return false;
    }
    [[nodiscard]] bool complete() const noexcept {
        return at_ == At::zero || at_ == At::whole || at_ == At::fraction || at_ == At::exponent;
    }

private:
    enum class At : std::uint8_t { begin, minus, zero, whole, point, fraction, e, sign, exponent };
    bool go(At next) noexcept {
        at_ = next;
        return true;
    }
    At at_ = At::begin;
};

inline bool is_number_char(char c) noexcept {
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

} // namespace mohr::protocol::dastine
