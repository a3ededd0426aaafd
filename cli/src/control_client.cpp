// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/encoding.hpp>
#include <mohr/base/rights.hpp>
#include <mohr/cli/control_client.hpp>
#include <mohr/protocol/members.hpp>

#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <unistd.h>

namespace mohr::cli {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t max_descriptors = 4;

Failure lost(std::string detail) {
    return {Exit::no_answer, "connection_lost", "The service broke off the connection.", std::move(detail)};
}
Failure malformed(std::string detail) {
    return {Exit::no_answer, "protocol_error", "The service sent something that is not its protocol.",
            std::move(detail)};
}
Failure late() {
    return {Exit::no_answer, "service_timeout", "The service did not answer in time."};
}

milliseconds left_until(Clock::time_point deadline) {
    return std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(deadline - Clock::now()));
}

/// poll(2) on one descriptor; true if something can be done, also to learn of an error.
bool wait_for(int fd, short events, milliseconds timeout) {
    const auto deadline = Clock::now() + timeout;
    for (;;) {
        pollfd entry{fd, events, 0};
        const int count = ::poll(&entry, 1, static_cast<int>(left_until(deadline).count()));
        if (count > 0) return true;
        if (count == 0 || errno != EINTR) return false;
    }
}

Outcome<void> check_owner(int fd) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return failure_from(system_failure("SO_PEERCRED"), "The service could not be identified.");
    if (peer.uid != ::geteuid())
        return Failure(Exit::failed, "foreign_service", "The control socket belongs to another user.",
                       "uid " + std::to_string(peer.uid));
    return {};
}

std::uint32_t read_length(const Bytes& buffer) {
    return (std::uint32_t{buffer[0]} << 24) | (std::uint32_t{buffer[1]} << 16) |
           (std::uint32_t{buffer[2]} << 8) | buffer[3];
}

} // namespace

bool nests_deeper(std::string_view json, std::size_t limit) noexcept {
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (in_string) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > limit) return true;
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return false;
}

Outcome<ControlClient> ControlClient::connect(const std::filesystem::path& socket) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string& name = socket.native();
    if (name.empty() || name.size() >= sizeof address.sun_path)
        return Failure(Exit::usage, "socket_path", "The path of the control socket is empty or too long.",
                       name);
    std::memcpy(address.sun_path, name.data(), name.size());
    Descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return failure_from(system_failure("socket"), "No socket could be made.");
    const auto deadline = Clock::now() + connect_timeout;
    while (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        if (errno == EINTR) continue;
        if (errno == EAGAIN && left_until(deadline).count() > 0) { // its backlog is full
            ::poll(nullptr, 0, 20);
            continue;
        }
        if (errno == ENOENT || errno == ECONNREFUSED)
            return Failure(Exit::not_running, "service_not_running", "The service is not running.", name);
        if (errno == EAGAIN) return late();
        return failure_from(system_failure(name), "The control socket cannot be used.");
    }
    if (auto owner = check_owner(fd.get()); !owner) return owner.error();
    return ControlClient(std::move(fd));
}

Outcome<void> ControlClient::send_frame(std::uint8_t kind, ByteView body,
                                        const std::vector<NamedDescriptor>& descriptors) {
    const auto length = static_cast<std::uint32_t>(body.size() + 1);
    std::array<std::uint8_t, 5> header{
        static_cast<std::uint8_t>(length >> 24), static_cast<std::uint8_t>(length >> 16),
        static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length), kind};
    std::vector<int> raw;
    for (const auto& [name, fd] : descriptors) raw.push_back(fd);
    const auto deadline = Clock::now() + send_timeout;
    std::size_t sent = 0;
    const std::size_t total = header.size() + body.size();
    while (sent < total) {
        const std::size_t of_header = std::min(sent, header.size());
        const std::size_t of_body = sent - of_header;
        std::array<iovec, 2> parts{
            iovec{header.data() + of_header, header.size() - of_header},
            iovec{const_cast<std::uint8_t*>(body.data()) + of_body, body.size() - of_body}};
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = parts.size();
        RightsBuffer rights;
        if (sent == 0) attach_rights(message, rights, raw);
        const ssize_t count = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
        if (count > 0) {
            sent += static_cast<std::size_t>(count);
        } else if (count < 0 && errno == EAGAIN) {
            if (!wait_for(socket_.get(), POLLOUT, left_until(deadline))) return late();
        } else if (count < 0 && errno != EINTR) {
            return lost(std::strerror(errno));
        }
    }
    return {};
}

