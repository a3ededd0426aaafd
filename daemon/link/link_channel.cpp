// SPDX-License-Identifier: Apache-2.0
#include "link/link_channel.hpp"

#include <mohr/base/rights.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/endian/conversion.hpp>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <iterator>
#include <unistd.h>
#include <utility>

namespace mohr::link {
namespace {

using protocol::link::max_descriptors;
using protocol::link::max_message_bytes;
using protocol::link::max_secret_bytes;

constexpr std::size_t header_bytes = 8;
constexpr std::size_t max_queue_bytes = 64 * 1024 * 1024;
/// One peer may not keep the thread for itself.
constexpr int messages_per_turn = 64;

std::string system_text(const char* what) {
    return std::string(what) + ": " + std::strerror(errno);
}

struct Outgoing {
    std::array<std::uint8_t, header_bytes> header{};
    Bytes body;
    Secret secret;
    Descriptors descriptors;
    std::size_t sent = 0;
    [[nodiscard]] std::size_t size() const noexcept { return header_bytes + body.size() + secret.size(); }
};

/// One sendmsg() takes this many messages along.
constexpr std::size_t messages_at_once = 8;
using Parts = std::array<iovec, 3 * messages_at_once>;

/// Adds the parts of `message` from its byte `sent` on.
void add_remaining_parts(const Outgoing& message, Parts& parts, std::size_t& count) {
    const std::array<ByteView, 3> all{ByteView(message.header), ByteView(message.body),
                                      message.secret.reveal()};
    std::size_t skip = message.sent;
    for (ByteView part : all) {
        const std::size_t cut = std::min(skip, part.size());
        skip -= cut;
        part = part.subspan(cut);
        if (!part.empty()) parts[count++] = {const_cast<std::uint8_t*>(part.data()), part.size()};
    }
}

} // namespace

class Channel::State : public std::enable_shared_from_this<State> {
public:
    State(boost::asio::io_context& context, Descriptor socket) : socket_(context, socket.release()) {
        socket_.native_non_blocking(true);
    }

    void start(OnMessage on_message, OnClosed on_closed) {
        handlers_ = std::make_shared<Handlers>(Handlers{std::move(on_message), std::move(on_closed)});
        wait_readable();
    }

    void send(Bytes body, Secret secret, Descriptors descriptors) {
        if (closed_) return;
        if (body.size() > max_message_bytes || secret.size() > max_secret_bytes ||
            descriptors.size() > max_descriptors)
            return fail_later("a message over the link's limits was to be sent");
        Outgoing message;
        boost::endian::store_little_u32(message.header.data(), static_cast<std::uint32_t>(body.size()));
        boost::endian::store_little_u32(message.header.data() + 4, static_cast<std::uint32_t>(secret.size()));
        message.body = std::move(body);
        message.secret = std::move(secret);
        message.descriptors = std::move(descriptors);
        queued_ += message.size();
        if (queued_ > max_queue_bytes) return fail_later("the peer does not read");
        queue_.push_back(std::move(message));
        flush_soon();
    }

    void close() noexcept {
        if (!closed_) (void)send_queue(); // what was sent in this turn is on its way
        closed_ = true;
        queue_.clear();
        queued_ = 0;
        handlers_.reset();
        boost::system::error_code ignored;
        socket_.close(ignored);
    }

    [[nodiscard]] std::size_t queued() const noexcept { return queued_; }

private:
    using Wait = boost::asio::posix::stream_descriptor;
    struct Handlers {
        OnMessage message;
        OnClosed closed;
    };

    void fail(std::string reason) {
        if (closed_) return;
        const auto handlers = handlers_;
        close();
        if (handlers) handlers->closed(std::move(reason));
    }
    /// For failures found inside send(): its caller does not expect to be called back before it returns.
    void fail_later(std::string reason) {
        queue_.clear();
        queued_ = 0;
        boost::asio::post(socket_.get_executor(),
                          [self = shared_from_this(), reason = std::move(reason)] { self->fail(reason); });
    }

    // --- sending ---

    /// At the end of this turn of the loop: messages of one turn go out together, and wake the peer once.
    void flush_soon() {
        if (std::exchange(flushing_, true)) return;
        boost::asio::post(socket_.get_executor(), [self = shared_from_this()] {
            if (!self->closed_) self->flush();
        });
    }

    void flush() {
        const int error = send_queue();
        if (error == EAGAIN || error == EWOULDBLOCK) return wait_writable();
        flushing_ = false;
        errno = error;
        if (error != 0) fail_later(system_text("sendmsg"));
    }

