// SPDX-License-Identifier: Apache-2.0
// What the door says, and what becomes of it.
#include "door_host_state.hpp"
#include "peer_lookup.hpp"
#include <mohr/base/encoding.hpp>

#include <unistd.h>

namespace mohr::core {
namespace {

/// A door that opens more is broken or hostile: it checks its own limits long before.
constexpr std::size_t max_connections = 2048;
/// Looks into /proc at a time. A program that is not looked up is shown as unknown, which warns.
constexpr std::size_t max_lookups = 256;

/// What a job of the command line or the desktop asks for. Anything else would be a page's wish under the
/// name of this computer.
bool belongs_to(link::JobKind kind, const link::Request& request) noexcept {
    const auto* sign = std::get_if<link::Sign>(&request);
    switch (kind) {
    case link::JobKind::sign:
        return sign != nullptr && sign->items.size() == 1;
    case link::JobKind::decrypt:
        return std::holds_alternative<link::Decrypt>(request);
    case link::JobKind::encrypt:
    case link::JobKind::verify:
        return false;
    }
    return false;
}

} // namespace

void DoorHost::State::handle(link::FromDoor message, std::vector<Descriptor> descriptors) {
    if (auto* operation = std::get_if<link::Operation>(&message)) {
        on(std::move(*operation), std::move(descriptors));
        return;
    }
    std::visit(
        [this](auto&& one) {
            using T = std::decay_t<decltype(one)>;
            if constexpr (!std::is_same_v<T, link::Operation>) on(std::move(one));
        },
        std::move(message));
}

void DoorHost::State::on(const link::Ready& message) {
    status.ready = true;
    status.landlock_abi = message.landlock_abi;
    status.seccomp = message.seccomp;
    log->info("door: ready, landlock ABI {}, seccomp {}", message.landlock_abi,
              message.seccomp ? "on" : "off");
    last_pong = last_ping; // what an older door owed
    ping_later();
    // Only a door that has lived for a while starts the count of deaths anew.
    const std::weak_ptr<State> weak = weak_from_this();
    loop.call_after(std::chrono::minutes(1), [weak, mine = generation] {
        const auto self = weak.lock();
        if (self && self->generation == mine) self->deaths_in_a_row = 0;
    });
    changed();
}

void DoorHost::State::on(const link::Counters& message) {
    status.counters = message;
}

void DoorHost::State::on(const link::PeerCheck& message) {
    const bool allowed = peer_is(::geteuid(), message.peer);
    if (!allowed) log->warn("connection refused: of another user, or its owner is gone");
    if (allowed && unopened.size() < max_connections)
        unopened[message.connection] = {message.peer, std::chrono::steady_clock::now()};
    send(link::PeerVerdict{message.connection, allowed});
}

link::SiteState DoorHost::State::site_state(link::ConnectionId id, const Connection& connection) const {
    link::SiteState state;
    state.connection = id;
    state.allowed = true;
    state.access = operations.access(connection.origin, id);
    state.quirks = operations.quirks(connection.origin);
    if (state.access == link::Access::granted && token_label) state.token_label = token_label();
    state.silenced = operations.silenced(connection.origin);
    if (token_state) state.token = token_state();
    return state;
}

void DoorHost::State::on(link::SiteOpen message) {
    unopened.erase(message.connection);
    // A number serves once: handles, grants and the program that was found belong to it. 0 is for jobs.
    if (message.connection == 0 || connections.count(message.connection) != 0 ||
        connections.size() >= max_connections) {
        log->warn("upgrade refused: connection {} is open, or there are too many", message.connection);
        send(link::SiteState{message.connection, false, link::Access::undecided, "", "", {}});
        return;
    }
    // Again, just before the upgrade: the first check was when the socket was accepted.
    if (!peer_is(::geteuid(), message.peer)) {
        log->warn("upgrade refused: not of this user");
        send(link::SiteState{message.connection, false, link::Access::undecided, "", "", {}});
        return;
    }
    Connection& connection = connections[message.connection];
    connection.origin = message.origin;
    connection.api = message.api;
    connection.tls = message.tls;
    operations.connection_opened(message.connection, connection.origin, connection.api);
    send(site_state(message.connection, connection));
    look_up(message.connection, std::move(message.peer));
}

/// Walking /proc takes milliseconds; only a prompt needs it.
void DoorHost::State::look_up(link::ConnectionId id, link::FourTuple peer) {
    if (lookups >= max_lookups) return program_found(id, std::nullopt);
    ++lookups;
    const std::weak_ptr<State> weak = weak_from_this();
    loop.post_to_pool([weak, &loop = loop, mine = generation, peer = std::move(peer), id] {
        const auto facts = client_socket(peer);
        std::optional<Program> program;
        if (facts && *facts) program = program_of_socket((*facts)->inode);
        loop.post([weak, mine, id, program = std::move(program)]() mutable {
            const auto self = weak.lock();
            if (!self) return;
            --self->lookups;
            if (self->generation == mine) self->program_found(id, std::move(program));
        });
    });
}

void DoorHost::State::program_found(link::ConnectionId id, std::optional<Program> program) {
    const auto found = connections.find(id);
    if (found == connections.end()) return;
    found->second.program_known = true;
    if (program) found->second.program = std::move(*program);
    operations.program_found(id, found->second.origin, found->second.program);
    for (auto& [operation, previews] : std::exchange(found->second.waiting, {}))
        on(std::move(operation), std::move(previews));
}

void DoorHost::State::on(const link::ConnectionClosed& message) {
    unopened.erase(message.connection);
    const auto found = connections.find(message.connection);
    if (found == connections.end()) return;
    const auto waiting = std::move(found->second.waiting);
    connections.erase(found);
    for (const auto& [operation, previews] : waiting)
        refuse(operation.id, protocol::Code::cancelled, "connection closed");
    operations.connection_closed(message.connection);
}

void DoorHost::State::on(const link::SessionReset& message) {
    const auto found = connections.find(message.connection);
    if (found == connections.end() || found->second.api != link::Api::dastine) return;
    operations.session_reset(found->second.origin, message.session);
}

void DoorHost::State::on(link::Operation operation, std::vector<Descriptor> previews) {
    Requester requester;
    if (operation.connection == 0) {
        const auto job = jobs.find(operation.job);
        if (job == jobs.end()) return refuse(operation.id, protocol::Code::cancelled, "no such job");
        if (!belongs_to(job->second.kind, operation.request))
            return refuse(operation.id, protocol::Code::invalid_request, "the job asks for something else");
        requester.job = operation.job;
        requester.local = true;
        requester.program = job->second.program;
        return run(std::move(requester), std::move(operation), std::move(previews));
    }
    const auto found = connections.find(operation.connection);
    if (found == connections.end())
        return refuse(operation.id, protocol::Code::cancelled, "no such connection");
    if (!found->second.program_known) {
        if (found->second.waiting.size() >= settings.limits.requests_per_connection)
            return refuse(operation.id, protocol::Code::limit_exceeded,
                          "operations before the program is known");
        found->second.waiting.emplace_back(std::move(operation), std::move(previews));
        return;
    }
    requester.connection = operation.connection;
    requester.origin = found->second.origin;
    requester.api = found->second.api;
    requester.session = operation.session;
    requester.insecure = found->second.origin.starts_with("http:");
    requester.program = found->second.program;
    run(std::move(requester), std::move(operation), std::move(previews));
}

void DoorHost::State::run(Requester requester, link::Operation operation, std::vector<Descriptor> previews) {
    const link::OperationId id = operation.id;
    const std::weak_ptr<State> weak = weak_from_this();
    const std::uint64_t mine = generation;
    OperationService::Callbacks callbacks;
    callbacks.on_state = [weak, mine, id](link::PromptState prompt) {
        const auto self = weak.lock();
        if (self && self->generation == mine) self->send(link::OperationState{id, prompt});
    };
    callbacks.on_reply = [weak, mine, id](protocol::Outcome<link::Answer> outcome) {
        const auto self = weak.lock();
        if (!self || self->generation != mine) return;
        if (!outcome && !outcome.error().detail.empty())
            self->log->debug("operation {}: {}", id, printable(outcome.error().detail));
        link::OperationReply reply;
        reply.id = id;
        reply.outcome = std::move(outcome);
        self->send(std::move(reply));
    };
    operations.start(std::move(requester), std::move(operation), std::move(previews), std::move(callbacks));
}

void DoorHost::State::refuse(link::OperationId id, protocol::Code code, const char* why) {
    link::OperationReply reply;
    reply.id = id;
    reply.outcome = protocol::Failure(code, why);
    send(std::move(reply));
}

void DoorHost::State::on(const link::Spool& message) {
    auto file = spools.open(message.expected_bytes);
    if (!file) {
        log->error("spool: {}", file.error().describe());
        send(link::SpoolReply{message.id, false});
        return;
    }
    std::vector<Descriptor> descriptors;
    descriptors.push_back(std::move(*file));
    send(link::SpoolReply{message.id, true}, std::move(descriptors));
}

void DoorHost::State::on(link::FileJobReply message) {
    const auto found = jobs.find(message.id);
    if (found == jobs.end()) return;
    const Job job = std::move(found->second);
    jobs.erase(found);
    job.callbacks.on_reply(std::move(message.outcome));
}

void DoorHost::State::on(const link::FileJobProgress& message) {
    const auto found = jobs.find(message.id);
    if (found != jobs.end() && found->second.callbacks.on_progress)
        found->second.callbacks.on_progress(message.done, message.total);
}

} // namespace mohr::core