Outcome<void> ControlClient::send(nlohmann::json message, std::vector<NamedSecret> secrets,
                                  const std::vector<NamedDescriptor>& descriptors) {
    if (descriptors.size() > max_descriptors)
        return Failure(Exit::failed, "limit_exceeded", "Too many descriptors.");
    for (const auto& [name, secret] : secrets) {
        if (secret.size() > max_secret_bytes)
            return Failure(Exit::usage, "limit_exceeded", "A PIN or password is too long.", name);
        message["secrets"].push_back(name);
    }
    for (const auto& [name, fd] : descriptors) message["descriptors"].push_back(name);
    const std::string text = to_line(message);
    if (text.size() + 1 > max_message_bytes)
        return Failure(Exit::failed, "limit_exceeded", "The request is larger than a message may be.");
    MOHR_TRY(send_frame(0, as_bytes(text), descriptors));
    for (const auto& [name, secret] : secrets) MOHR_TRY(send_frame(1, secret.reveal(), {}));
    return {};
}

Outcome<nlohmann::json> ControlClient::take_buffered() {
    nlohmann::json none(nlohmann::json::value_t::discarded);
    if (buffer_.size() < 4) return none;
    const std::uint32_t length = read_length(buffer_);
    if (length < 2 || length > max_message_bytes)
        return malformed("a message of " + std::to_string(length) + " bytes");
    if (buffer_.size() >= 5 && buffer_[4] != 0)
        return malformed("a frame of kind " + std::to_string(buffer_[4]));
    if (buffer_.size() < std::size_t{4} + length) return none;
    const std::string_view text = as_text(ByteView(buffer_).subspan(5, length - 1));
    if (nests_deeper(text, max_message_depth)) return malformed("nested too deeply");
    auto message = nlohmann::json::parse(text, nullptr, false);
    if (!message.is_object()) return malformed("not a JSON object");
    buffer_.erase(buffer_.begin(), buffer_.begin() + 4 + static_cast<std::ptrdiff_t>(length));
    return message;
}

Outcome<nlohmann::json> ControlClient::receive(milliseconds timeout) {
    const auto deadline = Clock::now() + timeout;
    std::array<std::uint8_t, 16 * 1024> chunk;
    for (;;) {
        auto message = take_buffered();
        if (!message || !message->is_discarded()) return message;
        if (!wait_for(socket_.get(), POLLIN, left_until(deadline))) return message;
        // Plain recv: descriptors that a peer would push at us are dropped by the kernel.
        const ssize_t count = ::recv(socket_.get(), chunk.data(), chunk.size(), 0);
        if (count == 0) return lost("end of stream");
        if (count > 0)
            buffer_.insert(buffer_.end(), chunk.begin(), chunk.begin() + count);
        else if (errno != EAGAIN && errno != EINTR)
            return lost(std::strerror(errno));
    }
}

Outcome<nlohmann::json> ControlClient::await_reply(std::uint64_t id, const Waiting& waiting) {
    constexpr milliseconds tick{200};
    auto deadline = Clock::now() + waiting.limit;
    bool cancelled = false;
    for (;;) {
        auto message = receive(std::min(tick, left_until(deadline)));
        if (!message) return message.error();
        if (!message->is_discarded()) {
            const std::string method = text_member(*message, "method");
            if (method.empty() && number_member(*message, "id") == id) return message;
            if (!method.empty()) {
                if (!cancelled) deadline = Clock::now() + waiting.limit;
                if (waiting.on_notification) waiting.on_notification(method, member(*message, "params"));
            }
        }
        if (waiting.on_tick && waiting.on_tick() && !cancelled) deadline = Clock::now() + waiting.limit;
        if (!cancelled && waiting.interrupts != nullptr) {
            const auto kind = waiting.interrupts->take();
            if (kind == Interrupts::Kind::interrupt || kind == Interrupts::Kind::terminate) {
                MOHR_TRY(send({{"jsonrpc", "2.0"}, {"method", "$/cancel"}, {"params", {{"id", id}}}}));
                cancelled = true;
                deadline = Clock::now() + cancel_timeout;
            }
        }
        if (Clock::now() >= deadline) return cancelled ? interrupted() : late();
    }
}

Outcome<nlohmann::json> ControlClient::call(std::string_view method, const nlohmann::json& params,
                                            std::vector<NamedSecret> secrets,
                                            const std::vector<NamedDescriptor>& descriptors,
                                            const Waiting& waiting) {
    const std::uint64_t id = next_id_++;
    nlohmann::json request{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}};
    request["params"] = params.is_null() ? nlohmann::json::object() : params;
    MOHR_TRY(send(std::move(request), std::move(secrets), descriptors));
    auto reply = await_reply(id, waiting);
    if (!reply) return reply.error();
    if (reply->contains("error")) return failure_from_error((*reply)["error"]);
    if (!reply->contains("result")) return malformed("a reply without result");
    return std::move((*reply)["result"]);
}

} // namespace mohr::cli
