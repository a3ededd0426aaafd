// SPDX-License-Identifier: Apache-2.0
#include "door.hpp"

#include "client.hpp"
#include "file_job.hpp"
#include "listener.hpp"
#include "log.hpp"
#include "sandbox.hpp"
#include "tls.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <cstdlib>
#include <malloc.h>
#include <map>

#include <link/link_channel.hpp>

namespace mohr::door {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::chrono::milliseconds stop_deadline = 2s;
constexpr std::chrono::milliseconds disk_deadline = 1s;
constexpr std::chrono::milliseconds counters_delay = 200ms;
constexpr std::chrono::milliseconds tick_interval = 1s;
constexpr std::uint64_t max_preview_budget = 4 * link::max_previews_bytes;

class DiskThread final : public Disk {
public:
    explicit DiskThread(asio::io_context& context) : context_(context) {}
    [[nodiscard]] Worker& worker() noexcept { return worker_; }
    void run(std::function<void()> work, std::function<void()> then) override {
        worker_.run([this, work = std::move(work), then = std::move(then)]() mutable {
            work();
            work = nullptr; // here and not in the loop: it may hold the last of a file
            asio::post(context_, std::move(then));
        });
    }

private:
    asio::io_context& context_;
    Worker worker_;
};

/// All of it on one thread, but for the digests of large documents and for files: AES runs at memory speed in pieces of
/// at most 256 KiB, and a hop to a pool costs more than what most requests do here. What would take long (replays) is
/// cut into turns.
class Door final : public ClientHost, public FileJobHost, public DastineHost {
public:
    Door(Descriptor link, const DoorOptions& options)
        : context_(1), options_(options), link_(context_, std::move(link)), counters_timer_(context_),
          stop_timer_(context_), tick_timer_(context_) {}

    int run() {
        link_.start([this](link::FromCore message,
                           Descriptors descriptors) { handle(std::move(message), descriptors); },
                    [this](const std::string& reason) {
                        if (!reason.empty()) log_.error("link ended:", reason);
                        context_.stop();
                    });
        context_.run();
        // Orderly: every connection and its owner let go of each other.
        listeners_.clear();
        for (const auto& [id, client] : std::map(clients_)) client->drop();
        context_.restart();
        context_.poll();
        if (!disk_.worker().end(disk_deadline)) {
            log_.error("ending while the disk hangs");
            std::_Exit(status_);
        }
        return status_;
    }

    // --- for the clients ---

    asio::io_context& context() override { return context_; }
    const Clock& clock() override { return clock_; }
    Log& log() override { return log_; }
    const link::Limits& limits() override { return limits_; }
    const std::string& version() override { return version_; }
    void tell_core(const link::FromDoor& message, Descriptors descriptors) override {
        link_.send(message, std::move(descriptors));
    }
    link::OperationId start_operation(link::ConnectionId connection, link::JobId job, link::Request request,
                                      Descriptors previews) override {
        return start(connection, job, {}, std::move(request), std::move(previews));
    }
    void cancel_operation(link::OperationId id) override {
        if (operations_.erase(id) > 0) link_.send(link::OperationCancel{id});
    }
    void open_spool(std::uint64_t expected_bytes, std::function<void(SpoolFile)> opened) override {
        const std::uint64_t id = ++last_spool_;
        spools_.emplace(id, std::move(opened));
        link_.send(link::Spool{id, expected_bytes});
    }
    bool may_open(link::Api api, const std::string& origin) override {
        std::size_t all = 0;
        std::size_t of_origin = 0;
        for (const auto& [id, client] : clients_) {
            if (client->origin().empty() || client->api() != api) continue;
            ++all;
            if (client->origin() == origin) ++of_origin;
        }
        const bool legacy = api == link::Api::dastine;
        return all < (legacy ? dastine_limits_.connections : limits_.connections) &&
               of_origin < (legacy ? dastine_limits_.connections_per_origin : limits_.connections_per_origin);
    }
    OriginBudget* preview_budget() override { return &preview_budget_; }
    HashThread* hash_thread() override { return &hash_thread_; }
    Disk& disk() override { return disk_; }
    DastineFront& dastine() override { return *dastine_; }
    void changed() override {
        if (dastine_ && dastine_->is_needed() && !std::exchange(ticking_, true)) tick();
        if (std::exchange(counters_pending_, true)) return;
        counters_timer_.expires_after(counters_delay);
        counters_timer_.async_wait([this](boost::system::error_code error) {
            counters_pending_ = false;
            if (error) return;
            link::Counters counters;
            for (const auto& [id, client] : clients_) {
                if (client->is_silent()) ++counters.silent;
                if (client->is_open()) ++counters.connections;
                counters.streams += static_cast<std::uint32_t>(client->streams());
            }
            link_.send(counters);
        });
    }
    void closed(link::ConnectionId connection) override {
        clients_.erase(connection);
        std::erase_if(operations_, [&](const auto& one) { return one.second.connection == connection; });
        link_.send(link::ConnectionClosed{connection});
        changed();
        if (stopping_ && clients_.empty()) context_.stop();
    }

