// SPDX-License-Identifier: Apache-2.0
#include "control_connection.hpp"

#include <mohr/base/encoding.hpp>
#include <mohr/base/rights.hpp>
#include <mohr/protocol/control_frames.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <nlohmann/json.hpp>
#include <spdlog/logger.h>

#include <cerrno>

namespace mohr::core {
namespace asio = boost::asio;
namespace jsonrpc = protocol::jsonrpc;
using protocol::Code;
using protocol::Failure;

namespace {

constexpr std::size_t max_descriptors = 4;
constexpr std::size_t max_secrets = 4;
constexpr int reads_per_turn = 256;

bool unique_names(const std::vector<std::string>& names) {
    for (std::size_t i = 0; i < names.size(); ++i)
        for (std::size_t j = i + 1; j < names.size(); ++j)
            if (names[i] == names[j]) return false;
    return true;
}

} // namespace

ControlOutcome::ControlOutcome(nlohmann::json value)
    : value_(std::make_shared<nlohmann::json>(std::move(value))) {}
ControlOutcome::ControlOutcome(Failure failure) : failure_(std::move(failure)) {}

/// A message whose secrets are still to come.
struct ControlConnection::Pending {
    jsonrpc::Message message;
    std::map<std::string, Secret> secrets;
    std::map<std::string, Descriptor> descriptors;
};

struct ControlConnection::Io {
    Io(asio::io_context& context, int fd) : socket(context, fd), deadline(context) {}
    asio::posix::stream_descriptor socket;
    asio::steady_timer deadline;
    protocol::ControlFrameReader reader;
};

ControlConnection::ControlConnection(IoLoop& loop, std::shared_ptr<spdlog::logger> log, ControlLimits limits,
                                     std::uint64_t id, Descriptor socket, pid_t peer, Handlers handlers)
    : loop_(loop), log_(std::move(log)), limits_(limits), id_(id), peer_(peer),
      handlers_(std::move(handlers)), io_(std::make_unique<Io>(loop.context(), socket.release())) {}
ControlConnection::~ControlConnection() = default;

void ControlConnection::start() {
    wait_readable();
}

void ControlConnection::notify(std::string_view method, const nlohmann::json& params) {
    send(jsonrpc::make_notification(method, params));
}

void ControlConnection::ask(std::string_view method, const nlohmann::json& params,
                            const ControlDescriptors& descriptors,
                            std::function<void(std::optional<ControlAnswer>)> answered) {
    const std::int64_t id = ++last_question_;
    questions_.emplace(id, std::move(answered));
    jsonrpc::Attachments attachments;
    for (const auto& one : descriptors) attachments.descriptors.push_back(one.name);
    send(jsonrpc::make_request(id, method, params, attachments), descriptors);
}

void ControlConnection::close() {
    if (closed_) return;
    closed_ = true;
    boost::system::error_code ignored;
    io_->socket.close(ignored);
    io_->deadline.cancel();
    queue_.clear();
    const auto self = shared_from_this();
    for (auto& [id, answered] : std::exchange(questions_, {})) answered(std::nullopt);
    if (const auto gone = std::exchange(handlers_.gone, {})) gone();
}

void ControlConnection::wait_readable() {
    io_->socket.async_wait(asio::posix::stream_descriptor::wait_read,
                           [self = shared_from_this()](const boost::system::error_code& error) {
                               if (!error && !self->closed_) self->read_turn();
                           });
}

void ControlConnection::read_turn() {
    for (int i = 0; i < reads_per_turn && !closed_; ++i)
        if (!read_once()) return;
    if (!closed_) wait_readable();
}

/// False when there is nothing more to read for now.
bool ControlConnection::read_once() {
    const bool first_byte = io_->reader.at_start();
    const auto room = io_->reader.room();
    iovec part{room.data(), room.size()};
    RightsBuffer rights;
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    expect_rights(header, rights, max_descriptors);
    const ssize_t n = ::recvmsg(io_->socket.native_handle(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0 && errno == EINTR) return true;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        wait_readable();
        return false;
    }
    if (n <= 0) {
        close();
        return false;
    }
    if (!take_descriptors(header, first_byte)) return fail("descriptors where none may be");
    auto frame = io_->reader.filled(static_cast<std::size_t>(n));
    if (!frame) return fail(frame.error().detail);
    if (!*frame) {
        if (first_byte) arm_deadline();
        return true;
    }
    if (auto* text = std::get_if<std::string>(&**frame)) return on_json(*text);
    return on_secret(std::move(std::get<Secret>(**frame)));
}

bool ControlConnection::take_descriptors(msghdr& header, bool first_byte) {
    auto received = take_rights(header);
    if ((header.msg_flags & MSG_CTRUNC) != 0) return false;
    if (received.empty()) return true;
    if (!first_byte || !descriptors_.empty()) return false;
    descriptors_ = std::move(received);
    return true;
}

bool ControlConnection::fail(std::string_view why) {
    log_->warn("control: connection {} closed: {}", id_, printable(why));
    close();
    return false;
}

/// A message that began has to end: half of one would hold its secrets for ever.
void ControlConnection::arm_deadline() {
    io_->deadline.expires_after(limits_.half_message);
    io_->deadline.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (!error && !self->closed_) self->fail("half a message");
    });
}

