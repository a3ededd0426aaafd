// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "door_host.hpp"
#include "door_process.hpp"

#include <spdlog/logger.h>

#include <map>

#include <link/link_channel.hpp>

/// What door_host*.cpp share: the door process, and what is known of its sessions and jobs.
namespace mohr::core {

/// What the core knows of one session; it found out the program itself.
struct DoorHost::Connection {
    std::string origin;
    link::Api api = link::Api::v1;
    bool tls = false;
    bool program_known = false;
    Program program;
    std::vector<std::pair<link::Operation, std::vector<Descriptor>>> waiting; ///< for the program
};

struct DoorHost::Job {
    link::JobKind kind{};
    Program program;
    JobCallbacks callbacks;
};

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

} // namespace mohr::core
