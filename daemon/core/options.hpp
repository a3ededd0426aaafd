// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>

namespace mohr::core {

/// The command line of mohrd.
struct Options {
    std::optional<std::filesystem::path> config_file;
    std::optional<std::filesystem::path> sandbox;
    std::string consent; ///< empty, or "allow", "deny", "script:FILE"; sandbox only
    unsigned shorten_timers = 1;
    bool developer = false;
    bool configured_ports = false; ///< in a sandbox: the configuration's ports, not free ones
    bool check_config = false;
    std::optional<int> force_landlock_abi;
    bool no_memfd_secret = false;
};

/// What to print and how to end instead of running: --help, --version, or what is wrong.
struct Ending {
    int exit_code = 0;
    std::string text;
};

[[nodiscard]] std::variant<Options, Ending> parse_options(int argc, const char* const* argv);

/// Whether --no-memfd-secret is there: asked before anything else is done, so without the parser.
[[nodiscard]] bool wants_no_memfd_secret(int argc, const char* const* argv) noexcept;

} // namespace mohr::core
