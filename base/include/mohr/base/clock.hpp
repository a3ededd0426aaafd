// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace mohr {

using Instant = std::chrono::sys_time<std::chrono::milliseconds>;
using SteadyInstant = std::chrono::steady_clock::time_point;

/// Time as the rest of the program sees it; the tests bring their own.
class Clock {
public:
    virtual ~Clock() = default;
    /// UTC.
    [[nodiscard]] virtual Instant now() const = 0;
    /// Never goes back.
    [[nodiscard]] virtual SteadyInstant steady() const = 0;
};

class SystemClock final : public Clock {
public:
    [[nodiscard]] Instant now() const override;
    [[nodiscard]] SteadyInstant steady() const override;
};

/// RFC 3339 in UTC with milliseconds: 2026-11-22T21:04:05.678Z
[[nodiscard]] std::string to_rfc3339(Instant instant);

} // namespace mohr
