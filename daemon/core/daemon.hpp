// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config.hpp"
#include "exit_codes.hpp"
#include "options.hpp"
#include "paths.hpp"

#include <memory>
#include <string>

namespace spdlog {
class logger;
}

namespace mohr::core {

/// Why the daemon could not start.
struct StartFailure {
    Exit exit = Exit::failure;
    std::string text;
};
[[noreturn]] void throw_exception_from_error(const StartFailure& failure,
                                             const boost::source_location& where);

/// One running daemon: the parts and how they are joined. Everything is made in start(), in the order in
/// which the parts need each other, and goes in the opposite order.
class Daemon {
public:
    Daemon(Options options, Config config, Paths paths, std::shared_ptr<spdlog::logger> log);
    ~Daemon();
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    [[nodiscard]] Result<void, StartFailure> start();
    /// Runs until it is told to end: SIGTERM, SIGINT, service.shutdown.
    void run();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace mohr::core
