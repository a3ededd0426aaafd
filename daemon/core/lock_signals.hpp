// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}
namespace spdlog {
class logger;
}

namespace mohr::core {

/// Tells when the person goes away: suspend (logind's PrepareForSleep, held up until we have locked), the
/// session's Lock signal, and the screen savers' ActiveChanged on the session bus. A bus that is not there is
/// tried again now and then. I/O thread only.
class LockSignals {
public:
    /// `done` is called once the token is locked; suspend waits for it.
    using OnAway = std::function<void(const char* why, std::function<void()> done)>;
    LockSignals(boost::asio::io_context& context, std::shared_ptr<spdlog::logger> log, OnAway on_away);
    ~LockSignals();
    LockSignals(const LockSignals&) = delete;
    LockSignals& operator=(const LockSignals&) = delete;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace mohr::core
