// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <string_view>

/// Members of a JSON object of the service, read without exceptions: what is missing or of another type is
/// the fallback. For showing only; what a decision hangs on is decoded strictly (decode_prompt).
namespace mohr {

[[nodiscard]] std::string text_member(const nlohmann::json& object, std::string_view name,
                                      std::string_view fallback = {});
[[nodiscard]] std::uint64_t number_member(const nlohmann::json& object, std::string_view name,
                                          std::uint64_t fallback = 0);
/// Whether it is an integer that is not negative.
[[nodiscard]] bool is_count(const nlohmann::json& value);
[[nodiscard]] bool flag_member(const nlohmann::json& object, std::string_view name, bool fallback = false);
/// The member, or a JSON null that lives for ever.
[[nodiscard]] const nlohmann::json& member(const nlohmann::json& object, std::string_view name);

/// JSON as one line of valid UTF-8, whatever the strings hold.
[[nodiscard]] std::string to_line(const nlohmann::json& document);

} // namespace mohr
