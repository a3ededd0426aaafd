// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/files.hpp>
#include <mohr/protocol/link.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace mohr::test {

enum class Where { v4, v6, any_v4, any_v6, any_dual };

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

inline SocketAddress address_of(Where where, std::uint16_t port) {
    SocketAddress out;
    if (where == Where::v4 || where == Where::any_v4) {
        auto* in = reinterpret_cast<sockaddr_in*>(&out.storage);
        in->sin_family = AF_INET;
        in->sin_addr.s_addr = htonl(where == Where::v4 ? INADDR_LOOPBACK : INADDR_ANY);
        in->sin_port = htons(port);
        out.size = sizeof *in;
    } else {
        auto* in = reinterpret_cast<sockaddr_in6*>(&out.storage);
        in->sin6_family = AF_INET6;
        in->sin6_addr = where == Where::v6 ? in6addr_loopback : in6addr_any;
        in->sin6_port = htons(port);
        out.size = sizeof *in;
    }
    return out;
}

inline Descriptor make_socket(Where where) {
    const bool v4 = where == Where::v4 || where == Where::any_v4;
    Descriptor socket(::socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    const int only = where == Where::any_dual ? 0 : 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (!v4) ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
    return socket;
}

/// Binds and listens as a squatter would: with SO_REUSEADDR. Returns errno, or 0.
inline int squat(const Descriptor& socket, Where where, std::uint16_t port) {
    const SocketAddress address = address_of(where, port);
    if (::bind(socket.get(), address.get(), address.size) != 0) return errno;
    return ::listen(socket.get(), 8) == 0 ? 0 : errno;
}

/// Connects; errno, or 0.
inline int connect_to(const Descriptor& socket, Where where, std::uint16_t port) {
    const SocketAddress address = address_of(where, port);
    return ::connect(socket.get(), address.get(), address.size) == 0 ? 0 : errno;
}

inline std::pair<Bytes, std::uint16_t> endpoint_of(const sockaddr_storage& storage) {
    if (storage.ss_family == AF_INET) {
        const auto* in = reinterpret_cast<const sockaddr_in*>(&storage);
        const auto* raw = reinterpret_cast<const std::uint8_t*>(&in->sin_addr);
        return {Bytes(raw, raw + 4), ntohs(in->sin_port)};
    }
    const auto* in = reinterpret_cast<const sockaddr_in6*>(&storage);
    return {Bytes(in->sin6_addr.s6_addr, in->sin6_addr.s6_addr + 16), ntohs(in->sin6_port)};
}

/// Of an accepted socket, as the door sends it.
inline protocol::link::FourTuple four_tuple(const Descriptor& accepted) {
    sockaddr_storage local{};
    sockaddr_storage remote{};
    socklen_t size = sizeof local;
    ::getsockname(accepted.get(), reinterpret_cast<sockaddr*>(&local), &size);
    size = sizeof remote;
    ::getpeername(accepted.get(), reinterpret_cast<sockaddr*>(&remote), &size);
    protocol::link::FourTuple tuple;
    std::tie(tuple.local_address, tuple.local_port) = endpoint_of(local);
    std::tie(tuple.remote_address, tuple.remote_port) = endpoint_of(remote);
    return tuple;
}

} // namespace mohr::test
