// SPDX-License-Identifier: Apache-2.0
#include "listener.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace mohr::door {
namespace {

constexpr int connections_per_turn = 16;
/// After EMFILE and the like: something must be given back first.
constexpr std::chrono::milliseconds exhausted_pause{100};

struct Endpoint {
    Bytes address;
    std::uint16_t port = 0;
};

template <class Name>
Result<Endpoint> endpoint(Name name, int socket) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    auto* const generic = reinterpret_cast<sockaddr*>(&storage);
    if (name(socket, generic, &length) != 0) return system_failure("socket name");
    Endpoint out;
    if (storage.ss_family == AF_INET) {
        const auto* const in = reinterpret_cast<const sockaddr_in*>(&storage);
        const auto* const raw = reinterpret_cast<const std::uint8_t*>(&in->sin_addr);
        out.address.assign(raw, raw + sizeof in->sin_addr);
        out.port = ntohs(in->sin_port);
    } else {
        const auto* const in = reinterpret_cast<const sockaddr_in6*>(&storage);
        const auto* const raw = reinterpret_cast<const std::uint8_t*>(&in->sin6_addr);
        out.address.assign(raw, raw + sizeof in->sin6_addr);
        out.port = ntohs(in->sin6_port);
    }
    return out;
}

} // namespace

class Listener::State : public std::enable_shared_from_this<State> {
public:
    State(boost::asio::io_context& context, Descriptor socket, OnAccepted on_accepted)
        : socket_(context, socket.release()), timer_(context), on_accepted_(std::move(on_accepted)) {
        socket_.native_non_blocking(true);
    }

    void arm() {
        wanted_ = true;
        wait();
    }
    void disarm() {
        wanted_ = false;
        boost::system::error_code ignored;
        socket_.cancel(ignored);
        timer_.cancel();
    }
    void close() {
        disarm();
        on_accepted_ = nullptr;
        boost::system::error_code ignored;
        socket_.close(ignored);
    }

private:
    void wait() {
        if (!wanted_ || std::exchange(waiting_, true)) return;
        socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                           [self = shared_from_this()](boost::system::error_code error) {
                               self->waiting_ = false;
                               if (!error)
                                   self->accept();
                               else
                                   self->wait(); // disarmed and armed again before this was told
                           });
    }
    void accept() {
        for (int i = 0; i < connections_per_turn && wanted_; ++i) {
            Descriptor connection(
                ::accept4(socket_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
            if (connection) {
                on_accepted_(std::move(connection));
                continue;
            }
            if (errno == EINTR || errno == ECONNABORTED) continue;
            if (errno == EINVAL) return; // shut down by the core: listen{on} arms again
            if (errno == EAGAIN || errno == EWOULDBLOCK) break;
            return wait_a_little();
        }
        wait();
    }
    void wait_a_little() {
        timer_.expires_after(exhausted_pause);
        timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
            if (!error) self->wait();
        });
    }

    boost::asio::posix::stream_descriptor socket_;
    boost::asio::steady_timer timer_;
    OnAccepted on_accepted_;
    bool wanted_ = false;
    bool waiting_ = false;
};

Listener::Listener(boost::asio::io_context& context, Descriptor socket, OnAccepted on_accepted)
    : state_(std::make_shared<State>(context, std::move(socket), std::move(on_accepted))) {}
Listener::~Listener() {
    state_->close();
}
void Listener::arm() {
    state_->arm();
}
void Listener::disarm() {
    state_->disarm();
}

Result<protocol::link::FourTuple> four_tuple(int socket) {
    auto local = endpoint(::getsockname, socket);
    if (!local) return local.error();
    auto remote = endpoint(::getpeername, socket);
    if (!remote) return remote.error();
    protocol::link::FourTuple tuple;
    tuple.local_address = std::move(local->address);
    tuple.local_port = local->port;
    tuple.remote_address = std::move(remote->address);
    tuple.remote_port = remote->port;
    return tuple;
}

} // namespace mohr::door
