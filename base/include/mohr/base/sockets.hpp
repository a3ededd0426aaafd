// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What proc(5) tells of TCP sockets and of who holds them.
namespace mohr {

/// One line of /proc/net/tcp or tcp6.
struct TcpRow {
    std::string_view
        local; ///< as printed: 32-bit words in host order, upper-case hexadecimal, ":" and the port
    std::string_view remote; ///< likewise
    std::uint8_t state = 0;  ///< TCP_ESTABLISHED is 1, TCP_LISTEN 10
    uid_t uid = 0;           ///< of the socket's creator
    std::uint64_t inode = 0;
};

/// Empty where the line is none, as the heading is not. The texts of the row lie in `line`.
[[nodiscard]] std::optional<TcpRow> parse_tcp_row(std::string_view line);

/// A process that holds the socket, of `owner` alone where that is given. Those that we may not look into are not seen.
[[nodiscard]] std::optional<pid_t> process_with_socket(std::uint64_t inode, std::optional<uid_t> owner);

/// "name (uid N)", or "uid N" where the name is not known.
[[nodiscard]] std::string user_text(uid_t uid);

} // namespace mohr
