// SPDX-License-Identifier: Apache-2.0
#include "control_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <nlohmann/json.hpp>
#include <spdlog/logger.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace mohr::core {
namespace asio = boost::asio;

namespace {

constexpr int backlog = 64; // more than may connect, so that a full house answers too

} // namespace

struct ControlServer::State : std::enable_shared_from_this<ControlServer::State> {
    State(IoLoop& l, std::shared_ptr<spdlog::logger> g, ControlLimits li, Handlers h)
        : loop(l), log(std::move(g)), limits(li), handlers(std::move(h)), acceptor(l.context()) {}
    IoLoop& loop;
    std::shared_ptr<spdlog::logger> log;
    ControlLimits limits;
    Handlers handlers;
    asio::posix::stream_descriptor acceptor;
    std::filesystem::path path;
    std::map<std::uint64_t, std::shared_ptr<ControlConnection>> connections;
    std::uint64_t last_connection = 0;
    std::function<void()> on_finished;

    void accept();
    void accepted(Descriptor socket);
    void gone(std::uint64_t id);
    void check_finished();
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
    ControlConnection::Handlers theirs;
    theirs.request = [this](ControlRequest request, ControlReply reply) {
        handlers.request(std::move(request), std::move(reply));
    };
    theirs.notification = [this, id](const std::string& method, const nlohmann::json& params) {
        handlers.notification(id, method, params);
    };
    theirs.gone = [this, id] { gone(id); };
    theirs.written = [this] { check_finished(); };
    const auto connection = std::make_shared<ControlConnection>(loop, log, limits, id, std::move(socket),
                                                                peer.pid, std::move(theirs));
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

bool ControlServer::connected(std::uint64_t connection) const {
    return state_->connections.contains(connection);
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
    found->second->ask(method, params, {}, std::move(answered));
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
