// SPDX-License-Identifier: Apache-2.0
#include "upgrade.hpp"

#include <mohr/base/encoding.hpp>
#include <mohr/protocol/web_api.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace mohr::door {
namespace {

using protocol::link::Api;

std::optional<Api> api_of(std::string_view request_line) {
    if (request_line == "GET /v1 HTTP/1.1") return Api::v1;
    if (request_line == "GET /dastine HTTP/1.1") return Api::dastine;
    return std::nullopt;
}

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
std::string lowered(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), lower);
    return out;
}
bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}
/// RFC 9110 section 5.6.2.
bool is_token_char(char c) noexcept {
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}
/// Whether the comma-separated list has `wanted`, compared without case if `fold`.
bool list_has(std::string_view list, std::string_view wanted, bool fold) {
    while (!list.empty()) {
        const std::size_t comma = list.find(',');
        const std::string_view element = trimmed(list.substr(0, comma));
        if (fold ? lowered(element) == wanted : element == wanted) return true;
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    }
    return false;
}

struct Field {
    std::string name; ///< lower case
    std::string_view value;
};

std::optional<Field> parse_field(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return std::nullopt;
    const std::string_view name = line.substr(0, colon);
    if (!std::all_of(name.begin(), name.end(), is_token_char)) return std::nullopt;
    return Field{lowered(name), trimmed(line.substr(colon + 1))};
}

/// The fields of a whole head after its request line; nothing if one is malformed, folded or too many.
std::optional<std::vector<Field>> parse_fields(std::string_view lines, std::size_t max_fields) {
    std::vector<Field> fields;
    while (!lines.empty()) {
        const std::size_t end = lines.find("\r\n");
        auto field = parse_field(lines.substr(0, end));
        if (!field || fields.size() == max_fields) return std::nullopt;
        fields.push_back(std::move(*field));
        lines.remove_prefix(end + 2);
    }
    return fields;
}

class Head {
public:
    explicit Head(std::vector<Field> fields) : fields_(std::move(fields)) {}

    [[nodiscard]] bool has(std::string_view name) const { return count(name) != 0; }
    /// The value, if there is exactly one such field.
    [[nodiscard]] std::optional<std::string_view> only(std::string_view name) const {
        if (count(name) != 1) return std::nullopt;
        return std::find_if(fields_.begin(), fields_.end(), [&](const Field& f) { return f.name == name; })
            ->value;
    }
    /// Whether any field of that name, read as a list, has `wanted`.
    [[nodiscard]] bool lists(std::string_view name, std::string_view wanted, bool fold) const {
        return std::any_of(fields_.begin(), fields_.end(),
                           [&](const Field& f) { return f.name == name && list_has(f.value, wanted, fold); });
    }

private:
    [[nodiscard]] std::ptrdiff_t count(std::string_view name) const {
        return std::count_if(fields_.begin(), fields_.end(), [&](const Field& f) { return f.name == name; });
    }
    std::vector<Field> fields_;
};

bool is_websocket_key(std::string_view key) {
    const auto bytes = from_base64(key);
    return bytes && bytes->size() == 16;
}

// --- origins ---

bool is_port(std::string_view port, unsigned default_port) {
    if (port.empty() || port.front() == '0') return false;
    unsigned number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    return error == std::errc() && end == port.data() + port.size() && number <= 65535 &&
           number != default_port;
}

bool is_canonical_address(int family, std::string_view text) {
    std::array<unsigned char, 16> raw{};
    std::array<char, INET6_ADDRSTRLEN> back{};
    const std::string copy(text);
    return ::inet_pton(family, copy.c_str(), raw.data()) == 1 &&
           ::inet_ntop(family, raw.data(), back.data(), back.size()) != nullptr && copy == back.data();
}

