// SPDX-License-Identifier: Apache-2.0
// Configuration, daemon, ports and token.
#include "doctor.hpp"
#include "listening.hpp"
#include "program.hpp"
#include <mohr/protocol/members.hpp>

#include <sys/stat.h>

#include <sstream>
#include <unistd.h>

namespace mohr::cli {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

std::optional<fs::path> find_daemon(const Environment& environment) {
    std::error_code error;
    const fs::path here = fs::read_symlink("/proc/self/exe", error).parent_path();
    // Installed beside us, or in the build tree.
    for (const fs::path& place : {here / "mohrd", here.parent_path() / "daemon/core/mohrd"})
        if (!error && ::access(place.c_str(), X_OK) == 0) return place;
    return find_in_path(environment.search_path, "mohrd");
}

void read_ports(const json& list, std::vector<std::uint16_t>& out) {
    if (!list.is_array()) return;
    for (const json& port : list)
        if (is_count(port) && port.get<std::uint64_t>() <= 65535) out.push_back(port.get<std::uint16_t>());
}

void check_left_socket(Examination& at) {
    const fs::path path = at.session.settings().socket;
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
    at.found("service.left_socket", {{"path", path.string()}}, [path]() -> Outcome<void> {
        std::error_code error;
        fs::remove(path, error);
        if (error)
            return Failure(Exit::failed, "failed", "It cannot be deleted: " + error.message(), path.string());
        return {};
    });
}

void read_status(Examination& at, const json& status) {
    if (!flag_member(status, "running"))
        at.found("service.door_closed", {}, [&session = at.session]() -> Outcome<void> {
            const auto reply = session.call("service.start", nullptr);
            if (!reply) return reply.error();
            return {};
        });
    if (!flag_member(status, "doorReady")) at.found("service.door_down");
    if (text_member(status, "version") != MOHR_VERSION)
        at.found("service.other_version",
                 {{"daemon", text_member(status, "version")}, {"program", MOHR_VERSION}});
    if (flag_member(status, "developerMode") && !at.is_sandbox()) at.found("service.developer_mode");
    if (text_member(status, "agent") == "none") at.found("service.no_agent");
    for (const json& waiting : member(status, "waiting"))
        at.found("page.held_back", {{"program", text_member(waiting, "program", "?")},
                                    {"seconds", std::to_string(number_member(waiting, "seconds"))}});
}

} // namespace

void check_configuration(Examination& at) {
    const auto daemon = find_daemon(at.environment);
    if (!daemon) return at.found("config.unchecked");
    const auto result = run_program(*daemon, {"--check-config"});
    if (!result) return at.found("config.unchecked");
    if (result->status != 0) {
        std::istringstream lines(result->err);
        for (std::string line; std::getline(lines, line);)
            if (!line.empty()) at.found("config.wrong", {{"problem", line}});
        return;
    }
    const json plan = json::parse(result->out, nullptr, false);
    read_ports(member(plan, "plainPorts"), at.plain_ports);
    read_ports(member(plan, "tlsPorts"), at.tls_ports);
}

void check_service(Examination& at) {
    auto reply = at.session.call("service.status", nullptr);
    if (reply) {
        at.status = std::move(*reply);
        return read_status(at, *at.status);
    }
    at.service_problem = reply.error().code;
    if (at.service_problem == "foreign_service")
        return at.found("service.foreign_socket", {{"path", at.session.settings().socket.string()}});
    if (at.service_problem != "service_not_running")
        return at.found("service.no_answer", {{"code", at.service_problem}});
    at.found("service.not_running");
    check_left_socket(at);
}

void check_ports(Examination& at) {
    if (!at.status) {
        // Whoever has one of our addresses, or all of them, keeps the daemon from starting.
        for (const auto* ports : {&at.plain_ports, &at.tls_ports})
            for (const std::uint16_t port : *ports)
                for (const Listening& holder : listening_on(port))
                    at.found("port.held", {{"port", std::to_string(port)},
                                           {"address", holder.address},
                                           {"holder", holder.who}});
        return;
    }
    const json& sockets = member(*at.status, "sockets");
    for (const char* name : {"plain", "tls"}) {
        const auto port = static_cast<std::uint16_t>(number_member(member(*at.status, "ports"), name));
        for (const char* address : {"127.0.0.1", "::1"}) {
            bool held = false;
            for (const json& socket : sockets)
                held = held ||
                       (text_member(socket, "address") == address && number_member(socket, "port") == port);
            const std::vector<std::pair<std::string, std::string>> values{{"port", std::to_string(port)},
                                                                          {"address", address}};
            if (!held && has_address(address))
                at.found("port.one_family", values);
            else if (held && flag_member(*at.status, "running") && !accepts(address, port))
                at.found("port.no_listener", values);
        }
    }
}

void check_token_and_sites(Examination& at) {
    if (!at.status) return;
    if (const auto info = at.session.call("token.info", nullptr)) {
        if (text_member(*info, "state") != "initialised") at.found("token.not_initialised");
        if (flag_member(member(*info, "user"), "blocked")) at.found("token.user_blocked");
        if (flag_member(member(*info, "admin"), "blocked")) at.found("token.admin_blocked");
    }
    if (const auto sites = at.session.call("site.list", nullptr); sites && sites->is_array())
        for (const json& site : *sites)
            if (flag_member(site, "blocked") || text_member(site, "access") == "deny" ||
                text_member(site, "access") == "denied" || member(site, "silencedUntil").is_string())
                at.found("site.refused", {{"origin", text_member(site, "origin")}});
    const auto log = at.session.call("log.verify", nullptr);
    if (log && member(*log, "intact").is_boolean() && !flag_member(*log, "intact"))
        at.found("log.not_intact", {{"line", std::to_string(number_member(member(*log, "problem"), "line"))},
                                    {"kind", text_member(member(*log, "problem"), "kind")}});
}

} // namespace mohr::cli
