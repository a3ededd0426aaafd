// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/result.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace mohr::door {

/// A thread beside the loop that carries out what it is given, in that order. What bounds the queue is who fills it:
/// each gives no more before the last is done.
class Worker {
public:
    Worker() = default;
    /// Ends the thread once the queue is done.
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// Returns when the thread runs: between Landlock and the filter of system calls, so that it is in both, and
    /// has made those calls that only a beginning thread makes. Fails with BaseErrc::io.
    [[nodiscard]] Result<void> start();
    [[nodiscard]] bool is_started() const noexcept { return thread_.joinable(); }
    void run(std::function<void()> job);
    /// False if what it does takes longer than `patience`; it is then left alone, and this object must stay.
    [[nodiscard]] bool end(std::chrono::milliseconds patience);

private:
    void loop();

    std::mutex mutex_;
    std::condition_variable wake_;    ///< the thread
    std::condition_variable changed_; ///< who waits for its beginning or end
    std::deque<std::function<void()>> queue_;
    bool begun_ = false;
    bool ending_ = false;
    bool ended_ = false;
    std::thread thread_;
};

} // namespace mohr::door
