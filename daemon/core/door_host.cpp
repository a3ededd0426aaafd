// SPDX-License-Identifier: Apache-2.0
#include "door_host.hpp"

#include "door_process.hpp"
#include "link/link_channel.hpp"
#include "peer_lookup.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/protocol/tls_names.hpp>

#include <spdlog/logger.h>

#include <algorithm>
#include <fcntl.h>
#include <map>
#include <unistd.h>

namespace mohr::core {
namespace {

using std::chrono::milliseconds;

/// What the core knows of one session; it found out the program itself.
struct Connection {
    std::string origin;
    link::Api api = link::Api::v1;
    bool tls = false;
    bool program_known = false;
    Program program;
    std::vector<std::pair<link::Operation, std::vector<Descriptor>>> waiting; ///< for the program
};

struct Job {
    link::JobKind kind{};
    Program program;
    DoorHost::JobCallbacks callbacks;
};

/// A door that opens more is broken or hostile: it checks its own limits long before.
constexpr std::size_t max_connections = 2048;
/// More than the longest turn of a healthy door, also where the disk is slow.
constexpr std::uint64_t unanswered_pings = 3;
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

struct DoorHost::State : std::enable_shared_from_this<DoorHost::State> {
    State(IoLoop& l, std::shared_ptr<spdlog::logger> g, DoorSettings s, const Listeners& ls,
          const TlsIdentity& id, OperationService& ops, SpoolDirectory& sp)
        : loop(l), log(std::move(g)), settings(std::move(s)), listeners(ls), identity(id), operations(ops),
          spools(sp) {}

    IoLoop& loop;
    std::shared_ptr<spdlog::logger> log;
    DoorSettings settings;
    const Listeners& listeners;
    const TlsIdentity& identity;
    OperationService& operations;
    SpoolDirectory& spools;

    std::unique_ptr<ChildProcess> process;
    std::unique_ptr<mohr::link::CoreEnd> channel;
    std::uint64_t generation = 0; ///< of the process: timers and look-ups of an older one come too late
    DoorStatus status;
    bool accepting = false;
    bool stopping = false;
    unsigned deaths_in_a_row = 0;
    std::uint64_t last_ping = 0;
    std::uint64_t last_pong = 0;
    std::map<link::ConnectionId, Connection> connections;
    std::map<link::ConnectionId, Waiting> unopened; ///< accepted, not yet at their upgrade
    std::map<link::JobId, Job> jobs;
    link::JobId last_job = 0;
    std::size_t lookups = 0; ///< under way on the pool
    std::function<void()> on_status;
    std::function<void()> on_stopped;
    std::function<std::string()> token_state;
    std::function<std::string()> token_label;

    Result<void> launch();
    Result<void> configure();
    [[nodiscard]] link::NewTlsIdentity tls_identity() const;
    void died(int exit_status);
    void broken(const std::string& reason);
    void end_everything();
    void ping_later();
    void changed() {
        if (on_status) on_status();
    }
    void send(const link::FromCore& message, std::vector<Descriptor> descriptors = {}) {
        if (channel) channel->send(message, std::move(descriptors));
    }

    void handle(link::FromDoor message, std::vector<Descriptor> descriptors);
    void on(const link::Ready& message);
    void on(const link::Counters& message);
    void on(const link::Pong& message) { last_pong = message.number; }
    void on(const link::PeerCheck& message);
    void on(link::SiteOpen message);
    void on(const link::ConnectionClosed& message);
    void on(const link::SessionReset& message);
    void on(link::Operation operation, std::vector<Descriptor> previews);
    void on(const link::OperationCancel& message) { operations.cancel(message.id); }
    void on(const link::Spool& message);
    void on(link::FileJobReply message);
    void on(const link::FileJobProgress& message);

