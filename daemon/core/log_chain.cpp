// SPDX-License-Identifier: Apache-2.0
#include "log_chain.hpp"

#include <mohr/base/digest.hpp>
#include <mohr/base/encoding.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace mohr::core::log_chain {

namespace {

// Ordered, so that a line begins with its number for whoever reads the file.
using Json = nlohmann::ordered_json;

constexpr std::string_view mac_opens = ",\"mac\":\"";
constexpr std::string_view mac_closes = "\"}";
constexpr std::size_t mac_digits = 64;
constexpr std::string_view name_prefix = "activity-";
constexpr std::string_view name_suffix = ".jsonl";
constexpr std::size_t name_digits = 8;

std::string open_text(const Json& object) {
    auto text = object.dump(-1, ' ', false, Json::error_handler_t::replace);
    text.pop_back(); // the closing brace comes back behind the mac
    return text;
}

/// A tree for each line would cost more than its MAC; what needs no escape is copied as it is.
void add_string(std::string& text, std::string_view value) {
    const bool plain = std::all_of(value.begin(), value.end(),
                                   [](char c) { return c >= ' ' && c < '\x7F' && c != '"' && c != '\\'; });
    if (!plain) {
        text += Json(value).dump(-1, ' ', false, Json::error_handler_t::replace);
        return;
    }
    text += '"';
    text += value;
    text += '"';
}

void add(std::string& text, std::string_view name, std::string_view value) {
    text += ",\"";
    text += name;
    text += "\":";
    add_string(text, value);
}

std::optional<Mac> to_mac(std::string_view hex) {
    const auto bytes = from_hex(hex);
    if (!bytes || bytes->size() != Mac{}.size()) return std::nullopt;
    Mac mac{};
    std::copy(bytes->begin(), bytes->end(), mac.begin());
    return mac;
}

} // namespace

std::string entry_text(std::uint64_t sequence, Instant time, const LogEntry& entry) {
    std::string text = "{\"seq\":" + std::to_string(sequence);
    add(text, "time", to_rfc3339(time));
    add(text, "origin", entry.origin);
    add(text, "program", entry.program);
    add(text, "operation", entry.operation);
    add(text, "decision", entry.decision);
    if (!entry.detail.empty()) add(text, "detail", entry.detail);
    if (!entry.certificate.empty()) add(text, "certificate", to_hex(entry.certificate));
    if (entry.blind) text += ",\"blind\":true";
    if (entry.documents.empty()) return text;
    add(text, "digestAlgorithm", entry.digest_algorithm);
    text += ",\"documents\":[";
    for (const auto& document : entry.documents) {
        if (text.back() != '[') text += ',';
        text += "{\"name\":";
        add_string(text, document.name);
        add(text, "digest", to_hex(document.digest));
        text += '}';
    }
    text += ']';
    return text;
}

std::string file_text(std::uint64_t sequence, Instant time, const Mac& previous, std::uint64_t oldest) {
    return open_text(Json{{"seq", sequence},
                          {"time", to_rfc3339(time)},
                          {"operation", file_operation},
                          {"previous", to_hex(previous)},
                          {"oldest", oldest}});
}

Mac mac_of(const Secret& key, const Mac& previous, std::string_view text) {
    Bytes input;
    input.reserve(previous.size() + text.size());
    input.insert(input.end(), previous.begin(), previous.end());
    input.insert(input.end(), text.begin(), text.end());
    const auto bytes = hmac_sha256(key.reveal(), input);
    Mac mac{};
    std::copy_n(bytes.begin(), mac.size(), mac.begin());
    return mac;
}

std::string sealed(std::string text, const Mac& mac) {
    text += mac_opens;
    text += to_hex(mac);
    text += mac_closes;
    text += '\n';
    return text;
}

std::optional<Line> take_apart(std::string_view line) {
    constexpr auto tail_size = mac_opens.size() + mac_digits + mac_closes.size();
    if (line.size() <= tail_size || !line.ends_with(mac_closes)) return std::nullopt;
    const auto tail = line.substr(line.size() - tail_size);
    if (!tail.starts_with(mac_opens)) return std::nullopt;
    const auto mac = to_mac(tail.substr(mac_opens.size(), mac_digits));
    constexpr std::string_view opens = "{\"seq\":";
    if (!mac || !line.starts_with(opens)) return std::nullopt;
    Line taken{line.substr(0, line.size() - tail_size), *mac, 0};
    const auto* first = line.data() + opens.size();
    const auto* last = taken.text.data() + taken.text.size();
    const auto [end, failed] = std::from_chars(first, last, taken.sequence);
    if (failed != std::errc() || end == first) return std::nullopt;
    return taken;
}

std::optional<FileStart> file_start(std::string_view text) {
    const Json object = Json::parse(std::string(text) + "}", nullptr, false);
    if (!object.is_object() || object.value("operation", Json()) != Json(file_operation)) return std::nullopt;
    const auto previous = object.find("previous");
    const auto oldest = object.find("oldest");
    if (previous == object.end() || !previous->is_string() || oldest == object.end() ||
        !oldest->is_number_unsigned())
        return std::nullopt;
    const auto mac = to_mac(previous->get_ref<const std::string&>());
    if (!mac) return std::nullopt;
    return FileStart{*mac, oldest->get<std::uint64_t>()};
}

std::string file_name(std::uint64_t number) {
    auto digits = std::to_string(number);
    if (digits.size() < name_digits) digits.insert(0, name_digits - digits.size(), '0');
    return std::string(name_prefix) + digits + std::string(name_suffix);
}

std::optional<std::uint64_t> file_number(std::string_view name) {
    if (!name.starts_with(name_prefix) || !name.ends_with(name_suffix)) return std::nullopt;
    name.remove_prefix(name_prefix.size());
    if (name.size() < name_suffix.size() + name_digits) return std::nullopt;
    name.remove_suffix(name_suffix.size());
    std::uint64_t number = 0;
    const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (failed != std::errc() || end != name.data() + name.size()) return std::nullopt;
    return number;
}

} // namespace mohr::core::log_chain
