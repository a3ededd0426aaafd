// SPDX-License-Identifier: Apache-2.0
#include "peer_lookup.hpp"

#include "known_browsers.hpp"
#include <mohr/base/files.hpp>
#include <mohr/base/sockets.hpp>

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <unistd.h>
#include <vector>

namespace mohr::core {
namespace {

constexpr unsigned tcp_listen = 10;
/// Bound and neither listening nor connected: what a stopped Mohr is. Linux 6.8 and later tell it; older ones
/// ignore it.
constexpr unsigned tcp_bound_inactive = 13;

/// A sock_diag socket whose answers are waited for 200 ms at most; the answer comes from this kernel at once.
Result<Descriptor> open_diag() {
    Descriptor netlink(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    if (!netlink) return system_failure("NETLINK_SOCK_DIAG");
    const timeval patience{0, 200'000};
    if (::setsockopt(netlink.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0)
        return system_failure("NETLINK_SOCK_DIAG");
    return netlink;
}

struct DiagRequest {
    nlmsghdr header;
    inet_diag_req_v2 body;
};

DiagRequest make_request(std::uint16_t flags, int family, std::uint32_t states) {
    DiagRequest request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    request.header.nlmsg_flags = flags;
    request.header.nlmsg_seq = 1;
    request.body.sdiag_family = static_cast<std::uint8_t>(family);
    request.body.sdiag_protocol = IPPROTO_TCP;
    request.body.idiag_states = states;
    request.body.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
    request.body.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    return request;
}

/// Sends a request and calls `each` for every socket of the answer.
template <class Each>
Result<void> ask(const DiagRequest& request, Each each) {
    auto netlink = open_diag();
    if (!netlink) return netlink.error();
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    if (::sendto(netlink->get(), &request, sizeof request, 0, reinterpret_cast<const sockaddr*>(&kernel),
                 sizeof kernel) != static_cast<ssize_t>(sizeof request))
        return system_failure("sock_diag request");
    const bool dump = (request.header.nlmsg_flags & NLM_F_DUMP) != 0;
    alignas(nlmsghdr) std::array<char, 32 * 1024> buffer{};
    for (;;) {
        sockaddr_nl from{};
        socklen_t from_size = sizeof from;
        const ssize_t received = ::recvfrom(netlink->get(), buffer.data(), buffer.size(), 0,
                                            reinterpret_cast<sockaddr*>(&from), &from_size);
        if (received < 0 && errno == EINTR) continue;
        if (received < 0) return system_failure("sock_diag answer");
        if (from.nl_pid != 0) continue; // not from the kernel
        auto left = static_cast<unsigned>(received);
        for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(message, left);
             message = NLMSG_NEXT(message, left)) {
            const char* const payload = reinterpret_cast<const char*>(message) + sizeof(nlmsghdr);
            if (message->nlmsg_type == NLMSG_DONE) return {};
            if (message->nlmsg_type == NLMSG_ERROR) {
                const auto* error = reinterpret_cast<const nlmsgerr*>(payload);
                if (error->error == -ENOENT) return {};
                errno = -error->error;
                return system_failure("sock_diag");
            }
            if (message->nlmsg_len < NLMSG_LENGTH(sizeof(inet_diag_msg))) continue;
            each(*reinterpret_cast<const inet_diag_msg*>(payload));
            if (!dump) return {};
        }
    }
}

bool valid(const protocol::link::FourTuple& peer) noexcept {
    return (peer.local_address.size() == 4 || peer.local_address.size() == 16) &&
           peer.local_address.size() == peer.remote_address.size();
}

/// An address as /proc/net/tcp prints it: 32-bit words in host order, upper-case hexadecimal.
std::string procfs_address(const Bytes& address, std::uint16_t port) {
    std::array<char, 64> text{};
    std::string out;
    for (std::size_t i = 0; i + 4 <= address.size(); i += 4) {
        std::uint32_t word = 0;
        std::memcpy(&word, address.data() + i, 4);
        std::snprintf(text.data(), text.size(), "%08X", word);
        out += text.data();
    }
    std::snprintf(text.data(), text.size(), ":%04X", port);
    return out + text.data();
}

} // namespace

Result<std::optional<SocketFacts>> client_socket(const protocol::link::FourTuple& peer) {
    if (!valid(peer)) return Error(BaseErrc::malformed, "four-tuple");
    const int family = peer.local_address.size() == 4 ? AF_INET : AF_INET6;
    DiagRequest request = make_request(NLM_F_REQUEST, family, ~0U);
    // Seen from the client: its source is our remote end.
    request.body.id.idiag_sport = htons(peer.remote_port);
    request.body.id.idiag_dport = htons(peer.local_port);
    std::memcpy(request.body.id.idiag_src, peer.remote_address.data(), peer.remote_address.size());
    std::memcpy(request.body.id.idiag_dst, peer.local_address.data(), peer.local_address.size());
    std::optional<SocketFacts> found;
    MOHR_TRY(ask(request, [&](const inet_diag_msg& message) {
        // The kernel may answer with a listener that covers the tuple: only the very connection counts.
        if (message.id.idiag_sport == request.body.id.idiag_sport &&
            message.id.idiag_dport == request.body.id.idiag_dport)
            found = SocketFacts{message.idiag_state, message.idiag_uid, message.idiag_inode};
    }));
    return found;
}

Result<std::optional<SocketFacts>> client_socket_from_procfs(const protocol::link::FourTuple& peer) {
    if (!valid(peer)) return Error(BaseErrc::malformed, "four-tuple");
    const bool v4 = peer.local_address.size() == 4;
    std::ifstream table(v4 ? "/proc/net/tcp" : "/proc/net/tcp6");
    if (!table) return system_failure("/proc/net/tcp");
    const std::string source = procfs_address(peer.remote_address, peer.remote_port);
    const std::string destination = procfs_address(peer.local_address, peer.local_port);
    std::string line;
    std::getline(table, line); // heading
    while (std::getline(table, line)) {
        const auto row = parse_tcp_row(line);
        if (!row) return Error(BaseErrc::malformed, "/proc/net/tcp");
        if (row->local == source && row->remote == destination)
            return std::optional(SocketFacts{row->state, row->uid, row->inode});
    }
    return std::optional<SocketFacts>{};
}

Result<std::optional<SocketFacts>> port_holder(const Endpoint& endpoint) {
    std::optional<SocketFacts> found;
    // A wildcard of either family may be what is in the way.
    for (const int family : {AF_INET, AF_INET6}) {
        const DiagRequest request =
            make_request(NLM_F_REQUEST | NLM_F_DUMP, family, 1U << tcp_listen | 1U << tcp_bound_inactive);
        const std::size_t size = family == AF_INET ? 4 : 16;
        MOHR_TRY(ask(request, [&](const inet_diag_msg& message) {
            if (ntohs(message.id.idiag_sport) != endpoint.port) return;
            const auto* address = reinterpret_cast<const std::uint8_t*>(message.id.idiag_src);
            const bool wildcard = std::all_of(address, address + size, [](std::uint8_t b) { return b == 0; });
            const bool same = size == endpoint.address.size() &&
                              std::equal(address, address + size, endpoint.address.begin());
            if (same || (wildcard && !found))
                found = SocketFacts{message.idiag_state, message.idiag_uid, message.idiag_inode};
        }));
    }
    return found;
}

bool acceptable(uid_t owner, const std::optional<SocketFacts>& facts) noexcept {
    return facts && facts->uid == owner && facts->state == tcp_established && facts->inode != 0;
}

bool peer_is(uid_t owner, const protocol::link::FourTuple& peer) {
    auto facts = client_socket(peer);
    if (!facts) facts = client_socket_from_procfs(peer);
    return facts && acceptable(owner, *facts);
}

std::optional<Program> program_of_socket(std::uint64_t inode) {
    const auto pid = process_with_socket(inode, ::geteuid());
    if (!pid) return std::nullopt;
    namespace fs = std::filesystem;
    std::error_code error;
    const fs::path path = fs::read_symlink("/proc/" + std::to_string(*pid) + "/exe", error);
    return Program{path.filename().string(), path.string(), *pid,
                   is_known_browser(path.string(), default_browser_paths())};
}

Program program_of_process(pid_t pid) {
    namespace fs = std::filesystem;
    const fs::path process = fs::path("/proc") / std::to_string(pid);
    std::error_code error;
    const fs::path path = fs::read_symlink(process / "exe", error);
    if (!error) return {path.filename().string(), path.string(), pid, false};
    std::string name;
    std::getline(std::ifstream(process / "comm"), name);
    return {name, "", pid, false};
}

} // namespace mohr::core
