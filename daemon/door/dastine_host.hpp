// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transport.hpp"
#include "work.hpp"
#include <mohr/protocol/link.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace mohr::door {

/// What the Dastine front has done to the world: the tests look at it, the door does it.
class DastineHost {
public:
    virtual ~DastineHost() = default;
    virtual void send(link::ConnectionId connection, std::string text) = 0;
    virtual void send_piece(link::ConnectionId connection, std::string piece, bool last) = 0;
    [[nodiscard]] virtual std::size_t unsent_bytes(link::ConnectionId connection) const = 0;
    virtual void resume_reading(link::ConnectionId connection) = 0;
    virtual void close(link::ConnectionId connection, CloseCode code) = 0;
    [[nodiscard]] virtual link::OperationId start_operation(link::ConnectionId connection,
                                                            const std::string& session, link::Request request,
                                                            Descriptors previews) = 0;
    virtual void cancel_operation(link::OperationId id) = 0;
    /// Answers later; an empty descriptor means refused.
    virtual void open_spool(std::uint64_t expected_bytes, std::function<void(SpoolFile)> opened) = 0;
    /// What all copies of documents for prompts may take together; null: no common bound.
    [[nodiscard]] virtual OriginBudget* preview_budget() { return nullptr; }
    /// Where documents are hashed; null: in the loop.
    [[nodiscard]] virtual HashThread* hash_thread() { return nullptr; }
    virtual void reset_session(link::ConnectionId connection, const std::string& session) = 0;
    /// Calls DastineFront::step() once from the loop.
    virtual void step_soon() = 0;
    /// A failed command, for the log.
    virtual void failed(std::string_view command, std::string_view correlation, const Failure& failure) = 0;
};

} // namespace mohr::door
