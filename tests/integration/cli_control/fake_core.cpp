// SPDX-License-Identifier: Apache-2.0
#include "fake_core.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <array>
#include <cstring>
#include <poll.h>
#include <stdexcept>
#include <unistd.h>

namespace mohr::test {

bool CorePeer::read_exactly(void* to, std::size_t size, std::vector<Descriptor>* descriptors) {
    auto* at = static_cast<char*>(to);
    while (size > 0) {
        iovec part{at, size};
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * 8)> control{};
        msghdr header{};
        header.msg_iov = &part;
        header.msg_iovlen = 1;
        header.msg_control = control.data();
        header.msg_controllen = control.size();
        const ssize_t count = ::recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC);
        if (count <= 0) return false;
        for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c))
            for (std::size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); ++i) {
                int fd = -1;
                std::memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
                if (descriptors != nullptr) descriptors->emplace_back(fd);
            }
        at += count;
        size -= static_cast<std::size_t>(count);
    }
    return true;
}

Received CorePeer::receive() {
    Received message;
    std::array<unsigned char, 5> header{};
    if (!read_exactly(header.data(), header.size(), &message.descriptors)) return message;
    const std::size_t length = (std::size_t{header[0]} << 24 | std::size_t{header[1]} << 16 |
                                std::size_t{header[2]} << 8 | header[3]) -
                               1;
    if (header[4] != 0 || length > 1024 * 1024) return message;
    std::string body(length, '\0');
    if (!read_exactly(body.data(), length, nullptr)) return message;
    message.json = nlohmann::json::parse(body, nullptr, false);
    for (std::size_t i = 0; message.json.contains("secrets") && i < message.json["secrets"].size(); ++i) {
        if (!read_exactly(header.data(), header.size(), nullptr) || header[4] != 1) return {};
        std::string secret((std::size_t{header[2]} << 8 | header[3]) - 1, '\0');
        if (!read_exactly(secret.data(), secret.size(), nullptr)) return {};
        message.secrets.push_back(std::move(secret));
    }
    return message;
}

void CorePeer::reply(const Received& request, const nlohmann::json& result) {
    send({{"jsonrpc", "2.0"}, {"id", request.json.at("id")}, {"result", result}});
}

void CorePeer::refuse(const Received& request, const std::string& code, nlohmann::json data) {
    data["code"] = code;
    send({{"jsonrpc", "2.0"},
          {"id", request.json.at("id")},
          {"error", {{"code", -32000}, {"message", "Refused."}, {"data", data}}}});
}

void CorePeer::send_frame(std::uint8_t kind, const std::string& body) {
    const std::size_t length = body.size() + 1;
    std::string frame;
    for (const int shift : {24, 16, 8, 0}) frame += static_cast<char>(length >> shift & 0xFF);
    frame += static_cast<char>(kind);
    send_bytes(frame + body);
}

void CorePeer::send_bytes(const std::string& bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        const ssize_t count = ::send(socket_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) return; // the client has had enough
        sent += static_cast<std::size_t>(count);
    }
}

FakeCore::FakeCore(Script script) : script_(std::move(script)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = socket();
    std::memcpy(address.sun_path, path.c_str(), path.size());
    listener_ = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_.get(), 4) != 0)
        throw std::runtime_error("fake core: " + path);
    thread_ = std::thread([this] {
        while (!ended_) {
            pollfd entry{listener_.get(), POLLIN, 0};
            if (::poll(&entry, 1, 50) <= 0) continue;
            Descriptor peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            const timeval limit{10, 0};
            ::setsockopt(peer.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
            ::setsockopt(peer.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
            CorePeer connection(std::move(peer));
            script_(connection);
        }
    });
}

FakeCore::~FakeCore() {
    ended_ = true;
    thread_.join();
}

FakeCore::Script answering(std::function<nlohmann::json(const Received&)> answer) {
    return [answer = std::move(answer)](CorePeer& peer) {
        for (;;) {
            const Received request = peer.receive();
            if (request.json.is_null()) return;
            const nlohmann::json result = answer(request);
            if (result.is_null())
                peer.refuse(request, "method_not_found");
            else if (result.is_object() && result.contains("refuse"))
                peer.refuse(request, result["refuse"], result.value("data", nlohmann::json::object()));
            else
                peer.reply(request, result);
        }
    };
}

} // namespace mohr::test
