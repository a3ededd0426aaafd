// SPDX-License-Identifier: Apache-2.0
// service.* and agent.* of the control socket.
#include "control_api_state.hpp"
#include "control_json.hpp"
#include "token_failures.hpp"
#include "version.hpp"
#include <mohr/base/secret.hpp>

#include <nlohmann/json.hpp>
#include <spdlog/logger.h>

#include <unistd.h>

namespace mohr::core {

using nlohmann::json;
using protocol::Code;
using protocol::Failure;

namespace {

using State = ControlApi::State;
using Request = State::Request;

const char* memory_name(SecretMemory memory) {
    switch (memory) {
    case SecretMemory::memfd_secret:
        return "memfd_secret";
    case SecretMemory::locked:
        return "locked";
    case SecretMemory::plain:
        return "plain";
    }
    return "plain";
}

/// True if the request has no params; else the reply is sent.
bool without_params(const ControlRequest& request, const ControlReply& reply) {
    auto failure = ParamReader(*request.params).finish();
    if (failure) reply(std::move(*failure));
    return !failure;
}

void status(State& state, const Request& request, ControlReply reply) {
    if (!without_params(*request, reply)) return;
    const ControlServices& services = state.services;
    services.surface.refresh();
    const DoorStatus door = services.door.status();
    json sockets = json::array();
    for (const auto& socket : services.listeners.sockets())
        sockets.push_back({{"address", socket.what.ipv6 ? "::1" : "127.0.0.1"},
                           {"port", socket.what.port},
                           {"tls", socket.what.tls}});
    json out{{"running", services.listeners.is_open()},
             {"version", product_version},
             {"pid", ::getpid()},
             {"profile", services.profile},
             {"ports", {{"plain", services.listeners.plain_port()}, {"tls", services.listeners.tls_port()}}},
             {"sockets", std::move(sockets)},
             {"doorReady", door.ready},
             {"doorConnections", door.counters.connections},
             {"agent", services.surface.kind()},
             {"secretMemory", memory_name(secret_memory())},
             {"sandbox", {{"landlock", door.landlock_abi}, {"seccomp", door.seccomp}}},
             {"developerMode", services.config.developer_mode},
             {"tls", tls_json(services.identity)}};
    out["asking"] = nullptr;
    if (const auto asking = services.operations.broker().asking())
        out["asking"] = {{"origin", asking->origin},
                         {"kind", prompt_kind_name(asking->kind)},
                         {"waiting", asking->waiting}};
    json windows = json::array();
    for (const auto& window : services.operations.decrypt_windows())
        windows.push_back(
            {{"origin", window.origin},
             {"itemsLeft", window.items_left},
             {"secondsLeft", std::chrono::ceil<std::chrono::seconds>(window.time_left).count()}});
    out["decryptWindows"] = std::move(windows);
    state.on_pool(
        [out = std::move(out), &token = services.token,
         waiting = services.door.waiting()]() mutable -> ControlOutcome {
            out["waiting"] = waiting_json(waiting);
            const token::TokenInfo info = token.info();
            out["token"] = state_name(info.state);
            out["unlocked"] = info.unlocked;
            return std::move(out);
        },
        std::move(reply));
}

void toggle(State& state, const Request& request, const ControlReply& reply, bool open) {
    if (!without_params(*request, reply)) return;
    if (const auto done = state.services.toggle(open); !done) return reply(token_failure(done.error()));
    reply(json{{"running", state.services.listeners.is_open()}});
}

void start(State& state, const Request& request, ControlReply reply) {
    toggle(state, request, reply, true);
}

void stop(State& state, const Request& request, ControlReply reply) {
    toggle(state, request, reply, false);
}

void shut_down(State& state, const Request& request, ControlReply reply) {
    if (!without_params(*request, reply)) return;
    reply(json::object());
    state.services.shutdown();
}

void subscribe(State& state, const Request& request, ControlReply reply) {
    if (!without_params(*request, reply)) return;
    state.subscribers.insert(request->connection);
    reply(json::object());
}

void log_agent(State& state, const Request& request, const char* decision, const char* detail) {
    state.services.log->info("agent: registration {}", decision);
    state.log_entry(request, decision, detail, [](bool) {}); // a failure is in the diagnostic log
}

void register_agent(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    const std::string kind = params.text("kind", 16);
    if (!kind.empty() && kind != "terminal") params.wrong("kind");
    if (auto failure = params.finish()) return reply(std::move(*failure));
    TerminalAgent* const terminal = state.services.terminal;
    const bool taken = terminal == nullptr || state.services.surface.kind() == "window";
    const auto result =
        taken ? TerminalAgent::Registration::exists : terminal->add(request->connection, request->peer);
    switch (result) {
    case TerminalAgent::Registration::exists:
        // Somebody tries to stand where the prompts are drawn: the person should be able to find that out.
        log_agent(state, request, "denied", "agent_exists");
        return reply(Failure(Code::agent_exists));
    case TerminalAgent::Registration::no_terminal:
        log_agent(state, request, "denied", "no_terminal");
        return reply(Failure(Code::no_terminal));
    case TerminalAgent::Registration::done:
        break;
    }
    log_agent(state, request, "allowed", "terminal");
    reply(json::object());
    state.services.operations.surface_changed();
    state.broadcast("agent.changed");
}

} // namespace

std::vector<Method> service_methods() {
    return {{"service.status", status, {}, {}},       {"service.start", start, {}, {}},
            {"service.stop", stop, {}, {}},           {"service.shutdown", shut_down, {}, {}},
            {"service.subscribe", subscribe, {}, {}}, {"agent.register", register_agent, {}, {}}};
}

} // namespace mohr::core
