// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/bytes.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>

namespace mohr::protocol::dastine {

/// Base64 of RFC 4648 section 4 in pieces; only the canonical form, as mohr::from_base64() takes it.
class Base64Reader {
public:
    /// Calls `out` with what the piece gives, any number of times.
    void feed(std::string_view text, const std::function<void(ByteView)>& out) {
        std::array<std::uint8_t, 3 * 1024> decoded{};
        std::size_t size = 0;
        for (const char c : text) {
            if (bad_) break;
            take(c);
            if (count_ != 4) continue;
            count_ = 0;
            const unsigned good = 3 - padding_;
            for (unsigned i = 0; i < good; ++i)
                decoded[size++] = static_cast<std::uint8_t>(group_ >> (16 - 8 * i));
            if (padding_ > 0 && (group_ & ((1U << (8 * padding_)) - 1)) != 0) bad_ = true;
            group_ = 0;
            if (size + 3 > decoded.size()) {
                out(ByteView(decoded).first(size));
                size = 0;
            }
        }
        any_ = any_ || !text.empty();
        if (size > 0 && !bad_) out(ByteView(decoded).first(size));
    }
    [[nodiscard]] bool empty() const noexcept { return !any_; }
    /// Whether all that was fed is one whole text.
    [[nodiscard]] bool good() const noexcept { return !bad_ && count_ == 0; }

private:
    static constexpr std::array<std::uint8_t, 256> values = [] {
        std::array<std::uint8_t, 256> out{};
        out.fill(0xFF);
        constexpr std::string_view alphabet =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for (std::size_t i = 0; i < alphabet.size(); ++i)
            out[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
        return out;
    }();

    void take(char c) {
        const std::uint8_t value = values[static_cast<std::uint8_t>(c)];
        if (value == 0xFF) {
            if (c != '=' || count_ < 2) {
                bad_ = true;
                return;
            }
            ++padding_;
            group_ <<= 6;
        } else if (padding_ > 0) {
            bad_ = true;
            return;
        } else {
            group_ = group_ << 6 | value;
        }
        ++count_;
    }

    std::uint32_t group_ = 0;
    unsigned count_ = 0;
    unsigned padding_ = 0;
    bool bad_ = false;
    bool any_ = false;
};

} // namespace mohr::protocol::dastine
