// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include <mohr/base/encoding.hpp>
#include <mohr/base/files.hpp>

#include <sys/stat.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <unistd.h>

namespace mohr::core {
namespace {

using std::chrono::milliseconds;

/// Sets a member from a node; returns what is wrong, or nothing.
using Setter = std::function<std::optional<std::string>(const toml::node&, Config&)>;
struct Key {
    std::string name;
    Setter set;
};

std::string range_text(std::uint64_t low, std::uint64_t high) {
    return "must be a whole number from " + std::to_string(low) + " to " + std::to_string(high);
}

std::optional<std::uint64_t> whole_number(const toml::node& node, std::uint64_t low, std::uint64_t high) {
    const auto* value = node.as_integer();
    if (value == nullptr || value->get() < 0) return std::nullopt;
    const auto number = static_cast<std::uint64_t>(value->get());
    if (number < low || number > high) return std::nullopt;
    return number;
}

template <class Member>
Setter number(Member member, std::uint64_t low, std::uint64_t high) {
    return [=](const toml::node& node, Config& config) -> std::optional<std::string> {
        const auto value = whole_number(node, low, high);
        if (!value) return range_text(low, high);
        auto& target = member(config);
        target = static_cast<std::remove_reference_t<decltype(target)>>(*value);
        return std::nullopt;
    };
}

template <class Member>
Setter seconds(Member member, std::uint64_t low, std::uint64_t high) {
    return [=](const toml::node& node, Config& config) -> std::optional<std::string> {
        const auto value = whole_number(node, low, high);
        if (!value) return range_text(low, high) + " (seconds)";
        member(config) = std::chrono::seconds(*value);
        return std::nullopt;
    };
}

template <class Member>
Setter truth(Member member) {
    return [=](const toml::node& node, Config& config) -> std::optional<std::string> {
        const auto* value = node.as_boolean();
        if (value == nullptr) return "must be true or false";
        member(config) = value->get();
        return std::nullopt;
    };
}

template <class Member, class Value>
Setter one_of(Member member, std::vector<std::pair<std::string, Value>> choices) {
    return [=](const toml::node& node, Config& config) -> std::optional<std::string> {
        const auto* value = node.as_string();
        std::string names;
        for (const auto& [name, choice] : choices) {
            if (value != nullptr && value->get() == name) {
                member(config) = choice;
                return std::nullopt;
            }
            names += (names.empty() ? "\"" : ", \"") + name + "\"";
        }
        return "must be one of " + names;
    };
}

template <class Member>
Setter ports(Member member) {
    return [=](const toml::node& node, Config& config) -> std::optional<std::string> {
        const std::string wrong = "must be an array of at most 8 ports from 1024 to 65535";
        const auto* list = node.as_array();
        if (list == nullptr || list->size() > 8) return wrong;
        std::vector<std::uint16_t> found;
        for (const toml::node& entry : *list) {
            const auto port = whole_number(entry, 1024, 65535);
            if (!port) return wrong;
            found.push_back(static_cast<std::uint16_t>(*port));
        }
        member(config) = std::move(found);
        return std::nullopt;
    };
}

Setter pam_service() {
    return [](const toml::node& node, Config& config) -> std::optional<std::string> {
        const auto* value = node.as_string();
        const auto harmless = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        };
        // PAM opens /etc/pam.d/NAME: no path may be made of it.
        if (value == nullptr || value->get().empty() || value->get().size() > 32 ||
            !std::all_of(value->get().begin(), value->get().end(), harmless))
            return "must be a PAM service name of 1 to 32 characters a-z, 0-9, - and _";
        config.owner_authentication_service = value->get();
        return std::nullopt;
    };
}

/// A page compares it character by character with its own minimum, so it looks as the original's does.
Setter dotted_version() {
    return [](const toml::node& node, Config& config) -> std::optional<std::string> {
        const auto* value = node.as_string();
        const bool right = value != nullptr && !value->get().empty() && value->get().size() <= 32 &&
                           std::all_of(value->get().begin(), value->get().end(),
                                       [](char c) { return (c >= '0' && c <= '9') || c == '.' || c == ','; });
        if (!right) return "must be 1 to 32 digits, dots and commas";
        config.dastine_version = value->get();
        return std::nullopt;
    };
}

#define MOHR_MEMBER(expression)                                                                              \
    [](Config & c) -> auto& {                                                                                \
        return c.expression;                                                                                 \
    }

std::vector<Key> make_keys() {
    constexpr std::uint64_t kib = 1024;
    constexpr std::uint64_t mib = 1024 * kib;
    constexpr std::uint64_t hour = 3600;
    std::vector<Key> keys{
        {"developer_mode", truth(MOHR_MEMBER(developer_mode))},
        {"listen.plain_port", number(MOHR_MEMBER(plain_port), 1024, 65535)},
        {"listen.tls_port", number(MOHR_MEMBER(tls_port), 1024, 65535)},
        {"listen.extra_plain_ports", ports(MOHR_MEMBER(extra_plain_ports))},
        {"listen.extra_tls_ports", ports(MOHR_MEMBER(extra_tls_ports))},
        {"dastine.version", dotted_version()},
        {"dastine.connections", number(MOHR_MEMBER(dastine.connections), 1, 1024)},
        {"dastine.connections_per_origin", number(MOHR_MEMBER(dastine.connections_per_origin), 1, 256)},
        {"dastine.message_bytes", number(MOHR_MEMBER(dastine.message_bytes), 1 * mib, 64 * mib)},
        {"dastine.buffered_bytes", number(MOHR_MEMBER(dastine.buffered_bytes), 64 * mib, 1024 * mib)},
        {"dastine.requests_per_connection", number(MOHR_MEMBER(dastine.requests_per_connection), 8, 256)},
        {"activation.required", truth(MOHR_MEMBER(activation_required))},
        {"consent.blind_signing", truth(MOHR_MEMBER(blind_signing))},
        {"consent.deadline_seconds", seconds(MOHR_MEMBER(consent_deadline), 10, 600)},
        {"consent.remember_days", number(MOHR_MEMBER(site_remember_days), 1, 366)},
        {"prompt.surface",
         one_of(MOHR_MEMBER(surface),
                std::vector<std::pair<std::string, SurfaceChoice>>{{"auto", SurfaceChoice::automatic},
                                                                   {"window", SurfaceChoice::window},
                                                                   {"terminal", SurfaceChoice::terminal}})},
        {"token.idle_lock_seconds", seconds(MOHR_MEMBER(idle_lock), 10, 8 * hour)},
        {"token.owner_authentication_service", pam_service()},
        {"pin.user_min", number(MOHR_MEMBER(pin.user_min), 4, 24)},
        {"pin.user_max", number(MOHR_MEMBER(pin.user_max), 4, 24)},
        {"pin.admin_min", number(MOHR_MEMBER(pin.admin_min), 4, 24)},
        {"pin.admin_max", number(MOHR_MEMBER(pin.admin_max), 4, 24)},
        {"pin.user_hint_below", number(MOHR_MEMBER(pin.user_hint_below), 4, 24)},
        {"pin.refuse_guessable", truth(MOHR_MEMBER(pin.refuse_guessable))},
        {"activity_log.rotate_bytes", number(MOHR_MEMBER(activity_log_bytes), 64 * kib, 1024 * mib)},
        {"log.level", one_of(MOHR_MEMBER(log_level),
                             std::vector<std::pair<std::string, LogLevel>>{{"error", LogLevel::error},
                                                                           {"warn", LogLevel::warn},
                                                                           {"info", LogLevel::info},
                                                                           {"debug", LogLevel::debug}})},
        {"log.format", one_of(MOHR_MEMBER(log_format),
                              std::vector<std::pair<std::string, LogFormat>>{{"text", LogFormat::text},
                                                                             {"json", LogFormat::json}})},
        {"limits.connections", number(MOHR_MEMBER(limits.connections), 1, 512)},
        {"limits.connections_per_origin", number(MOHR_MEMBER(limits.connections_per_origin), 1, 64)},
        {"limits.silent_connections", number(MOHR_MEMBER(limits.silent_connections), 1, 256)},
        {"limits.message_bytes", number(MOHR_MEMBER(limits.message_bytes), 16 * kib, 1 * mib)},
        {"limits.binary_bytes", number(MOHR_MEMBER(limits.binary_bytes), 256 * kib, 1 * mib)},
        {"limits.inline_bytes", number(MOHR_MEMBER(limits.inline_bytes), 1 * kib, 512 * kib)},
        {"limits.json_depth", number(MOHR_MEMBER(limits.json_depth), 8, 32)},
        {"limits.requests_per_connection", number(MOHR_MEMBER(limits.requests_per_connection), 1, 128)},
        {"limits.streams_per_connection", number(MOHR_MEMBER(limits.streams_per_connection), 1, 32)},
        {"limits.batch_items", number(MOHR_MEMBER(limits.batch_items), 1, 500)},
        {"limits.header_bytes", number(MOHR_MEMBER(limits.header_bytes), 2 * kib, 32 * kib)},
        {"limits.header_fields", number(MOHR_MEMBER(limits.header_fields), 16, 128)},
        {"limits.stream_bytes", number(MOHR_MEMBER(limits.stream_bytes), 1 * mib, 64 * 1024 * mib)},
        {"limits.credit_bytes", number(MOHR_MEMBER(limits.credit_bytes), 1 * mib, 64 * mib)},
        {"timers.silent_seconds", seconds(MOHR_MEMBER(limits.silent), 10, hour)},
        {"timers.tls_handshake_seconds", seconds(MOHR_MEMBER(limits.tls_handshake), 1, 60)},
        {"timers.headers_seconds", seconds(MOHR_MEMBER(limits.headers), 1, 60)},
        {"timers.first_message_seconds", seconds(MOHR_MEMBER(limits.first_message), 1, 300)},
        {"timers.ping_seconds", seconds(MOHR_MEMBER(limits.ping), 5, 300)},
        {"timers.pong_seconds", seconds(MOHR_MEMBER(limits.pong), 5, 300)},
        {"timers.idle_seconds", seconds(MOHR_MEMBER(limits.idle), 60, 24 * hour)},
    };
    std::sort(keys.begin(), keys.end(), [](const Key& a, const Key& b) { return a.name < b.name; });
    return keys;
}
#undef MOHR_MEMBER

const std::vector<Key>& keys() {
    static const std::vector<Key> all = make_keys();
    return all;
}

/// Levenshtein distance; the texts are short.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> line(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) line[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = line[0];
        line[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = line[j];
            line[j] = std::min({above + 1, line[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
            diagonal = above;
        }
    }
    return line[b.size()];
}

std::string unknown_key_text(const std::string& name) {
    std::string best;
    std::size_t best_distance = 4; // further away is no typing error
    const auto try_one = [&](std::size_t here, std::string_view candidate) {
        if (here >= best_distance) return;
        best_distance = here;
        best = candidate;
    };
    for (const Key& key : keys()) {
        // A right name in the wrong table is as near as it gets.
        const std::string_view short_name = std::string_view(key.name).substr(key.name.rfind('.') + 1);
        const std::string_view wanted = std::string_view(name).substr(name.rfind('.') + 1);
        try_one(short_name == wanted ? 1 : distance(name, key.name), key.name);
        const std::string_view table = std::string_view(key.name).substr(0, key.name.find('.'));
        if (table != key.name) try_one(distance(name, table), table);
    }
    return best.empty() ? "unknown key" : "unknown key; did you mean " + best + "?";
}

bool is_table_name(const std::string& name) {
    return std::any_of(keys().begin(), keys().end(),
                       [&](const Key& key) { return key.name.starts_with(name + "."); });
}

class Reader {
public:
    Reader(std::string file, Config& config, ConfigProblems& problems)
        : file_(std::move(file)), config_(config), problems_(problems) {}

    void read(const toml::table& table, const std::string& prefix) {
        for (const auto& [key, node] : table) {
            const std::string name = prefix + std::string(key.str());
            if (const toml::table* inner = node.as_table(); inner != nullptr && is_table_name(name))
                read(*inner, name + ".");
            else
                set(name, node);
        }
    }

    void problem(unsigned line, const std::string& key, std::string text) {
        problems_.all.push_back({file_, line, printable(key), std::move(text)});
    }

    /// What no single key can say.
    void cross_check(const std::function<unsigned(const char*)>& line_of) {
        const auto bounds = [&](unsigned low, unsigned high, const char* key, const char* other) {
            if (low > high) problem(line_of(key), key, std::string("must not be greater than ") + other);
        };
        bounds(config_.pin.user_min, config_.pin.user_max, "pin.user_min", "pin.user_max");
        bounds(config_.pin.admin_min, config_.pin.admin_max, "pin.admin_min", "pin.admin_max");
        std::vector<std::pair<std::uint16_t, const char*>> used{{config_.plain_port, "listen.plain_port"}};
        const auto claim = [&](std::uint16_t port, const char* key) {
            for (const auto& [taken, by] : used)
                if (taken == port) {
                    problem(line_of(key), key, "port " + std::to_string(port) + " is already used by " + by);
                    return;
                }
            used.emplace_back(port, key);
        };
        claim(config_.tls_port, "listen.tls_port");
        for (const std::uint16_t port : config_.extra_plain_ports) claim(port, "listen.extra_plain_ports");
        for (const std::uint16_t port : config_.extra_tls_ports) claim(port, "listen.extra_tls_ports");
    }

private:
    void set(const std::string& name, const toml::node& node) {
        const unsigned line = node.source().begin.line;
        const auto found =
            std::lower_bound(keys().begin(), keys().end(), name,
                             [](const Key& key, const std::string& wanted) { return key.name < wanted; });
        if (found == keys().end() || found->name != name) {
            if (is_table_name(name))
                problem(line, name, "is a table: write [" + name + "] and its keys below");
            else
                problem(line, name, unknown_key_text(name));
            return;
        }
        if (auto wrong = found->set(node, config_)) problem(line, name, std::move(*wrong));
    }

    std::string file_;
    Config& config_;
    ConfigProblems& problems_;
};

} // namespace

bool Config::operator==(const Config& other) const {
    const auto pins = [](const token::PinPolicy& p) {
        return std::tuple(p.user_min, p.user_max, p.admin_min, p.admin_max, p.user_hint_below,
                          p.refuse_guessable, p.user_tries, p.admin_tries);
    };
    const auto tie = [](const Config& c) {
        return std::tie(c.plain_port, c.tls_port, c.extra_plain_ports, c.extra_tls_ports, c.developer_mode,
                        c.limits, c.dastine, c.dastine_version, c.activation_required, c.blind_signing,
                        c.idle_lock, c.consent_deadline, c.surface, c.site_remember_days,
                        c.activity_log_bytes, c.owner_authentication_service, c.log_level, c.log_format);
    };
    return tie(*this) == tie(other) && pins(pin) == pins(other.pin);
}

std::string ConfigProblem::describe() const {
    std::string where = file;
    if (line != 0) where += ":" + std::to_string(line);
    if (!key.empty()) where += ": " + key;
    return where + ": " + text;
}

void throw_exception_from_error(const ConfigProblems& problems, const boost::source_location&) {
    throw std::runtime_error(problems.all.empty() ? "configuration" : problems.all.front().describe());
}

Result<Config, ConfigProblems> parse_config(std::string_view text, const std::string& file) {
    Config config;
    ConfigProblems problems;
    Reader reader(file, config, problems);
    try {
        const toml::table root = toml::parse(text, file);
        reader.read(root, "");
        reader.cross_check([&](const char* key) -> unsigned {
            const auto node = root.at_path(key);
            return node ? node.node()->source().begin.line : 0;
        });
    } catch (const toml::parse_error& error) {
        reader.problem(error.source().begin.line, "", "not TOML: " + printable(error.description()));
    }
    if (problems.all.empty()) return config;
    std::stable_sort(problems.all.begin(), problems.all.end(),
                     [](const ConfigProblem& a, const ConfigProblem& b) { return a.line < b.line; });
    return problems;
}

Result<Config, ConfigProblems> load_config(const std::filesystem::path& file) {
    constexpr std::size_t max_bytes = 256 * 1024;
    const auto problem = [&](std::string text) {
        return ConfigProblems{{{file.string(), 0, "", std::move(text)}}};
    };
    const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!descriptor) {
        if (errno == ENOENT) return Config{};
        return problem("cannot be read: " + std::string(std::strerror(errno)));
    }
    struct stat status {};
    if (::fstat(descriptor.get(), &status) != 0 || !S_ISREG(status.st_mode))
        return problem("is not a regular file");
    // Whoever may write the configuration may open the front door to other origins (T31).
    if (status.st_uid != ::geteuid() && status.st_uid != 0)
        return problem("belongs to uid " + std::to_string(status.st_uid));
    if ((status.st_mode & 022) != 0) return problem("others may write to it; run chmod go-w on it");
    std::string text(max_bytes + 1, '\0');
    std::size_t length = 0;
    while (length < text.size()) {
        const ssize_t n = ::read(descriptor.get(), text.data() + length, text.size() - length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return problem("cannot be read: " + std::string(std::strerror(errno)));
        if (n == 0) break;
        length += static_cast<std::size_t>(n);
    }
    text.resize(length);
    if (text.size() > max_bytes) return problem("is longer than 256 KiB");
    return parse_config(text, file.string());
}

std::vector<std::string> config_keys() {
    std::vector<std::string> names;
    for (const Key& key : keys()) names.push_back(key.name);
    return names;
}

Config with_shorter_timers(Config config, unsigned factor) {
    const auto shorten = [&](milliseconds& timer) {
        timer = std::max<milliseconds>(timer / std::max(factor, 1U), milliseconds(20));
    };
    auto& limits = config.limits;
    for (milliseconds* timer :
         {&limits.silent, &limits.tls_handshake, &limits.headers, &limits.first_message, &limits.ping,
          &limits.pong, &limits.idle, &config.consent_deadline, &config.idle_lock})
        shorten(*timer);
    // A door on a busy machine may well be late by less than this.
    config.door_ping =
        std::max<milliseconds>(config.door_ping / std::max(factor, 1U), std::chrono::seconds(1));
    return config;
}

} // namespace mohr::core
