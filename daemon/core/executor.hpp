// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>

namespace mohr::core {

/// Where the core's policy code runs: one I/O thread that owns all state, and a pool for what blocks.
/// The tests bring one that runs everything by hand.
class Executor {
public:
    virtual ~Executor() = default;
    /// Later, on the I/O thread; from any thread; in order.
    virtual void post(std::function<void()> work) = 0;
    /// On some thread of the pool; from any thread. Must not be dropped: every piece of work runs.
    virtual void post_to_pool(std::function<void()> work) = 0;
    /// On the I/O thread, not before `delay` has passed. There is no cancelling: late calls find nothing to
    /// do.
    virtual void call_after(std::chrono::milliseconds delay, std::function<void()> work) = 0;
    /// Threads of the pool, at least 1: how far a batch is worth splitting.
    [[nodiscard]] virtual unsigned pool_width() const = 0;
};

} // namespace mohr::core