    // --- for the Dastine front ---

    void send(link::ConnectionId connection, std::string text) override {
        if (const auto client = find(connection)) client->transport().send_text(std::move(text));
    }
    void send_piece(link::ConnectionId connection, std::string piece, bool last) override {
        if (const auto client = find(connection)) client->transport().send_text_piece(std::move(piece), last);
    }
    [[nodiscard]] std::size_t unsent_bytes(link::ConnectionId connection) const override {
        const auto client = find(connection);
        return client ? client->transport().unsent_bytes() : 0;
    }
    void resume_reading(link::ConnectionId connection) override {
        if (const auto client = find(connection)) client->transport().resume_reading();
    }
    void close(link::ConnectionId connection, CloseCode code) override {
        if (const auto client = find(connection)) client->transport().close(code);
    }
    link::OperationId start_operation(link::ConnectionId connection, const std::string& session,
                                      link::Request request, Descriptors previews) override {
        return start(connection, 0, session, std::move(request), std::move(previews));
    }
    void reset_session(link::ConnectionId connection, const std::string& session) override {
        link_.send(link::SessionReset{connection, session});
    }
    void step_soon() override {
        if (std::exchange(step_pending_, true)) return;
        asio::post(context_, [this] {
            step_pending_ = false;
            dastine_->step();
        });
    }
    void failed(std::string_view command, std::string_view correlation, const Failure& failure) override {
        log_.request_failed(command, correlation, failure);
    }

    // --- for the file jobs ---

    void post(std::function<void()> work) override { asio::post(context_, std::move(work)); }
    void job_progress(const link::FileJobProgress& progress) override { link_.send(progress); }
    void job_finished(link::JobId job, Outcome<std::string> outcome) override {
        if (!outcome) log_.request_failed("file", std::to_string(job), outcome.error());
        link::FileJobReply reply;
        reply.id = job;
        reply.outcome = std::move(outcome);
        link_.send(reply);
        jobs_.erase(job);
    }

private:
    struct Owner {
        link::ConnectionId connection = 0;
        link::JobId job = 0;
    };

    link::OperationId start(link::ConnectionId connection, link::JobId job, const std::string& session,
                            link::Request request, Descriptors previews) {
        const link::OperationId id = ++last_operation_;
        operations_.emplace(id, Owner{connection, job});
        link_.send(link::Operation{id, connection, job, std::move(request), session}, std::move(previews));
        return id;
    }
    void tick() {
        tick_timer_.expires_after(tick_interval);
        tick_timer_.async_wait([this](boost::system::error_code error) {
            if (error) return;
            dastine_->tick();
            ticking_ = dastine_->is_needed();
            if (ticking_) tick();
        });
    }

    void handle(link::FromCore message, Descriptors& descriptors) {
        std::visit([&](auto& one) { on(one, descriptors); }, message);
    }

    // --- set-up ---

    void on(link::Configure& message, Descriptors& descriptors) {
        const auto configured = configure(message, descriptors);
        if (configured) return;
        log_.error("cannot start:", configured.error().describe());
        status_ = 1;
        context_.stop();
    }

