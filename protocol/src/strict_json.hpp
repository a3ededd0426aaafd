// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/result.hpp>

#include <nlohmann/json.hpp>

#include <string_view>

namespace mohr::protocol {

/// One JSON text into a tree that has no duplicate members and is at most `max_depth` levels deep; the
/// nesting is counted while reading, so that a bomb of brackets costs nothing. Fails with
/// BaseErrc::malformed.
[[nodiscard]] Result<nlohmann::json> parse_json(std::string_view text, std::size_t max_depth);

} // namespace mohr::protocol
