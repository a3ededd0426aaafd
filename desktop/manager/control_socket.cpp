// SPDX-License-Identifier: Apache-2.0
#include "manager/control_socket.hpp"

#include <mohr/base/rights.hpp>

#include <sys/socket.h>
#include <sys/un.h>

#include <QByteArray>
#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace mohr::desktop {
namespace {

constexpr std::size_t max_descriptors = 4;

QString system_text(int number) {
    return QString::fromLocal8Bit(std::strerror(number));
}

Failure not_running(const QString& detail) {
    return Failure(QStringLiteral("service_not_running"), detail);
}

Failure lost(const QString& detail) {
    return Failure(QStringLiteral("connection_lost"), detail);
}

} // namespace

Outcome<Descriptor> connect_control_socket(const QString& path) {
    const QByteArray name = path.toLocal8Bit();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (name.isEmpty() || static_cast<std::size_t>(name.size()) >= sizeof address.sun_path)
        return not_running(path);
    std::memcpy(address.sun_path, name.constData(), static_cast<std::size_t>(name.size()));
    Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    // EAGAIN: its backlog is full; the next try will find room.
    if (!socket || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return not_running(system_text(errno));
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != ::geteuid())
        return Failure(QStringLiteral("foreign_service"), path);
    return socket;
}

Outcome<std::size_t> send_some(int socket, ByteView bytes, const std::vector<int>& descriptors) {
    if (descriptors.size() > max_descriptors) return Failure(QStringLiteral("limit_exceeded"));
    iovec part{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    RightsBuffer rights;
    attach_rights(message, rights, descriptors);
    ssize_t count = 0;
    do {
        count = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    } while (count < 0 && errno == EINTR);
    if (count < 0 && errno != EAGAIN) return lost(system_text(errno));
    return count < 0 ? std::size_t{0} : static_cast<std::size_t>(count);
}

Outcome<std::size_t> receive_some(int socket, std::span<std::uint8_t> room) {
    ssize_t count = 0;
    do {
        // Plain recv: descriptors that a peer would push at us are dropped by the kernel.
        count = ::recv(socket, room.data(), room.size(), 0);
    } while (count < 0 && errno == EINTR);
    if (count == 0) return lost(QStringLiteral("end of stream"));
    if (count < 0 && errno != EAGAIN) return lost(system_text(errno));
    return count < 0 ? std::size_t{0} : static_cast<std::size_t>(count);
}

} // namespace mohr::desktop
