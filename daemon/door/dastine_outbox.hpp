// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dastine_host.hpp"
#include "streams.hpp"

#include <deque>
#include <memory>
#include <string>

namespace mohr::door {

/// What one page is still to be sent, in order. A long payload goes out as base64 in fragments of one text
/// message, as fast as the page reads, so that it never is in memory whole.
class DastineOutbox {
public:
    DastineOutbox(DastineHost& host, link::ConnectionId connection) : host_(host), connection_(connection) {}

    void send(std::string text);
    void send(std::string head, std::unique_ptr<Source> payload);
    /// There is room again.
    void pump();
    [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }

private:
    struct Message {
        std::string text; ///< whole, or the beginning
        std::unique_ptr<Source> payload;
        Bytes rest; ///< what does not fill three bytes
        bool ended = false;
    };
    /// False: nothing more for now.
    [[nodiscard]] bool pump(Message& message);

    DastineHost& host_;
    link::ConnectionId connection_;
    std::deque<Message> waiting_;
};

} // namespace mohr::door
