// SPDX-License-Identifier: Apache-2.0
#include "control_server.hpp"

#include <mohr/base/encoding.hpp>
#include <mohr/protocol/control_frames.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <nlohmann/json.hpp>
#include <spdlog/logger.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <unistd.h>

namespace mohr::core {
namespace asio = boost::asio;
namespace jsonrpc = protocol::jsonrpc;
using protocol::Code;
using protocol::Failure;

namespace {

constexpr std::size_t max_descriptors = 4;
constexpr std::size_t max_secrets = 4;
constexpr int backlog = 64; // more than may connect, so that a full house answers too
constexpr int reads_per_turn = 256;

/// A message whose secrets are still to come.
struct Pending {
    jsonrpc::Message message;
    std::map<std::string, Secret> secrets;
    std::map<std::string, Descriptor> descriptors;
};

bool unique_names(const std::vector<std::string>& names) {
    for (std::size_t i = 0; i < names.size(); ++i)
        for (std::size_t j = i + 1; j < names.size(); ++j)
            if (names[i] == names[j]) return false;
    return true;
}

} // namespace

ControlOutcome::ControlOutcome(nlohmann::json value)
    : value_(std::make_shared<nlohmann::json>(std::move(value))) {}
ControlOutcome::ControlOutcome(Failure failure) : failure_(std::move(failure)) {}

struct ControlServer::State : std::enable_shared_from_this<ControlServer::State> {
    State(IoLoop& l, std::shared_ptr<spdlog::logger> g, ControlLimits li, Handlers h)
        : loop(l), log(std::move(g)), limits(li), handlers(std::move(h)), acceptor(l.context()) {}
    IoLoop& loop;
    std::shared_ptr<spdlog::logger> log;
    ControlLimits limits;
    Handlers handlers;
    asio::posix::stream_descriptor acceptor;
    std::filesystem::path path;
    std::map<std::uint64_t, std::shared_ptr<Connection>> connections;
    std::uint64_t last_connection = 0;
    std::function<void()> on_finished;

    void accept();
    void accepted(Descriptor socket);
    void gone(std::uint64_t id);
    void check_finished();
};

class ControlServer::Connection : public std::enable_shared_from_this<ControlServer::Connection> {
public:
    Connection(ControlServer::State& server, std::uint64_t id, Descriptor socket, pid_t peer)
        : server_(server), log_(server.log), limits_(server.limits), id_(id), peer_(peer),
          socket_(server.loop.context(), socket.release()), deadline_(server.loop.context()) {}

    void start() { wait_readable(); }

    void notify(std::string_view method, const nlohmann::json& params) {
        send(jsonrpc::make_notification(method, params));
    }

    void ask(std::string_view method, const nlohmann::json& params,
             std::function<void(std::optional<ControlAnswer>)> answered) {
        const std::int64_t id = ++last_question_;
        questions_.emplace(id, std::move(answered));
        send(jsonrpc::make_request(id, method, params));
    }

    [[nodiscard]] bool idle() const noexcept { return queue_.empty() && open_requests_ == 0; }

    void close() {
        if (closed_) return;
        closed_ = true;
        boost::system::error_code ignored;
        socket_.close(ignored);
        deadline_.cancel();
        queue_.clear();
        const auto self = shared_from_this();
        for (auto& [id, answered] : std::exchange(questions_, {})) answered(std::nullopt);
        server_.gone(id_);
    }

private:
    void wait_readable() {
        socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                           [self = shared_from_this()](const boost::system::error_code& error) {
                               if (!error && !self->closed_) self->read_turn();
                           });
    }

    void read_turn() {
        for (int i = 0; i < reads_per_turn && !closed_; ++i)
            if (!read_once()) return;
        if (!closed_) wait_readable();
    }

