// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "config.hpp"
#include "temporary_directory.hpp"
#include <mohr/base/files.hpp>

#include <sys/stat.h>

#include <fstream>
#include <sstream>

using namespace mohr;
using namespace mohr::core;

namespace {

std::string problems_of(std::string_view toml) {
    const auto parsed = parse_config(toml, "mohrd.toml");
    if (parsed) return "none";
    std::string text;
    for (const ConfigProblem& problem : parsed.error().all) text += problem.describe() + "\n";
    return text;
}

std::string shipped_file() {
    std::ifstream file(MOHR_SOURCE_DIR "/config/mohrd.toml");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

} // namespace

TEST_CASE("an empty configuration is the shipped one", "[config]") {
    const auto parsed = parse_config("", "mohrd.toml");
    REQUIRE(parsed);
    CHECK(*parsed == Config{});
}

TEST_CASE("config/mohrd.toml parses to the defaults and explains every key", "[config]") {
    const std::string text = shipped_file();
    REQUIRE_FALSE(text.empty());
    const auto parsed = parse_config(text, "config/mohrd.toml");
    REQUIRE(problems_of(text) == "none");
    CHECK(*parsed == Config{});
    for (const std::string& key : config_keys()) {
        const std::string name = key.substr(key.rfind('.') + 1);
        INFO(key);
        CHECK(text.find("\n" + name + " = ") != std::string::npos);
    }
}

TEST_CASE("a default that was changed is not equal to the shipped one", "[config]") {
    CHECK_FALSE(*parse_config("limits.credit_bytes = 1048576", "f") == Config{});
    CHECK_FALSE(*parse_config("pin.refuse_guessable = true", "f") == Config{});
    CHECK_FALSE(*parse_config("consent.blind_signing = false", "f") == Config{});
}

TEST_CASE("values reach the configuration", "[config]") {
    const auto parsed = parse_config(R"(
developer_mode = true
[listen]
plain_port = 40000
extra_tls_ports = [40001, 40002]
[consent]
deadline_seconds = 60
[log]
level = "debug"
format = "json"
[timers]
pong_seconds = 7
)",
                                     "mohrd.toml");
    REQUIRE(parsed);
    CHECK(parsed->developer_mode);
    CHECK(parsed->plain_port == 40000);
    CHECK(parsed->extra_tls_ports == std::vector<std::uint16_t>{40001, 40002});
    CHECK(parsed->consent_deadline == std::chrono::seconds(60));
    CHECK(parsed->log_level == LogLevel::debug);
    CHECK(parsed->log_format == LogFormat::json);
    CHECK(parsed->limits.pong == std::chrono::seconds(7));
}

TEST_CASE("what is wrong is named with file, line and key", "[config]") {
    CHECK(problems_of("[listen]\n\nplain_port = 80\n") ==
          "mohrd.toml:3: listen.plain_port: must be a whole number from 1024 to 65535\n");
    CHECK(problems_of("[listen]\nplain_port = \"51356\"\n") ==
          "mohrd.toml:2: listen.plain_port: must be a whole number from 1024 to 65535\n");
    CHECK(problems_of("[listen]\nplan_port = 51356\n") ==
          "mohrd.toml:2: listen.plan_port: unknown key; did you mean listen.plain_port?\n");
    CHECK(problems_of("plain_port = 51356\n") ==
          "mohrd.toml:1: plain_port: unknown key; did you mean listen.plain_port?\n");
    CHECK(problems_of("[timer]\nping_seconds = 9\n") ==
          "mohrd.toml:1: timer: unknown key; did you mean timers?\n");
    CHECK(problems_of("colour = 1\n") == "mohrd.toml:1: colour: unknown key\n");
    CHECK(problems_of("developer_mode = 1\n") == "mohrd.toml:1: developer_mode: must be true or false\n");
    CHECK(problems_of("[log]\nlevel = \"loud\"\n") ==
          "mohrd.toml:2: log.level: must be one of \"error\", \"warn\", \"info\", \"debug\"\n");
    CHECK(problems_of("listen = 3\n") ==
          "mohrd.toml:1: listen: is a table: write [listen] and its keys below\n");
    CHECK(problems_of("[timers]\nping_seconds = -1\n") ==
          "mohrd.toml:2: timers.ping_seconds: must be a whole number from 5 to 300 (seconds)\n");
    CHECK(problems_of("[token]\nowner_authentication_service = \"../login\"\n") ==
          "mohrd.toml:2: token.owner_authentication_service: must be a PAM service name of 1 to 32 "
          "characters a-z, 0-9, - "
          "and _\n");
}

TEST_CASE("keys that contradict each other are named", "[config]") {
    CHECK(problems_of("[pin]\nuser_min = 8\nuser_max = 6\n") ==
          "mohrd.toml:2: pin.user_min: must not be greater than pin.user_max\n");
    CHECK(problems_of("[listen]\ntls_port = 51356\n") ==
          "mohrd.toml:2: listen.tls_port: port 51356 is already used by listen.plain_port\n");
    CHECK(problems_of("[listen]\nextra_plain_ports = [51400]\nextra_tls_ports = [51400]\n") ==
          "mohrd.toml:3: listen.extra_tls_ports: port 51400 is already used by listen.extra_plain_ports\n");
}

TEST_CASE("every problem is reported, not only the first", "[config]") {
    CHECK(problems_of("developer_mode = 1\n[limits]\nconnections = 0\nconnectons = 5\n") ==
          "mohrd.toml:1: developer_mode: must be true or false\n"
          "mohrd.toml:3: limits.connections: must be a whole number from 1 to 512\n"
          "mohrd.toml:4: limits.connectons: unknown key; did you mean limits.connections?\n");
}

TEST_CASE("what is no TOML is refused with its line", "[config]") {
    const std::string text = problems_of("[listen]\nplain_port = \n");
    CHECK(text.rfind("mohrd.toml:2: not TOML: ", 0) == 0);
    CHECK(problems_of("a = 1\na = 2\n").find("mohrd.toml:2: not TOML: ") == 0);
}

TEST_CASE("a configuration that others may write is refused [T31]", "[config]") {
    const test::TemporaryDirectory directory;
    const auto file = directory.path() / "mohrd.toml";
    CHECK(*load_config(file) == Config{}); // there is none
    std::ofstream(file) << "developer_mode = true\n";
    ::chmod(file.c_str(), 0644);
    REQUIRE(load_config(file));
    CHECK(load_config(file)->developer_mode);
    ::chmod(file.c_str(), 0666);
    const auto open_to_all = load_config(file);
    REQUIRE_FALSE(open_to_all);
    CHECK(open_to_all.error().all.front().describe() ==
          file.string() + ": others may write to it; run chmod go-w on it");
    std::filesystem::remove(file);
    std::filesystem::create_directory(file);
    CHECK_FALSE(load_config(file));
}

TEST_CASE("shortened timers leave limits and sizes alone", "[config]") {
    const Config shipped;
    const Config shorter = with_shorter_timers(shipped, 100);
    CHECK(shorter.consent_deadline == shipped.consent_deadline / 100);
    CHECK(shorter.limits.silent == shipped.limits.silent / 100);
    CHECK(shipped.door_ping == std::chrono::seconds(10));
    CHECK(shorter.door_ping == std::chrono::seconds(1)); // a busy machine must not look like a hanging door
    CHECK(shorter.limits.connections == shipped.limits.connections);
    CHECK(shorter.limits.pong >= std::chrono::milliseconds(20));
    CHECK(with_shorter_timers(shipped, 0) == shipped);
}
