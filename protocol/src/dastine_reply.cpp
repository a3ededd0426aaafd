// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/encoding.hpp>
#include <mohr/protocol/dastine.hpp>

#include <nlohmann/json.hpp>

namespace mohr::protocol::dastine {

std::string make_reply(std::string_view command, std::string_view result) {
    const auto text = nlohmann::json(result).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return "{\"command\":" + nlohmann::json(command).dump() + ",\"Result\":" + text + "}";
}

std::string reply_head(std::string_view command) {
    return "{\"command\":" + nlohmann::json(command).dump() + ",\"Result\":\"";
}

Bytes to_utf16le(std::string_view utf8) {
    Bytes out;
    const auto unit = [&](std::uint32_t value) {
        out.push_back(static_cast<std::uint8_t>(value));
        out.push_back(static_cast<std::uint8_t>(value >> 8));
    };
    if (!is_utf8(utf8)) return {};
    for (std::size_t i = 0; i < utf8.size();) {
        const auto first = static_cast<std::uint8_t>(utf8[i]);
        const std::size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
        std::uint32_t c = length == 1 ? first : first & (0xFFU >> (length + 1));
        for (std::size_t k = 1; k < length; ++k) c = c << 6 | (static_cast<std::uint8_t>(utf8[i + k]) & 0x3F);
        i += length;
        if (c < 0x10000) {
            unit(c);
        } else {
            unit(0xD800 + ((c - 0x10000) >> 10));
            unit(0xDC00 + ((c - 0x10000) & 0x3FF));
        }
    }
    return out;
}

} // namespace mohr::protocol::dastine
