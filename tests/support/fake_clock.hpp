// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/clock.hpp>

namespace mohr::test {

/// Stands still until told to move. Both clocks move together unless only one is set.
class FakeClock final : public Clock {
public:
    [[nodiscard]] Instant now() const override { return now_; }
    [[nodiscard]] SteadyInstant steady() const override { return steady_; }
    void advance(std::chrono::milliseconds by) {
        now_ += by;
        steady_ += by;
    }
    void set_now(Instant now) { now_ = now; }

private:
    Instant now_{std::chrono::milliseconds(1'790'000'000'000)};
    SteadyInstant steady_{};
};

} // namespace mohr::test