    /// False when there is nothing more to read for now.
    bool read_once() {
        const bool first_byte = reader_.at_start();
        const auto room = reader_.room();
        iovec part{room.data(), room.size()};
        alignas(cmsghdr) std::array<char, CMSG_SPACE(max_descriptors * sizeof(int))> control{};
        msghdr header{};
        header.msg_iov = &part;
        header.msg_iovlen = 1;
        header.msg_control = control.data();
        header.msg_controllen = control.size();
        const ssize_t n = ::recvmsg(socket_.native_handle(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (n < 0 && errno == EINTR) return true;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            wait_readable();
            return false;
        }
        if (n <= 0) {
            close();
            return false;
        }
        if (!take_descriptors(header, first_byte)) return fail("descriptors where none may be");
        auto frame = reader_.filled(static_cast<std::size_t>(n));
        if (!frame) return fail(frame.error().detail);
        if (!*frame) {
            if (first_byte) arm_deadline();
            return true;
        }
        if (auto* text = std::get_if<std::string>(&**frame)) return on_json(std::move(*text));
        return on_secret(std::move(std::get<Secret>(**frame)));
    }

    bool take_descriptors(msghdr& header, bool first_byte) {
        std::vector<Descriptor> received;
        for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
            if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
            const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            std::array<int, max_descriptors> raw{};
            std::memcpy(raw.data(), CMSG_DATA(c), count * sizeof(int));
            for (std::size_t i = 0; i < count; ++i) received.emplace_back(raw[i]);
        }
        if ((header.msg_flags & MSG_CTRUNC) != 0) return false;
        if (received.empty()) return true;
        if (!first_byte || !descriptors_.empty()) return false;
        descriptors_ = std::move(received);
        return true;
    }

    bool fail(std::string_view why) {
        log_->warn("control: connection {} closed: {}", id_, printable(why));
        close();
        return false;
    }

