// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor.hpp"

#include <memory>

namespace boost::asio {
class io_context;
}

namespace mohr::core {

/// The core's one I/O thread and its pool of one thread per processor.
class IoLoop final : public Executor {
public:
    /// What work throws past its own edge is told to `on_bug` (from any thread) and ends that work alone: the
    /// daemon lives.
    using OnBug = std::function<void(const char* what)>;
    explicit IoLoop(unsigned pool_threads, OnBug on_bug = {});
    ~IoLoop() override;

    void post(std::function<void()> work) override;
    void post_to_pool(std::function<void()> work) override;
    void call_after(std::chrono::milliseconds delay, std::function<void()> work) override;
    [[nodiscard]] unsigned pool_width() const override;

    [[nodiscard]] boost::asio::io_context& context() noexcept;
    /// Runs the I/O on the calling thread until stop().
    void run();
    void stop();
    /// After stop(), before another run().
    void restart();
    /// Waits until all work of the pool has run; then none can be given to it any more.
    void join_pool();

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace mohr::core
