// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "prompt.hpp"
#include <mohr/base/bytes.hpp>
#include <mohr/base/result.hpp>
#include <mohr/protocol/link.hpp>

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace mohr::core {

/// What the kernel knows of one TCP socket.
struct SocketFacts {
    std::uint8_t state = 0; ///< TCP_ESTABLISHED is 1
    uid_t uid = 0;          ///< of the socket's creator
    std::uint64_t inode = 0;
};
inline constexpr std::uint8_t tcp_established = 1;

/// One end of a TCP connection: address in network order, 4 or 16 bytes.
struct Endpoint {
    Bytes address;
    std::uint16_t port = 0;
};

/// The client's socket of a connection that we accepted: its local end is `peer.remote`. Asks sock_diag(7)
/// for the exact four-tuple. Empty if there is no such socket. Fails with BaseErrc::io if the kernel cannot
/// be asked.
[[nodiscard]] Result<std::optional<SocketFacts>> client_socket(const protocol::link::FourTuple& peer);
/// The same from /proc/net/tcp and tcp6, for kernels or sandboxes without sock_diag.
[[nodiscard]] Result<std::optional<SocketFacts>>
client_socket_from_procfs(const protocol::link::FourTuple& peer);

/// The socket that listens on (or, where the kernel tells, holds) an address and port, or the wildcard that
/// covers it.
[[nodiscard]] Result<std::optional<SocketFacts>> port_holder(const Endpoint& endpoint);

/// Whether the peer may talk to us (T24): its uid is `owner`, the connection is ESTABLISHED, and its socket
/// still belongs to somebody (a client that has gone shows uid 0 and inode 0). Any doubt is a no; uid 0 is
/// not special.
[[nodiscard]] bool peer_is(uid_t owner, const protocol::link::FourTuple& peer);
/// The rule of peer_is over what was found.
[[nodiscard]] bool acceptable(uid_t owner, const std::optional<SocketFacts>& facts) noexcept;

/// The running program that holds a socket. Best effort: only our own processes can be seen.
[[nodiscard]] std::optional<Program> program_of_socket(std::uint64_t inode);

/// The program that runs as `pid`. Of one that may not be looked into, as our own mohr and mohr-desktop, only the name that it
/// gives itself, without a path.
[[nodiscard]] Program program_of_process(pid_t pid);

} // namespace mohr::core
