// SPDX-License-Identifier: Apache-2.0
#include "worker.hpp"

#include <system_error>
#include <utility>

namespace mohr::door {

Worker::~Worker() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

Result<void> Worker::start() {
    try {
        thread_ = std::thread([this] { loop(); });
    } catch (const std::system_error& error) {
        return Error(BaseErrc::io, std::string("thread: ") + error.what());
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return begun_; });
    return {};
}

void Worker::run(std::function<void()> job) {
    {
        const std::lock_guard lock(mutex_);
        queue_.push_back(std::move(job));
    }
    wake_.notify_one();
}

bool Worker::end(std::chrono::milliseconds patience) {
    if (!thread_.joinable()) return true;
    std::unique_lock lock(mutex_);
    ending_ = true;
    wake_.notify_one();
    if (!changed_.wait_for(lock, patience, [this] { return ended_; })) return false;
    lock.unlock();
    thread_.join();
    return true;
}

void Worker::loop() {
    std::unique_lock lock(mutex_);
    begun_ = true;
    changed_.notify_all();
    for (;;) {
        wake_.wait(lock, [this] { return ending_ || !queue_.empty(); });
        if (queue_.empty()) break;
        std::function<void()> job = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        job();
        job = nullptr; // what it holds goes without the lock
        lock.lock();
    }
    ended_ = true;
    changed_.notify_all();
}

} // namespace mohr::door
