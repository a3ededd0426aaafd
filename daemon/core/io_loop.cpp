// SPDX-License-Identifier: Apache-2.0
#include "io_loop.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace mohr::core {
namespace asio = boost::asio;

struct IoLoop::State {
    State(unsigned threads, OnBug bug) : on_bug(std::move(bug)), width(std::max(1U, threads)), pool(width) {}

    void tell(const char* what) const noexcept {
        try {
            if (on_bug) on_bug(what);
        } catch (...) { // there is nobody left to tell
        }
    }

    OnBug on_bug;
    asio::io_context context{1};
    unsigned width;
    asio::thread_pool pool;
};

IoLoop::IoLoop(unsigned pool_threads, OnBug on_bug)
    : state_(std::make_unique<State>(pool_threads, std::move(on_bug))) {}
IoLoop::~IoLoop() {
    join_pool();
}

void IoLoop::post(std::function<void()> work) {
    asio::post(state_->context, std::move(work));
}

void IoLoop::post_to_pool(std::function<void()> work) {
    // An exception that left a thread of Asio's pool would end the process.
    asio::post(state_->pool, [state = state_.get(), work = std::move(work)] {
        try {
            work();
        } catch (const std::exception& bug) {
            state->tell(bug.what());
        }
    });
}

void IoLoop::call_after(std::chrono::milliseconds delay, std::function<void()> work) {
    auto timer = std::make_shared<asio::steady_timer>(state_->context, delay);
    timer->async_wait([timer, work = std::move(work)](const boost::system::error_code& error) {
        if (!error) work();
    });
}

unsigned IoLoop::pool_width() const {
    return state_->width;
}

asio::io_context& IoLoop::context() noexcept {
    return state_->context;
}

void IoLoop::run() {
    const auto guard = asio::make_work_guard(state_->context);
    for (;;) {
        try {
            state_->context.run();
            return;
        } catch (const std::exception& bug) {
            state_->tell(bug.what());
        }
    }
}

void IoLoop::stop() {
    state_->context.stop();
}

void IoLoop::restart() {
    state_->context.restart();
}

void IoLoop::join_pool() {
    state_->pool.join();
}

} // namespace mohr::core
