// SPDX-License-Identifier: Apache-2.0
// The page's side of the harness: a WebSocket of its own making.
#include "door_harness.hpp"
#include <mohr/base/encoding.hpp>

#include <boost/endian/conversion.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>

#include <poll.h>

#include <catch_compat.hpp>

namespace mohr::test {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

Wire::Wire(std::uint16_t port, bool) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const int connected =
        ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    INFO("errno " << errno);
    REQUIRE(connected == 0);
    const int yes = 1; // as browsers do
    ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

void Wire::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) return; // closed by the door: what it said is still to be read
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

bool Wire::wait_readable(milliseconds within) const {
    pollfd wanted{socket_.get(), POLLIN, 0};
    return ::poll(&wanted, 1, static_cast<int>(within.count())) > 0;
}

std::string Wire::read_some(std::size_t count, milliseconds within) {
    if (!wait_readable(within)) return {};
    std::string bytes(count, '\0');
    const ssize_t n = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (n <= 0) ended_ = true;
    bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    return bytes;
}

std::string Wire::read_to_end(milliseconds within) {
    const auto end = steady_clock::now() + within;
    std::string all;
    while (!ended_ && steady_clock::now() < end)
        all += read_some(65536, std::chrono::duration_cast<milliseconds>(end - steady_clock::now()) +
                                    milliseconds(1));
    return all;
}

std::string Wire::read(std::size_t count, milliseconds within) {
    const auto end = steady_clock::now() + within;
    std::string all;
    while (!ended_ && all.size() < count && steady_clock::now() < end)
        all +=
            read_some(count - all.size(),
                      std::chrono::duration_cast<milliseconds>(end - steady_clock::now()) + milliseconds(1));
    return all;
}

bool Wire::closes(milliseconds within) {
    (void)read_to_end(within);
    return ended_;
}

std::string upgrade_head(std::string_view host, std::string_view origin, std::string_view extra) {
    std::string head = "GET /v1 HTTP/1.1\r\nHost: " + std::string(host) + "\r\n";
    if (!origin.empty()) head += "Origin: " + std::string(origin) + "\r\n";
    return head +
           "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mohr.v1\r\n" +
           std::string(extra) + "\r\n";
}

Page::Page(const DoorProcess& door, Options options) : wire_(std::make_unique<Wire>(door.port())) {
    wire_->write(
        upgrade_head(options.host.empty() ? door.host() : options.host, options.origin, options.extra));
    while (response_.find("\r\n\r\n") == std::string::npos) {
        const std::string more = wire_->read(1);
        if (more.empty()) {
            UNSCOPED_INFO("no answer; the door's log: " << door.log());
            return;
        }
        response_ += more;
    }
    open_ = response_.rfind("HTTP/1.1 101 ", 0) == 0;
}

void Page::send_frame(unsigned first_byte, std::string_view payload, bool masked) {
    std::string frame(1, static_cast<char>(first_byte));
    const unsigned mask_bit = masked ? 0x80 : 0;
    std::array<unsigned char, 8> length{};
    if (payload.size() < 126) {
        frame += static_cast<char>(mask_bit | payload.size());
    } else if (payload.size() < 65536) {
        frame += static_cast<char>(mask_bit | 126);
        boost::endian::store_big_u16(length.data(), static_cast<std::uint16_t>(payload.size()));
        frame.append(reinterpret_cast<const char*>(length.data()), 2);
    } else {
        frame += static_cast<char>(mask_bit | 127);
        boost::endian::store_big_u64(length.data(), payload.size());
        frame.append(reinterpret_cast<const char*>(length.data()), 8);
    }
    if (masked) frame.append(4, '\0'); // the mask of zeros: the payload stays as it is
    frame += payload;
    wire_->write(frame);
}

void Page::send_binary(std::uint32_t stream, ByteView bytes) {
    std::string payload(4, '\0');
    boost::endian::store_big_u32(reinterpret_cast<unsigned char*>(payload.data()), stream);
    payload += as_text(bytes);
    send_frame(0x82, payload);
}

std::optional<Frame> Page::receive(milliseconds within) {
    for (;;) {
        const std::string head = wire_->read(2, within);
        if (head.size() < 2) return std::nullopt;
        Frame frame;
        frame.opcode = static_cast<unsigned char>(head[0]) & 0x0FU;
        std::uint64_t length = static_cast<unsigned char>(head[1]) & 0x7FU;
        if (length >= 126) {
            const std::size_t bytes = length == 126 ? 2 : 8;
            length = 0;
            for (const char c : wire_->read(bytes)) length = length << 8U | static_cast<unsigned char>(c);
        }
        frame.payload = wire_->read(static_cast<std::size_t>(length));
        if (frame.opcode == 9) {
            if (answer_pings) send_frame(0x8A, frame.payload);
            continue;
        }
        return frame;
    }
}

