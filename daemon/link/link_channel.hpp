// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/files.hpp>
#include <mohr/base/secret.hpp>
#include <mohr/protocol/link.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace mohr::link {

/// What travels with a message; passed by index (SignItem::preview) or by the message's own rule.
using Descriptors = std::vector<Descriptor>;

/// One end of the socket pair between door and core: frames, descriptors, back-pressure (docs/link.md). All
/// calls and callbacks on the io_context's one thread. A peer that breaks the framing, or does not read what
/// it is sent (queue over 64 MiB), ends the channel.
class Channel {
public:
    struct Incoming {
        Bytes body;
        Secret secret;
        Descriptors descriptors;
    };
    using OnMessage = std::function<void(Incoming)>;
    /// At most once; `reason` is for the log, empty at an orderly end of file.
    using OnClosed = std::function<void(std::string reason)>;

    /// Takes the connected socket and makes it non-blocking.
    Channel(boost::asio::io_context& context, Descriptor socket);
    ~Channel();
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    /// Begins to receive. The callbacks may destroy the channel.
    void start(OnMessage on_message, OnClosed on_closed);
    /// Sends at once as far as the socket takes it; the rest follows by itself. The descriptors are closed
    /// when they are out. After the end the message is dropped.
    void send(Bytes body, Secret secret = {}, Descriptors descriptors = {});
    /// Ends without calling on_closed; what is still queued is lost.
    void close();
    /// Bytes waiting to be taken by the socket.
    [[nodiscard]] std::size_t queued_bytes() const noexcept;

private:
    class State;
    std::shared_ptr<State> state_;
};

/// The core's end: typed.
class CoreEnd {
public:
    using OnMessage = std::function<void(protocol::link::FromDoor, Descriptors)>;
    CoreEnd(boost::asio::io_context& context, Descriptor socket) : channel_(context, std::move(socket)) {}
    /// A message that does not decode ends the channel with a reason: the door is hostile or broken.
    void start(OnMessage on_message, Channel::OnClosed on_closed);
    void send(const protocol::link::FromCore& message, Descriptors descriptors = {});
    void close() { channel_.close(); }
    [[nodiscard]] std::size_t queued_bytes() const noexcept { return channel_.queued_bytes(); }

private:
    Channel channel_;
};

/// The door's end: typed.
class DoorEnd {
public:
    using OnMessage = std::function<void(protocol::link::FromCore, Descriptors)>;
    DoorEnd(boost::asio::io_context& context, Descriptor socket) : channel_(context, std::move(socket)) {}
    void start(OnMessage on_message, Channel::OnClosed on_closed);
    void send(const protocol::link::FromDoor& message, Descriptors descriptors = {});
    void close() { channel_.close(); }
    [[nodiscard]] std::size_t queued_bytes() const noexcept { return channel_.queued_bytes(); }

private:
    Channel channel_;
};

/// A connected AF_UNIX stream pair, close-on-exec. Fails with BaseErrc::io.
[[nodiscard]] Result<std::pair<Descriptor, Descriptor>> socket_pair();

} // namespace mohr::link
