// SPDX-License-Identifier: Apache-2.0
#include "door_host.hpp"

#include "door_host_state.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/protocol/tls_names.hpp>

#include <algorithm>
#include <fcntl.h>

namespace mohr::core {
namespace {

using std::chrono::milliseconds;

/// More than the longest turn of a healthy door, also where the disk is slow.
constexpr std::uint64_t unanswered_pings = 3;

} // namespace

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