    /// A message that began has to end: half of one would hold its secrets for ever.
    void arm_deadline() {
        deadline_.expires_after(limits_.half_message);
        deadline_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
            if (!error && !self->closed_) self->fail("half a message");
        });
    }

    bool on_json(std::string text) {
        if (pending_) return fail("a secret was announced and did not come");
        jsonrpc::ParseOptions options;
        options.attachments = true;
        options.replies = true;
        auto parsed = jsonrpc::parse(text, options);
        auto descriptors = std::exchange(descriptors_, {});
        if (!parsed) {
            deadline_.cancel();
            send(jsonrpc::make_error(parsed.error().id, parsed.error().failure));
            // Whatever follows could be a secret of a message that we did not understand.
            return fail("malformed message");
        }
        Pending pending{std::move(*parsed), {}, {}};
        const auto& names = pending.message.attachments;
        if (names.secrets.size() > max_secrets || names.descriptors.size() != descriptors.size() ||
            !unique_names(names.secrets) || !unique_names(names.descriptors))
            return fail("secrets or descriptors do not fit their names");
        for (std::size_t i = 0; i < descriptors.size(); ++i)
            pending.descriptors.emplace(names.descriptors[i], std::move(descriptors[i]));
        pending_.emplace(std::move(pending));
        return complete_if_ready();
    }

    bool on_secret(Secret secret) {
        if (!pending_) return fail("a secret that no message announced");
        const auto& names = pending_->message.attachments.secrets;
        pending_->secrets.emplace(names[pending_->secrets.size()], std::move(secret));
        return complete_if_ready();
    }

    bool complete_if_ready() {
        if (pending_->secrets.size() < pending_->message.attachments.secrets.size()) {
            arm_deadline();
            return true;
        }
        deadline_.cancel();
        Pending complete = std::move(*pending_);
        pending_.reset();
        dispatch(std::move(complete));
        return !closed_;
    }

    void dispatch(Pending complete) {
        jsonrpc::Message& message = complete.message;
        switch (message.kind) {
        case jsonrpc::Kind::request:
            return on_request(std::move(complete));
        case jsonrpc::Kind::notification:
            server_.handlers.notification(id_, message.method, *message.params);
            return;
        case jsonrpc::Kind::result:
        case jsonrpc::Kind::error:
            return on_answer(std::move(complete));
        }
    }

    void on_request(Pending complete) {
        const jsonrpc::Id id = complete.message.id;
        if (open_requests_ >= limits_.requests_per_connection) {
            Failure failure(Code::limit_exceeded);
            failure.limit = "requests";
            failure.max = limits_.requests_per_connection;
            send(jsonrpc::make_error(id, failure));
            return;
        }
        ++open_requests_;
        ControlRequest request;
        request.connection = id_;
        request.peer = peer_;
        request.id = id;
        request.method = std::move(complete.message.method);
        request.params = std::move(complete.message.params);
        request.secrets = std::move(complete.secrets);
        request.descriptors = std::move(complete.descriptors);
        const std::weak_ptr<Connection> weak = shared_from_this();
        auto log = log_;
        server_.handlers.request(std::move(request),
                                 [weak, id, log, method = request.method](ControlOutcome outcome) {
                                     if (!outcome && !outcome.error().detail.empty())
                                         log->info("control: {}", printable(outcome.error().detail));
                                     const auto self = weak.lock();
                                     if (!self || self->closed_) return;
                                     --self->open_requests_;
                                     self->send(outcome ? jsonrpc::make_result(id, std::move(outcome.value()))
                                                        : jsonrpc::make_error(id, outcome.error()));
                                 });
    }

    void on_answer(Pending complete) {
        const auto* id = std::get_if<std::int64_t>(&complete.message.id);
        const auto question = id != nullptr ? questions_.find(*id) : questions_.end();
        if (question == questions_.end()) return; // to a prompt that was closed meanwhile
        const auto answered = std::move(question->second);
        questions_.erase(question);
        ControlAnswer answer;
        if (complete.message.kind == jsonrpc::Kind::result)
            answer.result = std::move(complete.message.result);
        answer.secrets = std::move(complete.secrets);
        answered(std::move(answer));
    }

    void send(const std::string& json) {
        if (closed_) return;
        queued_bytes_ += json.size() + 5;
        if (queued_bytes_ > limits_.queued_bytes) {
            // Not from inside the caller's call.
            server_.loop.post([self = shared_from_this()] {
                if (!self->closed_) self->fail("does not read its replies");
            });
            return;
        }
        queue_.push_back(protocol::control_frame(json));
        if (queue_.size() == 1) flush();
    }

    void flush() {
        while (!queue_.empty()) {
            const Bytes& front = queue_.front();
            const ssize_t n = ::send(socket_.native_handle(), front.data() + sent_, front.size() - sent_,
                                     MSG_NOSIGNAL | MSG_DONTWAIT);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return wait_writable();
            if (n < 0) {
                server_.loop.post([self = shared_from_this()] { self->close(); });
                return;
            }
            sent_ += static_cast<std::size_t>(n);
            if (sent_ < front.size()) continue;
            queued_bytes_ -= front.size();
            sent_ = 0;
            queue_.pop_front();
        }
        server_.check_finished();
    }

    void wait_writable() {
        socket_.async_wait(asio::posix::stream_descriptor::wait_write,
                           [self = shared_from_this()](const boost::system::error_code& error) {
                               if (!error && !self->closed_) self->flush();
                           });
    }

    ControlServer::State& server_;
    std::shared_ptr<spdlog::logger> log_;
    ControlLimits limits_;
    std::uint64_t id_;
    pid_t peer_;
    asio::posix::stream_descriptor socket_;
    asio::steady_timer deadline_;
    protocol::ControlFrameReader reader_;
    std::vector<Descriptor> descriptors_;
    std::optional<Pending> pending_;
    std::map<std::int64_t, std::function<void(std::optional<ControlAnswer>)>> questions_;
    std::int64_t last_question_ = 0;
    std::size_t open_requests_ = 0;
    std::deque<Bytes> queue_;
    std::size_t queued_bytes_ = 0;
    std::size_t sent_ = 0;
    bool closed_ = false;
};

