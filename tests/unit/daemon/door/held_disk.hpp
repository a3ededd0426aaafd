// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>

#include <door/disk.hpp>

namespace mohr::test {

/// A disk that does nothing until it is told to.
class HeldDisk final : public door::Disk {
public:
    void run(std::function<void()> work, std::function<void()> then) override {
        jobs_.push_back({std::move(work), std::move(then)});
    }
    [[nodiscard]] std::size_t jobs() const noexcept { return jobs_.size(); }
    /// What hung goes on; also what is asked for meanwhile.
    void release() {
        while (!jobs_.empty()) {
            Job job = std::move(jobs_.front());
            jobs_.pop_front();
            job.work();
            job.work = nullptr;
            job.then();
        }
    }

private:
    struct Job {
        std::function<void()> work;
        std::function<void()> then;
    };
    std::deque<Job> jobs_;
};

} // namespace mohr::test
