// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/protocol/members.hpp>

#include <nlohmann/json.hpp>

#include <QString>

/// Members of the core's JSON as Qt's types; what is missing or of another type is empty. For showing only.
namespace mohr::desktop {

[[nodiscard]] inline QString text_of(const nlohmann::json& object, std::string_view name) {
    return QString::fromStdString(text_member(object, name));
}

[[nodiscard]] inline qint64 number_of(const nlohmann::json& object, std::string_view name) {
    return static_cast<qint64>(number_member(object, name));
}

} // namespace mohr::desktop
