// SPDX-License-Identifier: Apache-2.0
#include <mohr/protocol/members.hpp>

#include <nlohmann/json.hpp>

namespace mohr {

const nlohmann::json& member(const nlohmann::json& object, std::string_view name) {
    static const nlohmann::json none;
    if (!object.is_object()) return none;
    const auto found = object.find(name);
    return found == object.end() ? none : *found;
}

std::string text_member(const nlohmann::json& object, std::string_view name, std::string_view fallback) {
    const nlohmann::json& value = member(object, name);
    return value.is_string() ? value.get<std::string>() : std::string(fallback);
}

bool is_count(const nlohmann::json& value) {
    return value.is_number_unsigned() || (value.is_number_integer() && value.get<std::int64_t>() >= 0);
}

std::uint64_t number_member(const nlohmann::json& object, std::string_view name, std::uint64_t fallback) {
    const nlohmann::json& value = member(object, name);
    return is_count(value) ? value.get<std::uint64_t>() : fallback;
}

bool flag_member(const nlohmann::json& object, std::string_view name, bool fallback) {
    const nlohmann::json& value = member(object, name);
    return value.is_boolean() ? value.get<bool>() : fallback;
}

std::string to_line(const nlohmann::json& document) {
    return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace mohr
