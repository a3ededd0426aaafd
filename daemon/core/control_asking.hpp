// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "broker.hpp"
#include "control_server.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>

namespace mohr::core {

/// One prompt that a method of the control socket opens, with what is to happen on a yes.
struct ControlQuestion {
    PromptRequest prompt; ///< who asks is filled in
    std::optional<unsigned> tries_at_most;
    /// Does what the person allowed; `done` once, never inside the call.
    std::function<void(const PromptRequest& shown, PromptAnswer answer, ControlReply done)> act;
};

/// Puts the questions of the control socket to the person, through the broker that takes everybody's turn, and again until
/// they succeed, refuse or are blocked. Each request gets one reply. I/O thread only.
class ControlAsking : public std::enable_shared_from_this<ControlAsking> {
public:
    /// Writes the person's own decision down, then calls back.
    using Log = std::function<void(const ControlRequest& request, const std::string& decision,
                                   std::function<void()> then)>;

    ControlAsking(ConsentBroker& broker, Log log) : broker_(broker), log_(std::move(log)) {}

    void ask(std::shared_ptr<ControlRequest> request, ControlQuestion question, ControlReply reply);
    /// `$/cancel`. What the token is already doing goes on.
    void cancel(std::uint64_t connection, const protocol::jsonrpc::Id& id);
    void gone(std::uint64_t connection);
    /// The daemon ends.
    void abort();

private:
    struct Open;
    using OpenPointer = std::shared_ptr<Open>;

    void on_allowed(const OpenPointer& open, const PromptRequest& shown, PromptAnswer answer);
    void on_outcome(const OpenPointer& open, ControlOutcome outcome);
    void on_ended(const OpenPointer& open, const ConsentBroker::Ended& ended);
    void give_up(const OpenPointer& open, PromptEnd why);
    void finish(const OpenPointer& open, ControlOutcome outcome);
    template <class Wanted>
    void give_up_where(PromptEnd why, Wanted wanted);

    ConsentBroker& broker_;
    Log log_;
    std::map<ConsentBroker::Ticket, OpenPointer> open_;
};

/// Whether the same window asks once more after this failure; it then says why.
[[nodiscard]] bool comes_again(const protocol::Failure& failure, std::optional<unsigned> tries_at_most,
                               PromptRequest& prompt);

} // namespace mohr::core
