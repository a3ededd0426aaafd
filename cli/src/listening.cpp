// SPDX-License-Identifier: Apache-2.0
#include "listening.hpp"

#include <mohr/base/encoding.hpp>
#include <mohr/base/files.hpp>
#include <mohr/base/sockets.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <optional>
#include <poll.h>

namespace mohr::cli {
namespace {

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;
    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Address make_address(std::string_view text, std::uint16_t port) {
    Address address;
    const std::string name(text);
    if (text.find(':') == std::string_view::npos) {
        auto* const in = reinterpret_cast<sockaddr_in*>(&address.storage);
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        ::inet_pton(AF_INET, name.c_str(), &in->sin_addr);
        address.size = sizeof(sockaddr_in);
    } else {
        auto* const in = reinterpret_cast<sockaddr_in6*>(&address.storage);
        in->sin6_family = AF_INET6;
        in->sin6_port = htons(port);
        ::inet_pton(AF_INET6, name.c_str(), &in->sin6_addr);
        address.size = sizeof(sockaddr_in6);
    }
    return address;
}

std::string holder(const TcpRow& row) {
    const auto pid = process_with_socket(row.inode, std::nullopt);
    if (!pid) return "user " + user_text(row.uid);
    std::ifstream name("/proc/" + std::to_string(*pid) + "/comm");
    std::string program;
    std::getline(name, program);
    return printable(program, 64) + " (process " + std::to_string(*pid) + ")";
}

/// An address as /proc/net/tcp prints it: 32-bit words in host order, hexadecimal.
std::string readable(std::string_view hex) {
    std::array<std::uint32_t, 4> words{};
    const std::size_t count = hex.size() / 8;
    for (std::size_t i = 0; i < count && i < words.size(); ++i)
        std::from_chars(hex.data() + 8 * i, hex.data() + 8 * i + 8, words[i], 16);
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = count == 1 ? AF_INET : AF_INET6;
    return ::inet_ntop(family, words.data(), text.data(), text.size()) == nullptr ? "" : text.data();
}

void look_into(const char* table_name, std::uint16_t port, std::vector<Listening>& found) {
    constexpr std::uint8_t listening_state = 10;
    std::ifstream table(table_name);
    for (std::string line; std::getline(table, line);) {
        const auto row = parse_tcp_row(line);
        const std::size_t colon = row ? row->local.find(':') : std::string_view::npos;
        if (colon == std::string_view::npos || row->state != listening_state) continue;
        if (std::strtoul(row->local.data() + colon + 1, nullptr, 16) != port) continue;
        const std::string address = readable(row->local.substr(0, colon));
        if (address != "127.0.0.1" && address != "::1" && address != "0.0.0.0" && address != "::") continue;
        found.push_back({address, holder(*row)});
    }
}

} // namespace

std::vector<Listening> listening_on(std::uint16_t port) {
    std::vector<Listening> found;
    look_into("/proc/net/tcp", port, found);
    look_into("/proc/net/tcp6", port, found);
    return found;
}

bool has_address(std::string_view text) {
    const Address address = make_address(text, 0);
    const Descriptor socket(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return socket && ::bind(socket.get(), address.get(), address.size) == 0;
}

bool accepts(std::string_view text, std::uint16_t port) {
    const Address address = make_address(text, port);
    const Descriptor socket(
        ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return false;
    if (::connect(socket.get(), address.get(), address.size) == 0) return true;
    if (errno != EINPROGRESS) return false;
    pollfd entry{socket.get(), POLLOUT, 0};
    int error = 0;
    socklen_t size = sizeof error;
    return ::poll(&entry, 1, 1000) == 1 &&
           ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

} // namespace mohr::cli
