// SPDX-License-Identifier: Apache-2.0
#include "dastine_outbox.hpp"

#include <mohr/base/encoding.hpp>
#include <mohr/protocol/dastine.hpp>

namespace mohr::door {
namespace {

/// A multiple of three, so that base64 needs padding at the end only.
constexpr std::size_t piece_bytes = std::size_t{3} * 64 * 1024;
constexpr std::size_t send_ahead_bytes = 512 * 1024;

} // namespace

void DastineOutbox::send(std::string text) {
    if (waiting_.empty()) return host_.send(connection_, std::move(text));
    waiting_.push_back({std::move(text), nullptr, {}});
}

void DastineOutbox::send(std::string head, std::unique_ptr<Source> payload) {
    waiting_.push_back({std::move(head), std::move(payload), {}});
    if (waiting_.size() == 1) pump();
}

void DastineOutbox::pump() {
    while (!waiting_.empty() && pump(waiting_.front())) waiting_.pop_front();
}

bool DastineOutbox::pump(Message& message) {
    if (!message.payload) {
        host_.send(connection_, std::move(message.text));
        return true;
    }
    while (host_.unsent_bytes(connection_) < send_ahead_bytes) {
        while (!message.ended && message.rest.size() < piece_bytes) {
            const auto state = message.payload->pull(message.rest, piece_bytes - message.rest.size());
            if (!state) {
                // Half of the reply is out already: the page has to see that it will not be whole.
                host_.failed("reply", std::to_string(connection_), state.error());
                host_.close(connection_, CloseCode::internal);
                waiting_.clear();
                return false;
            }
            if (*state == Source::State::waiting) return false;
            message.ended = *state == Source::State::end;
        }
        std::string text = std::exchange(message.text, {}) + to_base64(message.rest);
        message.rest.clear();
        if (message.ended) text += protocol::dastine::reply_tail;
        host_.send_piece(connection_, std::move(text), message.ended);
        if (message.ended) return true;
    }
    return false;
}

} // namespace mohr::door
