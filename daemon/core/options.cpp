// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

#include "exit_codes.hpp"
#include "version.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <cstring>

namespace mohr::core {

bool wants_no_memfd_secret(int argc, const char* const* argv) noexcept {
    for (int i = 1; i < argc; ++i)
        if (std::strcmp(argv[i], "--no-memfd-secret") == 0) return true;
    return false;
}

std::variant<Options, Ending> parse_options(int argc, const char* const* argv) {
    Options options;
    std::string config;
    std::string sandbox;
    int landlock = -1;
    bool version = false;
    CLI::App app("Mohr: holds your token and answers the pages that ask for it.", "mohrd");
    app.set_help_flag("-h,--help", "Show this and end");
    app.add_flag("--version", version, "Show the version and end");
    auto* const config_option =
        app.add_option("--config", config, "Configuration (default: $XDG_CONFIG_HOME/mohr/mohrd.toml)")
            ->type_name("FILE");
    app.add_flag("--check-config", options.check_config,
                 "Say what is wrong with the configuration, or its ports, and end");
    auto* const sandbox_option =
        app.add_option("--sandbox", sandbox, "Run a throw-away profile in DIR, on free ports")
            ->type_name("DIR");
    app.add_option("--consent", options.consent, "Answer prompts by script: allow, deny or script:FILE")
        ->needs(sandbox_option)
        ->type_name("MODE");
    app.add_option("--shorten-timers", options.shorten_timers, "Divide every timer by FACTOR")
        ->needs(sandbox_option)
        ->check(CLI::Range(1U, 10000U))
        ->type_name("FACTOR");
    app.add_flag("--developer", options.developer, "Developer mode: let http pages of this computer in")
        ->needs(sandbox_option);
    app.add_flag("--configured-ports", options.configured_ports,
                 "Take the ports of the configuration, for pages that know no others")
        ->needs(sandbox_option);
    auto* const landlock_option =
        app.add_option("--force-landlock-abi", landlock, "Act as on a kernel with this ABI")
            ->needs(sandbox_option)
            ->check(CLI::Range(0, 64))
            ->type_name("N");
    app.add_flag("--no-memfd-secret", options.no_memfd_secret, "Act as on a kernel without memfd_secret(2)")
        ->needs(sandbox_option);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return Ending{static_cast<int>(Exit::ok), app.help()};
    } catch (const CLI::ParseError& error) {
        return Ending{static_cast<int>(Exit::usage), std::string("mohrd: ") + error.what() + "\n"};
    }
    if (version) return Ending{static_cast<int>(Exit::ok), "mohrd " + std::string(product_version) + "\n"};
    if (*config_option) options.config_file = config;
    if (*sandbox_option) options.sandbox = sandbox;
    if (*landlock_option) options.force_landlock_abi = landlock;
    return options;
}

} // namespace mohr::core
