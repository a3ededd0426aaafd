// SPDX-License-Identifier: Apache-2.0
#include "control_asking.hpp"

#include <nlohmann/json.hpp>

#include <utility>
#include <vector>

namespace mohr::core {

using protocol::Code;
using protocol::Failure;

namespace {

/// A password is not counted by the token; whoever guesses must at least begin anew.
constexpr unsigned max_attempts = 20;

bool wants_more(const PromptRequest& shown, const PromptAnswer& answer) noexcept {
    const PromptPin& pin = shown.pin;
    return (pin.needed && !answer.pin) || (pin.renewed && !answer.new_pin) ||
           (pin.renewed_admin && !answer.new_admin_pin) || (shown.password && !answer.password) ||
           (shown.owner_password && !answer.owner_password) || answer.losses != shown.losses.size();
}

} // namespace

bool comes_again(const Failure& failure, std::optional<unsigned> tries_at_most, PromptRequest& prompt) {
    PromptPin& pin = prompt.pin;
    pin.last_wrong = false;
    pin.problem.clear();
    pin.confirm = false;
    switch (failure.code) {
    case Code::pin_wrong:
        if (failure.tries_left.value_or(1) == 0) return false;
        pin.tries_left = failure.tries_left;
        pin.last_wrong = true;
        return true;
    case Code::confirmation_needed:
        if (failure.reason.rfind("loss:", 0) == 0) return false; // what was shown is no longer so
        pin.confirm = true;
        pin.problem = failure.reason;
        break;
    case Code::pin_invalid:
        pin.problem = failure.reason.empty() ? "refused" : failure.reason;
        if (pin.problem.find(':') != std::string::npos) return true; // seen before the token was asked
        break;
    case Code::wrong_password:
        pin.problem = "wrong_password";
        break;
    case Code::owner_authentication_needed:
        if (failure.reason == "unavailable") return false;
        pin.problem = "owner_refused";
        return true;
    case Code::malformed_data:
        if (prompt.kind != PromptKind::mark) return false;
        pin.problem = "malformed";
        return true;
    default:
        return false;
    }
    // The PIN was right, so that it has all its tries again.
    if (pin.needed) pin.tries_left = tries_at_most;
    return true;
}

struct ControlAsking::Open {
    std::shared_ptr<ControlRequest> request;
    ControlQuestion question;
    ControlReply reply;
    ConsentBroker::Ticket ticket = 0;
    bool was_shown = false;
    bool acting = false;
    bool over = false;
    unsigned attempts = 0;
};

void ControlAsking::ask(std::shared_ptr<ControlRequest> request, ControlQuestion question,
                        ControlReply reply) {
    const auto open = std::make_shared<Open>();
    open->request = std::move(request);
    open->question = std::move(question);
    open->reply = std::move(reply);
    ConsentBroker::Hooks hooks;
    const std::weak_ptr<ControlAsking> weak = weak_from_this();
    hooks.shown = [open] { open->was_shown = true; };
    hooks.allowed = [weak, open](const PromptRequest& shown, PromptAnswer answer) {
        if (const auto self = weak.lock()) self->on_allowed(open, shown, std::move(answer));
    };
    hooks.ended = [weak, open](const ConsentBroker::Ended& ended) {
        if (const auto self = weak.lock()) self->on_ended(open, ended);
    };
    auto ticket = broker_.ask(open->question.prompt, std::move(hooks));
    if (!ticket) return open->reply(ticket.error());
    open->ticket = *ticket;
    open_.emplace(*ticket, open);
}

void ControlAsking::on_allowed(const OpenPointer& open, const PromptRequest& shown, PromptAnswer answer) {
    open->question.prompt = shown;
    open->acting = true;
    if (wants_more(shown, answer))
        return on_outcome(open, Failure(Code::internal_error, "an answer that the prompt did not offer"));
    open->question.act(shown, std::move(answer), [weak = weak_from_this(), open](ControlOutcome outcome) {
        if (const auto self = weak.lock()) self->on_outcome(open, std::move(outcome));
    });
}

void ControlAsking::on_outcome(const OpenPointer& open, ControlOutcome outcome) {
    open->acting = false;
    PromptRequest next = open->question.prompt;
    const bool again = !outcome && !open->over && ++open->attempts < max_attempts &&
                       comes_again(outcome.error(), open->question.tries_at_most, next);
    if (again) return broker_.repeat(open->ticket, std::move(next));
    broker_.settle(open->ticket);
    if (!outcome && outcome.error().code == Code::pin_wrong && outcome.error().tries_left == 0U)
        outcome = Failure(Code::pin_blocked);
    finish(open, std::move(outcome));
}

void ControlAsking::on_ended(const OpenPointer& open, const ConsentBroker::Ended& ended) {
    using How = ConsentBroker::Ended::How;
    if (ended.how != How::refused && ended.how != How::expired) return finish(open, ended.failure);
    open_.erase(open->ticket);
    log_(*open->request, ended.how == How::refused ? "denied" : "expired",
         [open, failure = ended.failure] { open->reply(failure); });
}

void ControlAsking::give_up(const OpenPointer& open, PromptEnd why) {
    if (open->acting) {
        open->over = why == PromptEnd::gone; // what it is doing, it finishes; nobody is asked again
        return;
    }
    broker_.withdraw(open->ticket, why);
    if (open->was_shown) log_(*open->request, why == PromptEnd::gone ? "abandoned" : "cancelled", [] {});
    finish(open, Failure(Code::cancelled));
}

void ControlAsking::finish(const OpenPointer& open, ControlOutcome outcome) {
    open_.erase(open->ticket);
    open->reply(std::move(outcome));
}

template <class Wanted>
void ControlAsking::give_up_where(PromptEnd why, Wanted wanted) {
    std::vector<OpenPointer> found;
    for (const auto& [ticket, open] : open_)
        if (wanted(*open->request)) found.push_back(open);
    for (const auto& open : found) give_up(open, why);
}

void ControlAsking::cancel(std::uint64_t connection, const protocol::jsonrpc::Id& id) {
    give_up_where(PromptEnd::cancelled, [&](const ControlRequest& request) {
        return request.connection == connection && request.id == id;
    });
}

void ControlAsking::gone(std::uint64_t connection) {
    give_up_where(PromptEnd::gone,
                  [&](const ControlRequest& request) { return request.connection == connection; });
}

void ControlAsking::abort() {
    give_up_where(PromptEnd::stopping, [](const ControlRequest&) { return true; });
}

} // namespace mohr::core
