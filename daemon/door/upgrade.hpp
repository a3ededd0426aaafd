// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/protocol/link.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Who is let in: the rules for one HTTP request that asks to become a WebSocket (docs/protocol.md,
/// "Connecting").
namespace mohr::door {

/// Which pages without TLS may connect.
enum class HttpOrigins { none, of_loopback, all };

struct UpgradeRules {
    std::vector<std::string> hosts; ///< exact Host values of this port, lower case
    bool developer_mode = false;    ///< for /v1: http origins of loopback pages too
    std::size_t header_bytes = 8 * 1024;
    std::size_t header_fields = 64;
};

/// A request that may be upgraded, if its site may.
struct Upgrade {
    protocol::link::Api api{};
    std::string origin;
    std::string key; ///< Sec-WebSocket-Key
};

/// Every refusal is these bytes and a close, whatever was wrong.
inline constexpr std::string_view refusal =
    "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

enum class HeadState { incomplete, complete, impossible };
/// Whether `received` holds a whole request head, may still become one, or never will (a bare line feed, a
/// control character, longer than `max_bytes`).
[[nodiscard]] HeadState head_state(std::string_view received, std::size_t max_bytes) noexcept;

/// The request, if it keeps every rule; `head` is all that was received, for nothing may follow the head.
[[nodiscard]] std::optional<Upgrade> check_upgrade(std::string_view head, const UpgradeRules& rules);

/// Whether this is the serialisation of an https origin (RFC 6454 section 6.2), or of such an http one as
/// `http` lets in: lower case, no default port, no trailing dot, addresses in canonical form.
[[nodiscard]] bool is_acceptable_origin(std::string_view origin, HttpOrigins http);

} // namespace mohr::door
