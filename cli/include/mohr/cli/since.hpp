// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/clock.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace mohr::cli {

/// "--since" as an RFC 3339 text in UTC, so that entries compare as texts: a day (2026-11-22), a whole
/// instant (2026-11-22T21:00:00Z), or an age: 90s, 30m, 12h, 7d, 4w. Nothing if it is none of them.
[[nodiscard]] std::optional<std::string> since(std::string_view text, Instant now);

} // namespace mohr::cli
