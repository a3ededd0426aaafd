// SPDX-License-Identifier: Apache-2.0
// mohrd, the core: wiring only.
#include "daemon.hpp"
#include "logging.hpp"
#include <mohr/base/hardening.hpp>
#include <mohr/base/secret.hpp>

#include <spdlog/logger.h>

#include <csignal>
#include <exception>
#include <iostream>
#include <malloc.h>
#include <unistd.h>

namespace {

using namespace mohr;
using namespace mohr::core;

constexpr std::size_t arena_bytes = std::size_t{4} << 20;

int end(Exit exit, const std::string& text) {
    std::cerr << "mohrd: " << text << '\n';
    return static_cast<int>(exit);
}

Result<Paths> paths_for(const Options& options) {
    if (options.sandbox) return sandbox_paths(std::filesystem::absolute(*options.sandbox).lexically_normal());
    auto paths = profile_paths(process_environment());
    if (paths && options.config_file) paths->config_file = *options.config_file;
    return paths;
}

/// For whoever looks for the ports of a daemon that is down: `mohr doctor`.
std::string describe_ports(const Config& config) {
    const auto list = [](std::uint16_t first, const std::vector<std::uint16_t>& more) {
        std::string text = "[" + std::to_string(first);
        for (const std::uint16_t port : more) text += "," + std::to_string(port);
        return text + "]";
    };
    return "{\"plainPorts\":" + list(config.plain_port, config.extra_plain_ports) +
           ",\"tlsPorts\":" + list(config.tls_port, config.extra_tls_ports) + "}";
}

int run(const Options& options) {
    if (::geteuid() == 0 && !options.sandbox && !options.check_config)
        return end(Exit::root, "does not run as root: it holds one person's keys. Start it as that person.");
    const auto paths = paths_for(options);
    if (!paths) return end(Exit::failure, paths.error().describe());
    const auto loaded = load_config(options.config_file.value_or(paths->config_file));
    if (!loaded) {
        for (const ConfigProblem& problem : loaded.error().all) std::cerr << problem.describe() << '\n';
        return static_cast<int>(Exit::configuration);
    }
    if (options.check_config) {
        std::cout << describe_ports(*loaded) << '\n';
        return static_cast<int>(Exit::ok);
    }
    Config config = with_shorter_timers(*loaded, options.shorten_timers);
    config.developer_mode = config.developer_mode || options.developer;
    const auto log = make_logger(config.log_level, config.log_format);
    Daemon daemon(options, std::move(config), *paths, log);
    if (const auto started = daemon.start(); !started) return end(started.error().exit, started.error().text);
    ::malloc_trim(0); // what only the start needed
    daemon.run();
    return static_cast<int>(Exit::ok);
}

} // namespace

int main(int argc, char** argv) {
    try {
        install_secret_memory(arena_bytes, OpensslHeap::secret,
                              wants_no_memfd_secret(argc, argv) ? SecretMemoryChoice::no_memfd_secret
                                                                : SecretMemoryChoice::best);
        if (const auto hardened = harden_process(); !hardened)
            return end(Exit::failure, hardened.error().describe());
        close_descriptors_from(3);
        ::signal(SIGPIPE, SIG_IGN);
        const auto parsed = parse_options(argc, argv);
        if (const auto* ending = std::get_if<Ending>(&parsed)) {
            (ending->exit_code == 0 ? std::cout : std::cerr) << ending->text;
            return ending->exit_code;
        }
        return run(std::get<Options>(parsed));
    } catch (const std::exception& bug) {
        return end(Exit::failure, bug.what());
    }
}