    void look_up(link::ConnectionId id, link::FourTuple peer);
    void program_found(link::ConnectionId id, std::optional<Program> program);
    void run(Requester requester, link::Operation operation, std::vector<Descriptor> previews);
    void refuse(link::OperationId id, protocol::Code code, const char* why);
    [[nodiscard]] link::SiteState site_state(link::ConnectionId id, const Connection& connection) const;
};

Result<void> DoorHost::State::launch() {
    auto pair = mohr::link::socket_pair();
    if (!pair) return pair.error();
    const std::uint64_t mine = ++generation;
    const std::weak_ptr<State> weak = weak_from_this();
    auto started = ChildProcess::start(loop.context(), settings.program, settings.arguments,
                                       std::move(pair->second), [weak, mine](int exit_status) {
                                           const auto self = weak.lock();
                                           if (self && self->generation == mine) self->died(exit_status);
                                       });
    if (!started) return started.error();
    process = std::move(*started);
    status = {};
    status.pid = process->pid();
    channel = std::make_unique<mohr::link::CoreEnd>(loop.context(), std::move(pair->first));
    channel->start(
        [this](link::FromDoor message, mohr::link::Descriptors descriptors) {
            handle(std::move(message), std::move(descriptors));
        },
        [weak, mine](const std::string& reason) {
            const auto self = weak.lock();
            if (self && self->generation == mine) self->broken(reason);
        });
    MOHR_TRY(configure());
    loop.call_after(settings.ready_deadline, [weak, mine] {
        const auto self = weak.lock();
        if (!self || self->generation != mine || self->status.ready || !self->process) return;
        self->log->error("door: not ready in time, killed");
        self->process->kill();
    });
    return {};
}

link::NewTlsIdentity DoorHost::State::tls_identity() const {
    link::NewTlsIdentity message;
    message.tls_key = identity.key.duplicate();
    for (const Certificate& certificate : identity.chain) message.tls_chain.push_back(certificate.der());
    std::vector<std::string_view> hosts{"localhost", "127.0.0.1"};
    if (names_of(identity) == TlsNames::with_dastine)
        hosts.insert(hosts.end(), protocol::dastine_hosts.begin(), protocol::dastine_hosts.end());
    for (const Listeners::Socket& socket : listeners.sockets()) {
        if (socket.what.ipv6 || !socket.what.tls) continue;
        for (const std::string_view host : hosts)
            message.tls_hosts.push_back(std::string(host) + ":" + std::to_string(socket.what.port));
    }
    return message;
}

Result<void> DoorHost::State::configure() {
    link::Configure message;
    message.product_version = settings.product_version;
    message.limits = settings.limits;
    message.dastine = settings.dastine;
    message.dastine_version = settings.dastine_version;
    message.developer_mode = settings.developer_mode;
    message.accepting = accepting;
    link::NewTlsIdentity tls = tls_identity();
    message.tls_key = std::move(tls.tls_key);
    message.tls_chain = std::move(tls.tls_chain);
    message.tls_hosts = std::move(tls.tls_hosts);
    std::vector<Descriptor> sockets;
    for (const Listeners::Socket& socket : listeners.sockets()) {
        message.sockets.push_back(socket.what);
        Descriptor copy(::fcntl(socket.descriptor.get(), F_DUPFD_CLOEXEC, 0));
        if (!copy) return system_failure("listening socket");
        sockets.push_back(std::move(copy));
        if (socket.what.ipv6 || socket.what.tls) continue; // the names are the same
        message.plain_hosts.push_back("127.0.0.1:" + std::to_string(socket.what.port));
    }
    channel->send(std::move(message), std::move(sockets));
    return {};
}

/// A door that hangs while nothing is asked of it closes no connection and breaks no link.
void DoorHost::State::ping_later() {
    const std::weak_ptr<State> weak = weak_from_this();
    loop.call_after(settings.ping, [weak, mine = generation] {
        const auto self = weak.lock();
        if (!self || self->generation != mine || !self->process || !self->channel) return;
        if (self->last_ping - self->last_pong >= unanswered_pings) {
            self->log->error("door: does not react, killed");
            return self->process->kill();
        }
        self->send(link::Ping{++self->last_ping});
        self->ping_later();
    });
}

void DoorHost::State::end_everything() {
    status = {};
    // Whoever waits is answered before the connections are forgotten (rule 7); nobody reads it if the door is
    // dead.
    operations.abort_all(protocol::Code::internal_error);
    unopened.clear();
    for (const auto& [id, connection] : std::exchange(connections, {})) operations.connection_closed(id);
    for (auto& [id, job] : std::exchange(jobs, {}))
        job.callbacks.on_reply(protocol::Failure(protocol::Code::internal_error, "the door has ended"));
}

void DoorHost::State::broken(const std::string& reason) {
    if (!stopping && !reason.empty()) log->error("door: link broken: {}", printable(reason));
    // The exit is noticed by itself; a door that only closed its link is no use.
    if (process) process->kill();
}

void DoorHost::State::died(int exit_status) {
    channel.reset();
    end_everything();
    // Not now: the process object is what is calling.
    loop.post([self = shared_from_this(), mine = generation] {
        if (self->generation == mine) self->process.reset();
    });
    if (stopping) {
        if (const auto done = std::exchange(on_stopped, {})) done();
        return;
    }
    const auto pause = std::min<milliseconds>(
        settings.restart_first * (1LL << std::min(deaths_in_a_row, 16U)), settings.restart_last);
    ++deaths_in_a_row;
    log->error("door: ended with status {}; started again in {} ms", exit_status, pause.count());
    changed();
    const std::weak_ptr<State> weak = weak_from_this();
    loop.call_after(pause, [weak, mine = generation] {
        const auto self = weak.lock();
        if (!self || self->stopping || self->generation != mine) return;
        if (const auto launched = self->launch(); !launched)
            self->log->error("door: {}", launched.error().describe());
    });
}

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

DoorHost::DoorHost(IoLoop& loop, std::shared_ptr<spdlog::logger> log, DoorSettings settings,
                   const Listeners& listeners, const TlsIdentity& identity, OperationService& operations,
                   SpoolDirectory& spools)
    : state_(std::make_shared<State>(loop, std::move(log), std::move(settings), listeners, identity,
                                     operations, spools)) {}

DoorHost::~DoorHost() {
    state_->stopping = true;
    ++state_->generation;
    state_->channel.reset();
    state_->process.reset();
}

void DoorHost::on_status(std::function<void()> listener) {
    state_->on_status = std::move(listener);
}

void DoorHost::set_token_state(std::function<std::string()> ask, std::function<std::string()> label) {
    state_->token_state = std::move(ask);
    state_->token_label = std::move(label);
}

Result<void> DoorHost::start(bool accepting) {
    state_->accepting = accepting;
    return state_->launch();
}

void DoorHost::set_accepting(bool accepting, const std::string& reason) {
    state_->accepting = accepting;
    state_->send(link::Listen{accepting, reason});
}

void DoorHost::stop(std::function<void()> done) {
    State& state = *state_;
    state.stopping = true;
    if (!state.process) {
        state.loop.post(std::move(done));
        return;
    }
    state.on_stopped = std::move(done);
    state.send(link::Stop{});
    const std::weak_ptr<State> weak = state_;
    state.loop.call_after(state.settings.stop_deadline, [weak] {
        const auto self = weak.lock();
        if (!self || !self->on_stopped || !self->process) return;
        self->log->warn("door: did not end by itself, killed");
        self->process->kill();
    });
}

DoorStatus DoorHost::status() const {
    return state_->status;
}

std::vector<DoorHost::Waiting> DoorHost::waiting() const {
    std::vector<Waiting> all;
    for (const auto& [id, one] : state_->unopened) all.push_back(one); // ids grow with time
    return all;
}

void DoorHost::identity_changed() {
    if (!state_->channel || !state_->status.ready) return; // the next door is configured with it anyway
    state_->channel->send(state_->tls_identity());
}

void DoorHost::access_changed(const std::string& origin) {
    for (const auto& [id, connection] : state_->connections)
        if (connection.origin == origin) state_->send(state_->site_state(id, connection));
}

void DoorHost::token_changed(link::TokenEvent event) {
    state_->send(link::TokenChanged{event});
    for (const auto& [id, connection] : state_->connections) state_->send(state_->site_state(id, connection));
}

link::JobId DoorHost::start_job(link::FileJob job, std::vector<Descriptor> descriptors, Program program,
                                JobCallbacks callbacks) {
    const link::JobId id = ++state_->last_job;
    job.id = id;
    if (!state_->channel) {
        auto reply = std::move(callbacks.on_reply);
        state_->loop.post([reply = std::move(reply)] {
            reply(protocol::Failure(protocol::Code::internal_error, "the door is not running"));
        });
        return id;
    }
    state_->jobs.emplace(id, Job{job.kind, std::move(program), std::move(callbacks)});
    state_->send(std::move(job), std::move(descriptors));
    return id;
}

void DoorHost::cancel_job(link::JobId job) {
    if (state_->jobs.count(job) != 0) state_->send(link::FileJobCancel{job});
}

} // namespace mohr::core
