// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor.hpp"
#include "fake_clock.hpp"

#include <deque>
#include <map>
#include <utility>

namespace mohr::test {

/// Runs everything on the calling thread, when the test says so: I/O, pool and timers apart, so that every
/// ordering can be made.
class ManualExecutor final : public core::Executor {
public:
    explicit ManualExecutor(FakeClock& clock) : clock_(clock) {}

    void post(std::function<void()> work) override { io_.push_back(std::move(work)); }
    void post_to_pool(std::function<void()> work) override { pool_.push_back(std::move(work)); }
    void call_after(std::chrono::milliseconds delay, std::function<void()> work) override {
        timers_.emplace(clock_.steady() + delay, std::move(work));
    }
    [[nodiscard]] unsigned pool_width() const override { return 2; }

    /// Everything that waits on the I/O thread, not the pool.
    void run_io() {
        while (!io_.empty()) take(io_)();
    }
    /// One piece of the pool's work, and none of what follows from it. False if there is none.
    bool step_pool() {
        if (pool_.empty()) return false;
        take(pool_)();
        return true;
    }
    /// One piece of work, the I/O thread's first. False if there is none.
    bool step() {
        if (io_.empty()) return step_pool();
        take(io_)();
        return true;
    }
    /// Until nothing is left but timers.
    void run() {
        do run_io();
        while (step_pool());
    }
    /// Moves the clock and runs the timers that are due, in order, and what follows from them.
    void advance(std::chrono::milliseconds by) {
        const auto until = clock_.steady() + by;
        run();
        while (!timers_.empty() && timers_.begin()->first <= until) {
            auto due = timers_.extract(timers_.begin());
            const auto step =
                std::chrono::duration_cast<std::chrono::milliseconds>(due.key() - clock_.steady());
            if (step.count() > 0) clock_.advance(step);
            due.mapped()();
            run();
        }
        const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(until - clock_.steady());
        if (rest.count() > 0) clock_.advance(rest);
        run();
    }
    [[nodiscard]] std::size_t timers() const noexcept { return timers_.size(); }

private:
    static std::function<void()> take(std::deque<std::function<void()>>& queue) {
        auto work = std::move(queue.front());
        queue.pop_front();
        return work;
    }

    FakeClock& clock_;
    std::deque<std::function<void()>> io_;
    std::deque<std::function<void()>> pool_;
    std::multimap<SteadyInstant, std::function<void()>> timers_;
};

} // namespace mohr::test
