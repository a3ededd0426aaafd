// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/protocol/link.hpp>
#include <mohr/token/pin_policy.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mohr::core {

enum class LogLevel : std::uint8_t { error, warn, info, debug };
enum class LogFormat : std::uint8_t { text, json };
/// Where prompts are drawn; `automatic`: in a window where there is a display, else on the terminal agent.
enum class SurfaceChoice : std::uint8_t { automatic, window, terminal };

/// What mohrd.toml says, checked. The initialisers are what is shipped; config/mohrd.toml explains each key.
struct Config {
    std::uint16_t plain_port = 51356;
    std::uint16_t tls_port = 51357;
    std::vector<std::uint16_t> extra_plain_ports;
    std::vector<std::uint16_t> extra_tls_ports;
    bool developer_mode = false;

    protocol::link::Limits limits;
    protocol::link::DastineLimits dastine;
    std::string dastine_version = "5.8.38.0"; ///< what pages are told; they compare it as text
    token::PinPolicy pin;

    bool activation_required = false;
    bool blind_signing = true; ///< operator switch: false forbids signing what cannot be shown
    std::chrono::milliseconds idle_lock{std::chrono::minutes(5)};
    std::chrono::milliseconds consent_deadline{std::chrono::seconds(120)};
    SurfaceChoice surface = SurfaceChoice::automatic;
    unsigned site_remember_days = 30;
    std::uint64_t activity_log_bytes = std::uint64_t{4} << 20; ///< rotated beyond this size
    std::string owner_authentication_service = "mohr";         ///< name of the PAM service

    std::chrono::milliseconds door_ping{std::chrono::seconds(10)}; ///< not in the file: only tests shorten it

    LogLevel log_level = LogLevel::info;
    LogFormat log_format = LogFormat::text;

    bool operator==(const Config&) const;
};

/// One thing that is wrong in a configuration file.
struct ConfigProblem {
    std::string file;
    unsigned line = 0; ///< 0: not at one line
    std::string key;   ///< "listen.plain_port"; empty for a syntax error
    std::string text;

    /// "mohrd.toml:3: listen.plain_port: …"
    [[nodiscard]] std::string describe() const;
};
struct ConfigProblems {
    std::vector<ConfigProblem> all;
};
[[noreturn]] void throw_exception_from_error(const ConfigProblems& problems,
                                             const boost::source_location& where);

/// `file` is only named in the problems. Every problem is reported, not only the first.
[[nodiscard]] Result<Config, ConfigProblems> parse_config(std::string_view toml, const std::string& file);

/// The defaults if there is no file.
[[nodiscard]] Result<Config, ConfigProblems> load_config(const std::filesystem::path& file);

/// Every key that parse_config knows, sorted: the tests hold config/mohrd.toml to it.
[[nodiscard]] std::vector<std::string> config_keys();

/// The same configuration with every consent and connection timer divided by `factor` (sandbox only).
[[nodiscard]] Config with_shorter_timers(Config config, unsigned factor);

} // namespace mohr::core