    /// Sends until the queue is empty (0) or the socket refuses (errno).
    int send_queue() {
        while (!queue_.empty()) {
            const ssize_t n = send_some();
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return errno;
            queue_.front().descriptors.clear();
            auto left = static_cast<std::size_t>(n);
            while (!queue_.empty()) {
                Outgoing& message = queue_.front();
                const std::size_t taken = std::min(left, message.size() - message.sent);
                message.sent += taken;
                left -= taken;
                if (message.sent < message.size()) break;
                queued_ -= message.size();
                queue_.pop_front();
            }
        }
        return 0;
    }

    /// Several messages at once; only the first may carry descriptors, since they travel with its first byte.
    ssize_t send_some() {
        Parts parts{};
        msghdr header{};
        header.msg_iov = parts.data();
        std::size_t messages = 0;
        for (const Outgoing& one : queue_) {
            if (messages == messages_at_once || (messages > 0 && !one.descriptors.empty())) break;
            add_remaining_parts(one, parts, header.msg_iovlen);
            ++messages;
        }
        const Outgoing& message = queue_.front();
        RightsBuffer rights;
        std::array<int, max_descriptors> raw{};
        std::transform(message.descriptors.begin(), message.descriptors.end(), raw.begin(),
                       [](const Descriptor& one) { return one.get(); });
        attach_rights(header, rights, std::span(raw).first(message.descriptors.size()));
        return ::sendmsg(socket_.native_handle(), &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    }

    void wait_writable() {
        socket_.async_wait(Wait::wait_write, [self = shared_from_this()](boost::system::error_code error) {
            if (!self->closed_ && !error) self->flush();
        });
    }

    // --- receiving ---

    void wait_readable() {
        socket_.async_wait(Wait::wait_read, [self = shared_from_this()](boost::system::error_code error) {
            if (!self->closed_ && !error) self->receive_turn();
        });
    }

    void receive_turn() {
        for (int i = 0; i < messages_per_turn; ++i) {
            if (!receive_part()) return;
            if (received_ >= header_bytes && received_ == whole_message()) {
                if (!deliver()) return;
            }
            if (std::exchange(drained_, false)) break;
        }
        wait_readable();
    }

    /// Hands the message that is complete to its receiver and begins the next, of which a read may have brought the
    /// header. False if the channel has ended.
    bool deliver() {
        Incoming incoming{std::move(body_), std::move(secret_), std::move(descriptors_)};
        body_ = {};
        secret_ = {};
        header_ = next_header_;
        received_ = std::exchange(next_received_, 0);
        descriptors_ = std::exchange(next_descriptors_, {});
        // The callback may close or destroy the channel; it outlives that.
        const auto handlers = handlers_;
        handlers->message(std::move(incoming));
        if (closed_) return false;
        return received_ != header_bytes || prepare_body();
    }

    [[nodiscard]] std::size_t whole_message() const noexcept {
        return header_bytes + body_.size() + secret_.size();
    }

    /// One read, of a header or of the rest of a message and the header behind it; false if there is nothing to be
    /// read now, or the channel has ended.
    bool receive_part() {
        std::array<iovec, 3> parts{};
        msghdr message{};
        message.msg_iov = parts.data();
        RightsBuffer rights;
        expect_rights(message, rights, max_descriptors);
        const bool in_header = received_ < header_bytes;
        std::size_t wanted = header_bytes - received_;
        if (in_header) {
            parts[0] = {header_.data() + received_, wanted};
            message.msg_iovlen = 1;
        } else {
            wanted = whole_message() - received_;
            message.msg_iovlen = rest_of_message(parts);
            parts[message.msg_iovlen++] = {next_header_.data(), header_bytes};
        }
        const ssize_t n = ::recvmsg(socket_.native_handle(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) return true;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            wait_readable();
            return false;
        }
        if (n < 0) return end(system_text("recvmsg"));
        const auto got = static_cast<std::size_t>(n);
        if (!in_header && got > wanted) next_received_ = got - wanted;
        const bool begins = in_header ? received_ == 0 : next_received_ > 0;
        auto taken = take_rights(message);
        const bool brought = !taken.empty();
        Descriptors& into = in_header ? descriptors_ : next_descriptors_;
        std::move(taken.begin(), taken.end(), std::back_inserter(into));
        if ((message.msg_flags & MSG_CTRUNC) != 0) return end("descriptors were cut off");
        if (n == 0) return end(received_ == 0 ? "" : "the peer ended inside a message");
        if (brought && !begins) return end("descriptors inside a message");
        received_ += std::min(got, wanted);
        drained_ = got < wanted + (in_header ? 0 : header_bytes);
        return received_ != header_bytes || !in_header || prepare_body();
    }

    std::size_t rest_of_message(std::array<iovec, 3>& parts) {
        const std::size_t done = received_ - header_bytes;
        const std::size_t body_done = std::min(done, body_.size());
        const std::size_t secret_done = done - body_done;
        std::size_t count = 0;
        if (body_done < body_.size()) parts[count++] = {body_.data() + body_done, body_.size() - body_done};
        if (secret_done < secret_.size())
            parts[count++] = {secret_.reveal_mutable().data() + secret_done, secret_.size() - secret_done};
        return count;
    }

    bool prepare_body() {
        const std::size_t body_size = boost::endian::load_little_u32(header_.data());
        const std::size_t secret_size = boost::endian::load_little_u32(header_.data() + 4);
        if (body_size == 0 || body_size > max_message_bytes || secret_size > max_secret_bytes)
            return end("a message over the link's limits");
        body_.resize(body_size);
        secret_ = Secret(secret_size);
        return true;
    }

    bool end(std::string reason) {
        fail(std::move(reason));
        return false;
    }

    boost::asio::posix::stream_descriptor socket_;
    std::shared_ptr<Handlers> handlers_;
    bool closed_ = false;

    std::deque<Outgoing> queue_;
    std::size_t queued_ = 0;
    bool flushing_ = false; ///< posted, or waiting until the socket takes more

    std::array<std::uint8_t, header_bytes> header_{};
    Bytes body_;
    Secret secret_;
    Descriptors descriptors_;
    std::size_t received_ = 0;
    bool drained_ = false; ///< the last read brought less than it asked for
    /// What a read has brought of the message behind.
    std::array<std::uint8_t, header_bytes> next_header_{};
    std::size_t next_received_ = 0;
    Descriptors next_descriptors_;
};

Channel::Channel(boost::asio::io_context& context, Descriptor socket)
    : state_(std::make_shared<State>(context, std::move(socket))) {}
Channel::~Channel() {
    state_->close();
}
void Channel::start(OnMessage on_message, OnClosed on_closed) {
    state_->start(std::move(on_message), std::move(on_closed));
}
void Channel::send(Bytes body, Secret secret, Descriptors descriptors) {
    state_->send(std::move(body), std::move(secret), std::move(descriptors));
}
void Channel::close() {
    state_->close();
}
std::size_t Channel::queued_bytes() const noexcept {
    return state_->queued();
}

void CoreEnd::start(OnMessage on_message, Channel::OnClosed on_closed) {
    auto receive = [this, on_message = std::move(on_message), on_closed](Channel::Incoming incoming) {
        auto message =
            incoming.secret.empty()
                ? protocol::link::decode_from_door(incoming.body)
                : Result<protocol::link::FromDoor>(Error(BaseErrc::malformed, "a secret from the door"));
        if (message) return on_message(std::move(*message), std::move(incoming.descriptors));
        channel_.close();
        on_closed(message.error().describe());
    };
    channel_.start(std::move(receive), on_closed);
}

void CoreEnd::send(const protocol::link::FromCore& message, Descriptors descriptors) {
    auto encoded = protocol::link::encode(message);
    channel_.send(std::move(encoded.body), std::move(encoded.secret), std::move(descriptors));
}

void DoorEnd::start(OnMessage on_message, Channel::OnClosed on_closed) {
    auto receive = [this, on_message = std::move(on_message), on_closed](Channel::Incoming incoming) {
        auto message = protocol::link::decode_from_core(incoming.body, std::move(incoming.secret));
        if (message) return on_message(std::move(*message), std::move(incoming.descriptors));
        channel_.close();
        on_closed(message.error().describe());
    };
    channel_.start(std::move(receive), on_closed);
}

void DoorEnd::send(const protocol::link::FromDoor& message, Descriptors descriptors) {
    channel_.send(protocol::link::encode(message), {}, std::move(descriptors));
}

Result<std::pair<Descriptor, Descriptor>> socket_pair() {
    std::array<int, 2> raw{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, raw.data()) != 0)
        return system_failure("socketpair");
    return std::pair{Descriptor(raw[0]), Descriptor(raw[1])};
}

} // namespace mohr::link
