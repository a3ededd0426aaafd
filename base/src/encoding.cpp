// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/encoding.hpp>

#include <openssl/evp.h>

#include <array>
#include <cstdio>

namespace mohr {

std::string to_base64(ByteView bytes) {
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes.data(),
                                       static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(length));
    return out;
}

Result<Bytes> from_base64(std::string_view text) {
    if (text.empty()) return Bytes{};
    if (text.size() % 4 != 0 || text.size() > (1U << 30)) return Error(BaseErrc::malformed, "base64 length");
    // EVP_DecodeBlock trims blanks and takes '-' as an end mark; only the alphabet may pass.
    std::size_t padding = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool alphabet = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                              c == '+' || c == '/';
        if (c == '=' && i + 2 >= text.size())
            ++padding;
        else if (!alphabet || padding > 0)
            return Error(BaseErrc::malformed, "base64 character");
    }
    Bytes out(text.size() / 4 * 3);
    const int length = EVP_DecodeBlock(out.data(), reinterpret_cast<const unsigned char*>(text.data()),
                                       static_cast<int>(text.size()));
    if (length < 0) return Error(BaseErrc::malformed, "base64");
    out.resize(static_cast<std::size_t>(length) - padding);
    // Spare bits of the last group must be zero, so that every value has one spelling.
    if (padding > 0) {
        const ByteView tail = ByteView(out).last(padding == 1 ? 2 : 1);
        if (to_base64(tail) != text.substr(text.size() - 4))
            return Error(BaseErrc::malformed, "base64 spare bits");
    }
    return out;
}

std::string to_hex(ByteView bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string out(bytes.size() * 2, '\0');
    auto at = out.begin();
    for (const std::uint8_t b : bytes) {
        *at++ = digits[b >> 4];
        *at++ = digits[b & 15];
    }
    return out;
}

namespace {
int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Length of the UTF-8 sequence at the start of `text` and its code point; 0 if ill-formed.
std::size_t decode_utf8(std::string_view text, char32_t& out) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t first = byte(0);
    if (first < 0x80) {
        out = first;
        return 1;
    }
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
    char32_t value = first & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
        value = (value << 6) | (byte(i) & 0x3F);
    }
    static constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
    if (value < least[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return 0;
    out = value;
    return length;
}

bool is_control(char32_t c) noexcept {
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C ||
           (c >= 0x200B && c <= 0x200F && c != 0x200C && c != 0x200D) || (c >= 0x2028 && c <= 0x202E) ||
           (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) ||
           (c >= 0xE0000 && c <= 0xE007F);
}
} // namespace

Result<Bytes> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return Error(BaseErrc::malformed, "hexadecimal length");
    Bytes out;
    out.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_value(text[i]);
        const int low = hex_value(text[i + 1]);
        if (high < 0 || low < 0) return Error(BaseErrc::malformed, "hexadecimal digit");
        out.push_back(static_cast<std::uint8_t>(high * 16 + low));
    }
    return out;
}

bool is_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        char32_t c = 0;
        const std::size_t length = decode_utf8(text, c);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

namespace {
std::string escaped(std::string_view text, std::size_t max_bytes, std::string_view kept) {
    std::string out;
    char escape[16];
    while (!text.empty()) {
        if (out.size() >= max_bytes) return out + "…";
        char32_t c = 0;
        const std::size_t length = decode_utf8(text, c);
        if (length == 0) {
            std::snprintf(escape, sizeof escape, "\\x%02x",
                          static_cast<unsigned>(static_cast<std::uint8_t>(text[0])));
            out += escape;
            text.remove_prefix(1);
            continue;
        }
        if (is_control(c) && kept.find(text[0]) == std::string_view::npos) {
            std::snprintf(escape, sizeof escape, "\\u{%x}", static_cast<unsigned>(c));
            out += escape;
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(length);
    }
    return out;
}
} // namespace

std::string printable(std::string_view text, std::size_t max_bytes) {
    return escaped(text, max_bytes, {});
}

std::string printable_lines(std::string_view text) {
    return escaped(text, std::string_view::npos, "\n\t");
}

} // namespace mohr