bool ControlConnection::on_json(const std::string& text) {
    if (pending_) return fail("a secret was announced and did not come");
    jsonrpc::ParseOptions options;
    options.attachments = true;
    options.replies = true;
    auto parsed = jsonrpc::parse(text, options);
    auto descriptors = std::exchange(descriptors_, {});
    if (!parsed) {
        io_->deadline.cancel();
        send(jsonrpc::make_error(parsed.error().id, parsed.error().failure));
        // Whatever follows could be a secret of a message that we did not understand.
        return fail("malformed message");
    }
    auto pending = std::make_unique<Pending>(Pending{std::move(*parsed), {}, {}});
    const auto& names = pending->message.attachments;
    if (names.secrets.size() > max_secrets || names.descriptors.size() != descriptors.size() ||
        !unique_names(names.secrets) || !unique_names(names.descriptors))
        return fail("secrets or descriptors do not fit their names");
    for (std::size_t i = 0; i < descriptors.size(); ++i)
        pending->descriptors.emplace(names.descriptors[i], std::move(descriptors[i]));
    pending_ = std::move(pending);
    return complete_if_ready();
}

bool ControlConnection::on_secret(Secret secret) {
    if (!pending_) return fail("a secret that no message announced");
    const auto& names = pending_->message.attachments.secrets;
    pending_->secrets.emplace(names[pending_->secrets.size()], std::move(secret));
    return complete_if_ready();
}

bool ControlConnection::complete_if_ready() {
    if (pending_->secrets.size() < pending_->message.attachments.secrets.size()) {
        arm_deadline();
        return true;
    }
    io_->deadline.cancel();
    Pending complete = std::move(*pending_);
    pending_.reset();
    dispatch(std::move(complete));
    return !closed_;
}

void ControlConnection::dispatch(Pending complete) {
    jsonrpc::Message& message = complete.message;
    switch (message.kind) {
    case jsonrpc::Kind::request:
        return on_request(std::move(complete));
    case jsonrpc::Kind::notification:
        handlers_.notification(message.method, *message.params);
        return;
    case jsonrpc::Kind::result:
    case jsonrpc::Kind::error:
        return on_answer(std::move(complete));
    }
}

void ControlConnection::on_request(Pending complete) {
    const jsonrpc::Id id = complete.message.id;
    if (open_requests_ >= limits_.requests_per_connection) {
        Failure failure(Code::limit_exceeded);
        failure.limit = "requests";
        failure.max = limits_.requests_per_connection;
        send(jsonrpc::make_error(id, failure));
        return;
    }
    ++open_requests_;
    ControlRequest request;
    request.connection = id_;
    request.peer = peer_;
    request.id = id;
    request.method = std::move(complete.message.method);
    request.params = std::move(complete.message.params);
    request.secrets = std::move(complete.secrets);
    request.descriptors = std::move(complete.descriptors);
    const std::weak_ptr<ControlConnection> weak = shared_from_this();
    const auto answer = [weak, id, log = log_](const ControlOutcome& outcome) {
        if (!outcome && !outcome.error().detail.empty())
            log->info("control: {}", printable(outcome.error().detail));
        const auto self = weak.lock();
        if (!self || self->closed_) return;
        --self->open_requests_;
        self->send(outcome ? jsonrpc::make_result(id, std::move(outcome.value()))
                           : jsonrpc::make_error(id, outcome.error()));
    };
    handlers_.request(std::move(request), answer);
}

void ControlConnection::on_answer(Pending complete) {
    const auto* id = std::get_if<std::int64_t>(&complete.message.id);
    const auto question = id != nullptr ? questions_.find(*id) : questions_.end();
    if (question == questions_.end()) return; // to a prompt that was closed meanwhile
    const auto answered = std::move(question->second);
    questions_.erase(question);
    ControlAnswer answer;
    if (complete.message.kind == jsonrpc::Kind::result) answer.result = std::move(complete.message.result);
    answer.secrets = std::move(complete.secrets);
    answered(std::move(answer));
}

void ControlConnection::send(const std::string& json, const ControlDescriptors& descriptors) {
    if (closed_) return;
    queued_bytes_ += json.size() + 5;
    const bool too_large =
        json.size() > protocol::max_control_json_bytes || descriptors.size() > max_sent_descriptors;
    if (queued_bytes_ > limits_.queued_bytes || too_large) {
        // Not from inside the caller's call.
        loop_.post([self = shared_from_this(), too_large] {
            if (!self->closed_)
                self->fail(too_large ? "a message beyond its limits" : "does not read its replies");
        });
        return;
    }
    queue_.push_back({protocol::control_frame(json), descriptors});
    if (queue_.size() == 1) flush();
}

ssize_t ControlConnection::send_some(const Outgoing& next) const {
    iovec part{const_cast<std::uint8_t*>(next.frame.data()) + sent_, next.frame.size() - sent_};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    RightsBuffer rights;
    std::vector<int> raw;
    for (const auto& one : next.descriptors) raw.push_back(one.fd);
    if (sent_ == 0) attach_rights(header, rights, raw);
    return ::sendmsg(io_->socket.native_handle(), &header, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void ControlConnection::flush() {
    while (!queue_.empty()) {
        const Outgoing& front = queue_.front();
        const ssize_t n = send_some(front);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return wait_writable();
        if (n < 0) {
            loop_.post([self = shared_from_this()] { self->close(); });
            return;
        }
        sent_ += static_cast<std::size_t>(n);
        if (sent_ < front.frame.size()) continue;
        queued_bytes_ -= front.frame.size();
        sent_ = 0;
        queue_.pop_front();
    }
    if (handlers_.written) handlers_.written();
}

void ControlConnection::wait_writable() {
    io_->socket.async_wait(asio::posix::stream_descriptor::wait_write,
                           [self = shared_from_this()](const boost::system::error_code& error) {
                               if (!error && !self->closed_) self->flush();
                           });
}

} // namespace mohr::core
