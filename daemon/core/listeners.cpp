// SPDX-License-Identifier: Apache-2.0
#include "listeners.hpp"

#include <mohr/base/sockets.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <unistd.h>

namespace mohr::core {
namespace {

constexpr int backlog = 128;

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;
    Bytes bytes;
};

Address loopback(bool ipv6, std::uint16_t port) {
    Address address;
    if (ipv6) {
        auto* in = reinterpret_cast<sockaddr_in6*>(&address.storage);
        in->sin6_family = AF_INET6;
        in->sin6_addr = in6addr_loopback;
        in->sin6_port = htons(port);
        address.size = sizeof *in;
        address.bytes.assign(in6addr_loopback.s6_addr, in6addr_loopback.s6_addr + 16);
    } else {
        auto* in = reinterpret_cast<sockaddr_in*>(&address.storage);
        in->sin_family = AF_INET;
        in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        in->sin_port = htons(port);
        address.size = sizeof *in;
        address.bytes = {127, 0, 0, 1};
    }
    return address;
}

/// Whether this kernel has ::1 at all; then the IPv6 sockets are not optional.
bool no_such_family(int error) noexcept {
    return error == EAFNOSUPPORT || error == EADDRNOTAVAIL;
}

ListenFailure held(const Address& address, std::uint16_t port) {
    ListenFailure failure;
    failure.port = port;
    const std::string number = "port " + std::to_string(port);
    const auto holder = port_holder({address.bytes, port});
    if (!holder || !*holder) {
        // A socket that is bound and does not listen shows in no table of the kernel; a stopped Mohr is such
        // a one.
        failure.text =
            number +
            " is in use, by a program that only holds it; is a stopped Mohr of another user running?";
        failure.reason = ListenFailure::Reason::held_by_other;
        return failure;
    }
    if ((*holder)->uid != ::geteuid()) {
        failure.reason = ListenFailure::Reason::held_by_other;
        failure.text = number + " is held by user " + user_text((*holder)->uid);
        return failure;
    }
    failure.reason = ListenFailure::Reason::held_by_us;
    failure.text = number + " is held by another program of yours";
    if (const auto program = program_of_socket((*holder)->inode))
        failure.text += ": " + program->name + " (process " + std::to_string(program->pid) + ")";
    return failure;
}

ListenFailure system_problem(const std::string& what, std::uint16_t port, int error) {
    return {ListenFailure::Reason::system, port,
            "port " + std::to_string(port) + ": " + what + ": " + std::strerror(error)};
}

void set_reuse(const std::vector<Listeners::Socket>& sockets, int value) {
    for (const auto& socket : sockets)
        ::setsockopt(socket.descriptor.get(), SOL_SOCKET, SO_REUSEADDR, &value, sizeof value);
}

/// A number that is free on IPv4 right now. Sockets bound to port 0 themselves would not do: the kernel takes
/// such a port back on shutdown(), and only a number that was asked for stays ours.
std::uint16_t free_number() {
    const Descriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    Address address = loopback(false, 0);
    auto* const name = reinterpret_cast<sockaddr*>(&address.storage);
    if (!probe || ::bind(probe.get(), name, address.size) != 0 ||
        ::getsockname(probe.get(), name, &address.size) != 0)
        return 0;
    return ntohs(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port);
}

} // namespace

void throw_exception_from_error(const ListenFailure& failure, const boost::source_location&) {
    throw std::runtime_error(failure.text);
}

Result<void, ListenFailure> Listeners::add_port(std::uint16_t port, bool tls) {
    for (const bool ipv6 : {false, true}) {
        Descriptor socket(::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!socket) {
            if (ipv6 && no_such_family(errno)) continue;
            return system_problem("socket", port, errno);
        }
        const int on = 1;
        if (::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
            (ipv6 && ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0))
            return system_problem("socket option", port, errno);
        const Address address = loopback(ipv6, port);
        if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0) {
            if (errno == EADDRINUSE) return held(address, port);
            if (ipv6 && no_such_family(errno)) continue;
            return system_problem("bind", port, errno);
        }
        sockets_.push_back({std::move(socket), {tls, port, ipv6}});
    }
    return {};
}

Result<Listeners, ListenFailure> Listeners::bind(const PortPlan& ports) {
    Listeners all;
    for (const std::uint16_t port : ports.plain)
        if (auto added = all.add_port(port, false); !added) return added.error();
    for (const std::uint16_t port : ports.tls)
        if (auto added = all.add_port(port, true); !added) return added.error();
    // Two sockets with SO_REUSEADDR may be bound to one port while neither listens: only listen() claims it.
    // A holder that is bound but stopped is found here as well.
    for (const Socket& socket : all.sockets_)
        if (::listen(socket.descriptor.get(), backlog) != 0) {
            if (errno == EADDRINUSE)
                return held(loopback(socket.what.ipv6, socket.what.port), socket.what.port);
            return system_problem("listen", socket.what.port, errno);
        }
    all.open_ = true;
    return all;
}

Result<Listeners, ListenFailure> Listeners::bind_free() {
    // The number may be taken on IPv6, or by now: try again with another.
    Result<Listeners, ListenFailure> last = ListenFailure{ListenFailure::Reason::system, 0, "no free port"};
    for (int attempt = 0; attempt < 16; ++attempt) {
        const std::uint16_t plain = free_number();
        const std::uint16_t tls = free_number();
        if (plain == 0 || plain == tls) continue;
        last = bind({{plain}, {tls}});
        if (last || last.error().reason == ListenFailure::Reason::system) return last;
    }
    return last;
}

Result<void> Listeners::open() {
    set_reuse(sockets_, 1);
    for (const Socket& socket : sockets_)
        if (::listen(socket.descriptor.get(), backlog) != 0) return system_failure("listen");
    open_ = true;
    return {};
}

void Listeners::close() {
    // shutdown() takes a listening socket back to the bound state: new connections are refused, the port
    // stays ours. Bound only, with SO_REUSEADDR, it would not keep others from binding and listening; so that
    // goes first. It comes back before listen(), since accepted connections inherit it and a restart has to
    // bind over their remains.
    set_reuse(sockets_, 0);
    for (const Socket& socket : sockets_) ::shutdown(socket.descriptor.get(), SHUT_RDWR);
    open_ = false;
}

std::uint16_t Listeners::plain_port() const noexcept {
    for (const Socket& socket : sockets_)
        if (!socket.what.tls) return socket.what.port;
    return 0;
}

std::uint16_t Listeners::tls_port() const noexcept {
    for (const Socket& socket : sockets_)
        if (socket.what.tls) return socket.what.port;
    return 0;
}

} // namespace mohr::core
