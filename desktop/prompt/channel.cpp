// SPDX-License-Identifier: Apache-2.0
#include "prompt/channel.hpp"

#include <mohr/base/rights.hpp>

#include <QSocketNotifier>
#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <poll.h>

namespace mohr::desktop {
namespace {

constexpr std::chrono::milliseconds longest_write{5000};

std::array<std::uint8_t, 5> secret_header(std::size_t size) {
    const auto length = static_cast<std::uint32_t>(size + 1);
    return {static_cast<std::uint8_t>(length >> 24), static_cast<std::uint8_t>(length >> 16),
            static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length), 1};
}

} // namespace

Channel::Channel(Descriptor socket, QObject* parent)
    : QObject(parent), socket_(std::move(socket)),
      notifier_(new QSocketNotifier(socket_.get(), QSocketNotifier::Read, this)) {
    ::fcntl(socket_.get(), F_SETFL, ::fcntl(socket_.get(), F_GETFL) | O_NONBLOCK);
    ::fcntl(socket_.get(), F_SETFD, FD_CLOEXEC);
    connect(notifier_, &QSocketNotifier::activated, this, &Channel::readable);
}

Channel::~Channel() = default;

void Channel::readable() {
    while (!over_ && read_some()) {
    }
}

bool Channel::read_some() {
    const auto room = reader_.room();
    iovec part{room.data(), room.size()};
    RightsBuffer rights;
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    expect_rights(message, rights, max_rights);
    const ssize_t count = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
    if (count < 0 && errno == EINTR) return true;
    if (count < 0 && errno == EAGAIN) return false;
    if (count <= 0) {
        end();
        return false;
    }
    for (Descriptor& one : take_rights(message)) descriptors_.push_back(std::move(one));
    const auto frame = reader_.filled(static_cast<std::size_t>(count));
    if (!frame || descriptors_.size() > max_rights || (message.msg_flags & MSG_CTRUNC) != 0) {
        end();
        return false;
    }
    if (!*frame) return true;
    const auto* const json = std::get_if<std::string>(&**frame);
    if (json == nullptr) { // secrets go the other way only
        end();
        return false;
    }
    Q_EMIT received(*json);
    descriptors_.clear();
    return true;
}

bool Channel::send(std::string_view json, const std::vector<NamedSecret>& secrets) {
    if (over_ || !write_all(protocol::control_frame(json))) return false;
    for (const auto& [name, secret] : secrets)
        if (!write_all(secret_header(secret.size())) || !write_all(secret.reveal())) return false;
    return true;
}

bool Channel::write_all(ByteView bytes) {
    const auto deadline = std::chrono::steady_clock::now() + longest_write;
    while (!bytes.empty()) {
        const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count > 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(count));
            continue;
        }
        if (count < 0 && errno == EINTR) continue;
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        pollfd entry{socket_.get(), POLLOUT, 0};
        if (count < 0 && errno == EAGAIN && left.count() > 0 &&
            ::poll(&entry, 1, static_cast<int>(left.count())) > 0)
            continue;
        end();
        return false;
    }
    return true;
}

void Channel::end() {
    if (over_) return;
    over_ = true;
    notifier_->setEnabled(false);
    Q_EMIT ended();
}

} // namespace mohr::desktop
