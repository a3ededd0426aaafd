// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "upgrade.hpp"
#include <mohr/base/bytes.hpp>
#include <mohr/base/files.hpp>
#include <mohr/base/openssl.hpp>
#include <mohr/protocol/link.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace boost::asio {
class io_context;
}

namespace mohr::door {

enum class CloseCode : std::uint16_t {
    going_away = 1001,
    unsupported_data = 1003,
    invalid_payload = 1007,
    policy = 1008,
    too_big = 1009,
    internal = 1011,
    try_again = 1013,
};

/// What a connection tells its owner. on_closed() is the last call, made exactly once, never inside a call
/// into the transport.
class TransportEvents {
public:
    virtual ~TransportEvents() = default;
    /// The peer has begun its request (over TLS: behind the handshake): it is no silent connection any more.
    virtual void on_first_byte() = 0;
    /// A request that keeps the rules: accept_upgrade() or refuse() answers it.
    virtual void on_upgrade(const Upgrade& upgrade) = 0;
    virtual void on_open() = 0;
    /// A whole text message of /v1.
    virtual void on_text(std::string_view text) = 0;
    /// A piece of a text message of /dastine, as it arrives. False: nothing more is read before
    /// resume_reading().
    [[nodiscard]] virtual bool on_text_piece(std::string_view piece, bool last) = 0;
    /// A piece of a binary message, as it arrives; `last` ends the message.
    virtual void on_binary(ByteView piece, bool last) = 0;
    /// All that was queued is out, or nearly.
    virtual void on_drained() = 0;
    virtual void on_closed() = 0;
};

/// One accepted TCP connection on its way from silence to an open WebSocket. All on one thread.
class Transport {
public:
    virtual ~Transport() = default;
    /// The peer may go on: waits for the first byte, then TLS, request head, on_upgrade().
    virtual void begin() = 0;
    virtual void accept_upgrade() = 0;
    /// The one refusal, then close.
    virtual void refuse() = 0;
    /// Closes without a word.
    virtual void drop() = 0;
    virtual void send_text(std::string text) = 0;
    /// A piece of one text message; no other text goes between the pieces.
    virtual void send_text_piece(std::string piece, bool last) = 0;
    virtual void send_binary(Bytes bytes) = 0;
    /// A WebSocket close after what is queued; dropped after a few seconds if the peer does not answer.
    virtual void close(CloseCode code) = 0;
    [[nodiscard]] virtual std::size_t unsent_bytes() const noexcept = 0;
    virtual void resume_reading() = 0;
};

struct TransportConfig {
    UpgradeRules rules;
    protocol::link::Limits limits;
    std::size_t dastine_message_bytes = 64 * 1024 * 1024;
};

/// `events` outlives the transport's on_closed(). `config` is shared by all connections of a port. `tls` may
/// be null: a plain connection.
[[nodiscard]] std::shared_ptr<Transport> make_transport(boost::asio::io_context& context, Descriptor socket,
                                                        bool ipv6,
                                                        std::shared_ptr<const TransportConfig> config,
                                                        SSL_CTX* tls,
                                                        std::shared_ptr<TransportEvents> events);

} // namespace mohr::door