unsigned Page::close_code(milliseconds within) {
    const auto end = steady_clock::now() + within;
    while (steady_clock::now() < end) {
        const auto frame =
            receive(std::chrono::duration_cast<milliseconds>(end - steady_clock::now()) + milliseconds(1));
        if (!frame) return 0;
        if (frame->opcode == 8 && frame->payload.size() >= 2)
            return boost::endian::load_big_u16(reinterpret_cast<const unsigned char*>(frame->payload.data()));
    }
    return 0;
}

void Page::take_message(const Frame& frame) {
    if (frame.opcode == 2) {
        REQUIRE(frame.payload.size() >= 4);
        REQUIRE(frame.payload.size() <= 4 + 256 * 1024);
        const auto stream =
            boost::endian::load_big_u32(reinterpret_cast<const unsigned char*>(frame.payload.data()));
        if (on_bytes) return on_bytes(stream, std::string_view(frame.payload).substr(4));
        received_[stream] += frame.payload.substr(4);
        return;
    }
    json message = json::parse(frame.payload);
    if (message.contains("id")) {
        if (!message["id"].is_number_integer()) return notifications.push_back(std::move(message));
        const auto id = message["id"].get<std::int64_t>();
        replies_[id] = std::make_shared<json>(std::move(message));
        return;
    }
    if (message["method"] == "stream.credit")
        credits_[message["params"]["stream"].get<std::uint32_t>()] +=
            message["params"]["bytes"].get<std::uint64_t>();
    if (message["method"] == "stream.end") ended_[message["params"]["stream"].get<std::uint32_t>()] = true;
    notifications.push_back(std::move(message));
}

std::int64_t Page::begin(std::string_view method, const json& params) {
    const std::int64_t id = ++last_id_;
    send_text(json{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}}.dump());
    return id;
}

json Page::finish(std::int64_t id) {
    while (replies_.find(id) == replies_.end()) {
        const auto frame = receive(std::chrono::seconds(30));
        REQUIRE(frame);
        REQUIRE(frame->opcode != 8);
        take_message(*frame);
    }
    json reply = std::move(*replies_[id]);
    replies_.erase(id);
    return reply;
}

json Page::call(std::string_view method, const json& params) {
    return finish(begin(method, params));
}

void Page::notify(std::string_view method, const json& params) {
    send_text(json{{"jsonrpc", "2.0"}, {"method", method}, {"params", params}}.dump());
}

json Page::result(std::string_view method, const json& params) {
    json reply = call(method, params);
    INFO(reply.dump());
    REQUIRE(reply.contains("result"));
    return reply["result"];
}

std::string Page::error(std::string_view method, const json& params) {
    json reply = call(method, params);
    INFO(reply.dump());
    REQUIRE(reply.contains("error"));
    return reply["error"]["data"]["code"].get<std::string>();
}

void Page::upload(std::uint32_t stream, std::uint64_t credit, std::uint64_t size,
                  const std::function<Bytes()>& next) {
    credits_[stream] += credit;
    for (std::uint64_t sent = 0; sent < size;) {
        const Bytes piece = next();
        while (credits_[stream] < piece.size()) {
            const auto frame = receive(std::chrono::seconds(30));
            REQUIRE(frame);
            REQUIRE(frame->opcode != 8);
            take_message(*frame);
        }
        credits_[stream] -= piece.size();
        send_binary(stream, piece);
        sent += piece.size();
    }
    REQUIRE(result("stream.close", {{"stream", stream}})["size"] == size);
}

void Page::download(std::uint32_t stream, const std::function<void(std::string_view)>& take) {
    for (;;) {
        std::string bytes = std::move(received_[stream]);
        received_[stream].clear();
        if (!bytes.empty()) {
            take(bytes);
            notify("stream.credit", {{"stream", stream}, {"bytes", bytes.size()}});
        } else if (ended_[stream]) {
            return;
        }
        if (ended_[stream]) continue;
        const auto frame = receive(std::chrono::seconds(30));
        REQUIRE(frame);
        REQUIRE(frame->opcode != 8);
        take_message(*frame);
    }
}

} // namespace mohr::test