void ControlServer::State::accept() {
    acceptor.async_wait(asio::posix::stream_descriptor::wait_read,
                        [self = shared_from_this()](const boost::system::error_code& error) {
                            if (error) return;
                            Descriptor socket(::accept4(self->acceptor.native_handle(), nullptr, nullptr,
                                                        SOCK_CLOEXEC | SOCK_NONBLOCK));
                            if (socket) self->accepted(std::move(socket));
                            self->accept();
                        });
}

void ControlServer::State::accepted(Descriptor socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    // The directory keeps others out; this also holds if somebody opened it up, and for root.
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != ::geteuid()) {
        log->warn("control: connection of uid {} refused", peer.uid);
        return;
    }
    if (connections.size() >= limits.connections) {
        log->warn("control: more than {} connections", limits.connections);
        return;
    }
    const std::uint64_t id = ++last_connection;
    const auto connection = std::make_shared<Connection>(*this, id, std::move(socket), peer.pid);
    connections.emplace(id, connection);
    connection->start();
}

void ControlServer::State::gone(std::uint64_t id) {
    if (connections.erase(id) == 0) return;
    handlers.gone(id);
    check_finished();
}

void ControlServer::State::check_finished() {
    if (!on_finished) return;
    for (const auto& [id, connection] : connections)
        if (!connection->idle()) return;
    loop.post(std::exchange(on_finished, {}));
}

ControlServer::ControlServer(std::shared_ptr<State> state) : state_(std::move(state)) {}

ControlServer::~ControlServer() {
    state_->on_finished = {};
    state_->handlers.gone = [](std::uint64_t) {};
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
    for (const auto& [id, connection] : std::exchange(state_->connections, {})) connection->close();
    ::unlink(state_->path.c_str());
}

Result<std::unique_ptr<ControlServer>> ControlServer::open(IoLoop& loop, std::shared_ptr<spdlog::logger> log,
                                                           const std::filesystem::path& path,
                                                           ControlLimits limits, Handlers handlers) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.native().size() >= sizeof address.sun_path)
        return Error(BaseErrc::io, path.string() + ": longer than a socket's path may be");
    std::memcpy(address.sun_path, path.c_str(), path.native().size() + 1);
    Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return system_failure("control socket");
    ::unlink(path.c_str());
    // umask 077 makes it 0600 from the first moment on.
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::chmod(path.c_str(), 0600) != 0 || ::listen(socket.get(), backlog) != 0)
        return system_failure(path.string());
    auto state = std::make_shared<State>(loop, std::move(log), limits, std::move(handlers));
    state->path = path;
    state->acceptor.assign(socket.release());
    state->accept();
    return std::unique_ptr<ControlServer>(new ControlServer(std::move(state)));
}

void ControlServer::notify(std::uint64_t connection, std::string_view method, const nlohmann::json& params) {
    const auto found = state_->connections.find(connection);
    if (found != state_->connections.end()) found->second->notify(method, params);
}

void ControlServer::ask(std::uint64_t connection, std::string_view method, const nlohmann::json& params,
                        std::function<void(std::optional<ControlAnswer>)> answered) {
    const auto found = state_->connections.find(connection);
    if (found == state_->connections.end()) {
        state_->loop.post([answered = std::move(answered)] { answered(std::nullopt); });
        return;
    }
    found->second->ask(method, params, std::move(answered));
}

void ControlServer::finish(std::chrono::milliseconds deadline, std::function<void()> done) {
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
    ::unlink(state_->path.c_str());
    state_->on_finished = std::move(done);
    const std::weak_ptr<State> weak = state_;
    state_->loop.call_after(deadline, [weak] {
        const auto self = weak.lock();
        if (self && self->on_finished) self->loop.post(std::exchange(self->on_finished, {}));
    });
    state_->check_finished();
}

} // namespace mohr::core
