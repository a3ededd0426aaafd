// SPDX-License-Identifier: Apache-2.0
#include "layout.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/cli/command_line.hpp>
#include <mohr/protocol/members.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace mohr::cli {
namespace {

std::string status_text(const nlohmann::json& status, Language language) {
    const nlohmann::json& ports = member(status, "ports");
    const nlohmann::json& sandbox = member(status, "sandbox");
    Fields fields;
    fields.add("version", text_member(status, "version"));
    fields.add("profile", text_member(status, "profile"));
    fields.add("process", std::to_string(number_member(status, "pid")));
    fields.add("ports", std::to_string(number_member(ports, "plain")) + " (ws), " +
                            std::to_string(number_member(ports, "tls")) + " (wss)");
    fields.add("connections", std::to_string(number_member(status, "doorConnections")));
    fields.add("agent", text_member(status, "agent"));
    fields.add("token", text_member(status, "token") + (flag_member(status, "unlocked") ? ", unlocked" : ""));
    fields.add("secret memory", text_member(status, "secretMemory"));
    fields.add("sandbox", "landlock " + shown(member(sandbox, "landlock")) + ", seccomp " +
                              shown(member(sandbox, "seccomp")));
    if (flag_member(status, "developerMode")) fields.add("developer mode", "on");
    std::string notes;
    for (const auto& waiting : member(status, "waiting"))
        notes += say(Text::page_held_back, language,
                     {{"program", printable(text_member(waiting, "program", "?"))}}) +
                 "\n";
    for (const auto& window : member(status, "decryptWindows"))
        notes += say(Text::window_open, language,
                     {{"origin", printable(text_member(window, "origin", "?"))},
                      {"n", number(number_member(window, "itemsLeft"), language)},
                      {"seconds", number(number_member(window, "secondsLeft"), language)}}) +
                 "\n";
    if (flag_member(member(status, "tls"), "renew")) notes += say(Text::trust_renew, language) + "\n";
    const Text state = flag_member(status, "running") ? Text::service_running : Text::service_stopped;
    return say(state, language) + "\n" + fields.text() + notes;
}

Outcome<Exit> status(Session& session) {
    const auto reply = session.call("service.status", nullptr);
    if (!reply) return reply.error();
    session.result(*reply, status_text(*reply, session.language()));
    return Exit::ok;
}

Outcome<Exit> toggle(Session& session, std::string_view method) {
    const auto reply = session.call(method, nullptr);
    if (!reply) return reply.error();
    session.result(
        *reply, session.say(flag_member(*reply, "running") ? Text::service_running : Text::service_stopped));
    return Exit::ok;
}

} // namespace

void add_service_verbs(CommandLine& line) {
    CLI::App& root = line.root();
    line.add_verb(root, "status", "Show whether the service is on, and how it runs", status);
    line.add_verb(root, "start", "Open the front door to sites; remembered",
                  [](Session& session) { return toggle(session, "service.start"); });
    line.add_verb(root, "stop", "Close the front door to sites; remembered",
                  [](Session& session) { return toggle(session, "service.stop"); });
}

} // namespace mohr::cli