bool is_label(std::string_view label) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    return std::all_of(label.begin(), label.end(),
                       [](char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-'; });
}

bool is_host(std::string_view host) {
    if (host.empty() || host.size() > 253) return false;
    if (host.front() == '[')
        return host.back() == ']' && is_canonical_address(AF_INET6, host.substr(1, host.size() - 2));
    std::string_view rest = host;
    std::string_view last;
    for (;;) {
        const std::size_t dot = rest.find('.');
        last = rest.substr(0, dot);
        if (!is_label(last)) return false;
        if (dot == std::string_view::npos) break;
        rest.remove_prefix(dot + 1);
    }
    // A host that ends in a number is an IPv4 address in a browser, whatever its form (URL standard, 3.5).
    const bool numeric = std::all_of(last.begin(), last.end(), is_digit) || last.starts_with("0x");
    return !numeric || is_canonical_address(AF_INET, host);
}

} // namespace

HeadState head_state(std::string_view received, std::size_t max_bytes) noexcept {
    const std::size_t end = received.find("\r\n\r\n");
    const std::string_view head = received.substr(0, end);
    for (std::size_t i = 0; i < head.size(); ++i) {
        const auto c = static_cast<unsigned char>(head[i]);
        const bool line_end = c == '\r' && (i + 1 == head.size() || head[i + 1] == '\n');
        const bool line_feed = c == '\n' && i > 0 && head[i - 1] == '\r';
        if (c == 0x7F || (c < 0x20 && c != '\t' && !line_end && !line_feed)) return HeadState::impossible;
    }
    if (end == std::string_view::npos)
        return received.size() >= max_bytes ? HeadState::impossible : HeadState::incomplete;
    return end + 4 > max_bytes ? HeadState::impossible : HeadState::complete;
}

std::optional<Upgrade> check_upgrade(std::string_view head, const UpgradeRules& rules) {
    if (head_state(head, rules.header_bytes) != HeadState::complete || !head.ends_with("\r\n\r\n") ||
        head.find("\r\n\r\n") + 4 != head.size())
        return std::nullopt;
    const std::size_t line_end = head.find("\r\n");
    const auto api = api_of(head.substr(0, line_end));
    if (!api) return std::nullopt;
    auto fields = parse_fields(head.substr(line_end + 2, head.size() - line_end - 4), rules.header_fields);
    if (!fields) return std::nullopt;
    const Head request(std::move(*fields));

    if (request.has("content-length") || request.has("transfer-encoding") || request.has("expect"))
        return std::nullopt;
    const auto host = request.only("host");
    if (!host || std::find(rules.hosts.begin(), rules.hosts.end(), lowered(*host)) == rules.hosts.end())
        return std::nullopt;
    const auto origin = request.only("origin");
    // The pages of existing portals are often without TLS; they are marked so in every prompt.
    const HttpOrigins http = *api == Api::dastine   ? HttpOrigins::all
                             : rules.developer_mode ? HttpOrigins::of_loopback
                                                    : HttpOrigins::none;
    if (!origin || !is_acceptable_origin(*origin, http)) return std::nullopt;
    const auto upgrade = request.only("upgrade");
    if (!upgrade || lowered(*upgrade) != "websocket" || !request.lists("connection", "upgrade", true))
        return std::nullopt;
    const auto version = request.only("sec-websocket-version");
    if (!version || *version != "13") return std::nullopt;
    const auto key = request.only("sec-websocket-key");
    if (!key || !is_websocket_key(*key)) return std::nullopt;
    if (*api == Api::v1 && !request.lists("sec-websocket-protocol", protocol::web::subprotocol, false))
        return std::nullopt;
    return Upgrade{*api, std::string(*origin), std::string(*key)};
}

bool is_acceptable_origin(std::string_view origin, HttpOrigins http) {
    const bool secure = origin.starts_with("https://");
    if (!secure && (http == HttpOrigins::none || !origin.starts_with("http://"))) return false;
    std::string_view host = origin.substr(secure ? 8 : 7);
    // A bracketed address has colons of its own.
    const std::size_t bracket = host.find(']');
    const std::size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
    if (colon != std::string_view::npos) {
        if (!is_port(host.substr(colon + 1), secure ? 443 : 80)) return false;
        host = host.substr(0, colon);
    }
    if (!is_host(host)) return false;
    return secure || http == HttpOrigins::all || host == "127.0.0.1" || host == "localhost" ||
           host == "[::1]";
}

} // namespace mohr::door