    Result<void> configure(link::Configure& message, Descriptors& descriptors) {
        if (configured_ || message.protocol != link::version || descriptors.size() != message.sockets.size())
            return Error(BaseErrc::malformed, "configure does not fit");
        configured_ = true;
        limits_ = message.limits;
        version_ = message.product_version;
        dastine_limits_ = message.dastine;
        DastineConfig dastine{message.dastine, std::move(message.dastine_version)};
        dastine_ = std::make_unique<DastineFront>(std::move(dastine), clock_, *this);
        for (std::size_t i = 0; i < descriptors.size(); ++i) {
            const link::ListenSocket& socket = message.sockets[i];
            auto port = std::make_shared<TransportConfig>();
            port->limits = limits_;
            port->dastine_message_bytes = dastine_limits_.message_bytes;
            set_hosts(*port, socket, socket.tls ? message.tls_hosts : message.plain_hosts);
            if (socket.tls) tls_ports_.emplace_back(socket, port);
            port->rules.developer_mode = message.developer_mode;
            port->rules.header_bytes = limits_.header_bytes;
            port->rules.header_fields = limits_.header_fields;
            auto accepted = [this, socket, port](Descriptor connection) {
                accept(socket, port, std::move(connection));
            };
            listeners_.push_back(
                std::make_unique<Listener>(context_, std::move(descriptors[i]), std::move(accepted)));
        }
        if (std::any_of(message.sockets.begin(), message.sockets.end(),
                        [](const auto& s) { return s.tls; })) {
            auto tls = make_tls_context(std::move(message.tls_key), message.tls_chain);
            if (!tls) return tls.error();
            tls_ = std::move(*tls);
            MOHR_TRY(rehearse_tls(tls_.get()));
        }
        const auto sandbox =
            close_sandbox(options_.forced_landlock_abi, options_.seccomp ? Seccomp::on : Seccomp::off,
                          [this] { return start_threads(); });
        if (!sandbox) return sandbox.error();
        ::malloc_trim(0); // the filter's construction took half a megabyte
        link_.send(link::Ready{sandbox->landlock_abi, sandbox->seccomp});
        if (message.accepting) arm();
#if defined(MOHR_FAULT_POINTS)
        if (!options_.attack.empty()) asio::post(context_, [this] { attack_once_ready(); });
#endif
        return {};
    }

    Result<void> start_threads() {
        MOHR_TRY(hash_thread_.start());
        return disk_.worker().start();
    }
#if defined(MOHR_FAULT_POINTS)
    void attack_once_ready() {
        if (options_.attack_from == "hash-thread")
            hash_thread_.worker().run([this] { attack(options_.attack); });
        else if (options_.attack_from == "disk-thread")
            disk_.worker().run([this] { attack(options_.attack); });
        else
            attack(options_.attack);
    }
#endif

    /// The ports share their list of hosts, but only this port's may be named here.
    static void set_hosts(TransportConfig& port, const link::ListenSocket& socket,
                          std::vector<std::string> hosts) {
        std::erase_if(hosts, [&](const std::string& host) {
            return !host.ends_with(":" + std::to_string(socket.port));
        });
        port.rules.hosts = std::move(hosts);
    }

    /// Connections that are there keep what they began with.
    void on(link::NewTlsIdentity& message, Descriptors&) {
        auto tls = make_tls_context(std::move(message.tls_key), message.tls_chain);
        if (!tls) {
            log_.error("the new TLS identity is no use:", tls.error().describe());
            status_ = 1; // the core starts another door with what it has now
            return context_.stop();
        }
        tls_ = std::move(*tls);
        for (const auto& [socket, port] : tls_ports_) set_hosts(*port, socket, message.tls_hosts);
    }

    void arm() {
        for (const auto& listener : listeners_) listener->arm();
    }

    void accept(const link::ListenSocket& socket, const std::shared_ptr<TransportConfig>& port,
                Descriptor connection) {
        auto tuple = four_tuple(connection.get());
        if (!tuple) return;
        make_room_for_silence();
        const link::ConnectionId id = ++last_connection_;
        auto client = std::make_shared<Client>(*this, id, *tuple, socket.tls);
        client->set_transport(make_transport(context_, std::move(connection), socket.ipv6, port,
                                             socket.tls ? tls_.get() : nullptr, client));
        clients_.emplace(id, std::move(client));
        link_.send(link::PeerCheck{id, std::move(*tuple)});
        changed();
    }
    /// A browser that asks its user keeps a connection silent for minutes; a flood of them pushes out the
    /// oldest.
    void make_room_for_silence() {
        std::size_t silent = 0;
        std::shared_ptr<Client> oldest;
        for (const auto& [id, client] : clients_) {
            if (!client->is_silent()) continue;
            ++silent;
            if (!oldest) oldest = client; // ids grow with time
        }
        if (oldest && silent >= limits_.silent_connections) oldest->drop();
    }

    // --- from the core ---

