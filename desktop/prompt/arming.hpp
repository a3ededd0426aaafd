// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace mohr::desktop {

/// T14: from when on keys and clicks are meant for this window. One second after it came on the screen and after each
/// time it got the focus; a person who is in the middle of typing something else keeps it unarmed.
class Arming {
public:
    using Instant = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::milliseconds delay{1000};
    static constexpr std::chrono::milliseconds quiet{250}; ///< since the last early key

    void shown(Instant now) noexcept { wait(now); }
    void focused(Instant now) noexcept { wait(now); }
    void unfocused() noexcept { waiting_ = true; }
    /// A key that came while unarmed.
    void early_key(Instant now) noexcept;
    [[nodiscard]] bool armed(Instant now) const noexcept { return !waiting_ && now >= from_; }
    /// When it will be armed if nothing happens; only while it has the focus.
    [[nodiscard]] Instant from() const noexcept { return from_; }

private:
    void wait(Instant now) noexcept;

    bool waiting_ = true;
    Instant from_{};
};

} // namespace mohr::desktop