    void on(const link::Listen& message, Descriptors&) {
        if (message.on) return arm();
        for (const auto& listener : listeners_) listener->disarm();
        end_sessions(message.reason);
    }
    void on(const link::Stop&, Descriptors&) {
        stopping_ = true;
        for (const auto& listener : listeners_) listener->disarm();
        end_sessions("stopping");
        if (clients_.empty()) return context_.stop();
        stop_timer_.expires_after(stop_deadline);
        stop_timer_.async_wait([this](boost::system::error_code error) {
            if (!error) context_.stop();
        });
    }
    void on(const link::Ping& message, Descriptors&) {
        link_.send(link::Pong{message.number});
    }
    void end_sessions(const std::string& reason) {
        const auto clients = clients_;
        for (const auto& [id, client] : clients) client->end(reason);
    }
    void on(const link::PeerVerdict& message, Descriptors&) {
        if (const auto client = find(message.connection)) client->on_verdict(message.allowed);
    }
    void on(const link::SiteState& message, Descriptors&) {
        if (const auto client = find(message.connection)) client->on_site(message);
    }
    void on(const link::TokenChanged& message, Descriptors&) {
        dastine_->on_token(message.event);
        const auto clients = clients_;
        for (const auto& [id, client] : clients) client->on_token_changed();
    }
    void on(const link::OperationState& message, Descriptors&) {
        const auto owner = operations_.find(message.id);
        if (owner == operations_.end()) return;
        const auto client = find(owner->second.connection);
        if (client && client->api() == link::Api::dastine)
            dastine_->on_state(message.id, message.state);
        else if (client)
            client->on_state(message);
    }
    void on(link::OperationReply& message, Descriptors&) {
        const auto found = operations_.find(message.id);
        if (found == operations_.end()) return; // cancelled meanwhile
        const Owner owner = found->second;
        operations_.erase(found);
        const auto client = find(owner.connection);
        if (client && client->api() == link::Api::dastine)
            return dastine_->on_reply(message.id, std::move(message.outcome));
        if (client) return client->on_reply(message);
        if (const auto job = jobs_.find(owner.job); owner.connection == 0 && job != jobs_.end())
            job->second->on_answer(std::move(message.outcome));
    }
    void on(const link::SpoolReply& message, Descriptors& descriptors) {
        const auto found = spools_.find(message.id);
        if (found == spools_.end()) return;
        const auto opened = std::move(found->second);
        spools_.erase(found);
        if (!message.granted || descriptors.size() != 1) return opened({});
        opened({std::move(descriptors.front()), &disk_});
    }
    void on(link::FileJob& message, Descriptors& descriptors) {
        const link::JobId id = message.id;
        auto job = std::make_unique<FileJob>(*this, clock_, std::move(message), std::move(descriptors));
        FileJob& started = *jobs_.insert_or_assign(id, std::move(job)).first->second;
        started.start();
    }
    void on(const link::FileJobCancel& message, Descriptors&) {
        if (const auto job = jobs_.find(message.id); job != jobs_.end()) job->second->cancel();
    }

    [[nodiscard]] std::shared_ptr<Client> find(link::ConnectionId id) const {
        const auto found = clients_.find(id);
        return found == clients_.end() ? nullptr : found->second;
    }

    // Started in Configure; before all that may use them.
    HashThread hash_thread_;
    DiskThread disk_{context_};
    asio::io_context context_;
    DoorOptions options_;
    SystemClock clock_;
    Log log_;
    mohr::link::DoorEnd link_;
    asio::steady_timer counters_timer_;
    asio::steady_timer stop_timer_;
    asio::steady_timer tick_timer_;
    link::Limits limits_;
    link::DastineLimits dastine_limits_;
    std::string version_;
    OwnedTlsContext tls_;
    std::vector<std::pair<link::ListenSocket, std::shared_ptr<TransportConfig>>> tls_ports_;
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::map<link::ConnectionId, std::shared_ptr<Client>> clients_;
    std::map<link::OperationId, Owner> operations_;
    std::map<std::uint64_t, std::function<void(SpoolFile)>> spools_;
    std::map<link::JobId, std::unique_ptr<FileJob>> jobs_;
    link::ConnectionId last_connection_ = 0;
    link::OperationId last_operation_ = 0;
    std::uint64_t last_spool_ = 0;
    OriginBudget preview_budget_{max_preview_budget};
    std::unique_ptr<DastineFront> dastine_; ///< from Configure on
    bool step_pending_ = false;
    bool ticking_ = false;
    bool configured_ = false;
    bool counters_pending_ = false;
    bool stopping_ = false;
    int status_ = 0;
};

} // namespace

int run_door(Descriptor link, const DoorOptions& options) {
    return Door(std::move(link), options).run();
}

} // namespace mohr::door
