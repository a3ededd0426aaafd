// SPDX-License-Identifier: Apache-2.0
#include "guarded.hpp"
#include "operations_state.hpp"
#include "token_failures.hpp"

#include <algorithm>
#include <utility>

namespace mohr::core {

using operation_work::Consent;

namespace {

std::shared_ptr<Secret> secret_of(std::optional<Secret>& given) {
    return given ? std::make_shared<Secret>(std::move(*given)) : nullptr;
}

/// Prompts whose answer the token may still send back: a PIN that breaks a rule, a wrong password.
bool may_come_again(PromptKind kind) noexcept {
    return kind == PromptKind::change_pin || kind == PromptKind::unblock_pin ||
           kind == PromptKind::import_file;
}

/// What to say in the prompt that comes again; nothing if it does not.
std::string problem_of(const Failure& failure) {
    switch (failure.code) {
    case Code::pin_invalid:
    case Code::confirmation_needed:
        return failure.reason.empty() ? "refused" : failure.reason;
    case Code::wrong_password:
        return "wrong_password";
    case Code::malformed_data:
        return "malformed";
    default:
        return {};
    }
}

/// Operations that leave the token as it was: nothing is told to others, and nothing taken back.
bool uses_only(const link::Request& request) noexcept {
    return is<link::Sign>(request) || is<link::Authenticate>(request) || is<link::Decrypt>(request) ||
           is<link::DecryptBlock>(request);
}

/// The edge of the pool task: a check that breaks off has cost its try and is told as unavailable.
Result<token::Authorisation, token::PinFailure> authorise(token::Token& token, token::Role role,
                                                          const Secret& pin) {
    try {
        return token.authorise(role, pin);
    } catch (const std::exception& bug) {
        return token::PinFailure{token::PinReason::unavailable, std::nullopt, bug.what()};
    }
}

} // namespace

void OperationService::State::on_key_use_allowed(const RunningPointer& run, PromptRequest shown,
                                                 PromptAnswer answer) {
    std::optional<token::TokenObject> object;
    if (!shown.certificates.empty()) {
        const auto* chosen = picked_object(*run, shown, answer);
        if (!chosen) {
            broker_.settle(run->ticket);
            return refuse_answer(*run);
        }
        run->fingerprint = chosen->certificate->fingerprint();
        object = *chosen;
    }
    if (!answer.pin || !answers_all(shown, answer)) {
        broker_.settle(run->ticket);
        write_down(*run, "failed",
                   answer.pin ? "an answer beyond what was offered" : "an answer without a PIN");
        return finish(*run, Failure(Code::internal_error, "an answer that the prompt did not offer"));
    }
    run->window = answer.window;
    run->window_epoch = window_epoch_;
    const bool remember = answer.remember;
    const auto role = shown.pin.admin ? token::Role::admin : token::Role::user;
    auto pin = std::make_shared<Secret>(std::move(*answer.pin));
    auto job = std::make_shared<operation_work::Job>(
        operation_work::Job{Consent(std::move(shown), std::move(object)), run->request, run->certificates,
                            nullptr, secret_of(answer.new_pin), secret_of(answer.password),
                            std::move(answer.file), answer.confirmed, run->given_up, clock_.now()});
    const auto perform_kept = [self = weak_from_this(), &token = token_, &executor = executor_, run, job,
                               challenges = challenge_file_, challenge = run->challenge] {
        // Durably used before the signature exists, so that no restart lets it serve once more.
        const auto kept = challenges && !challenge.empty() ? challenges->append(challenge) : Result<void>();
        if (kept) return perform_on_pool(executor, token, std::move(*job), self, run);
        executor.post([self, run, failure = token_failure(kept.error())] {
            if (const auto state = self.lock()) state->on_performed(run, failure);
        });
    };
    if (auto right = role == token::Role::user ? token_.authorise_at_once(*pin) : std::nullopt) {
        pin->clear();
        job->proof = std::make_shared<token::Authorisation>(std::move(*right));
        if (run->window) run->proof = job->proof;
        on_pin_right(run, job->consent.shown, remember);
        if (!perform_at_once(run, *job)) executor_.post_to_pool(perform_kept);
        return;
    }
    executor_.post_to_pool([self = weak_from_this(), &token = token_, &executor = executor_, run, pin, job,
                            remember, role, perform_kept] {
        auto proof = authorise(token, role, *pin);
        pin->clear();
        if (!proof) {
            auto refused = std::make_shared<token::PinFailure>(proof.error());
            executor.post([self, run, refused, job] {
                if (const auto state = self.lock()) state->on_pin_refused(run, *refused, *job);
            });
            return;
        }
        job->proof = std::make_shared<token::Authorisation>(std::move(*proof));
        // In this order on the I/O thread: what is written down is under way before the result is there.
        executor.post([self, run, remember, shown = job->consent.shown, proof = job->proof] {
            const auto state = self.lock();
            if (!state) return;
            if (run->window) run->proof = proof;
            state->on_pin_right(run, shown, remember);
        });
        perform_kept();
    });
}

void OperationService::State::on_pin_refused(const RunningPointer& run, const token::PinFailure& refused,
                                             const operation_work::Job& job) {
    if (run->finished) return;
    const bool again = refused.reason == token::PinReason::wrong && refused.tries_left.value_or(1) > 0;
    if (again) {
        write_down(*run, "pin_wrong");
        auto prompt = job.consent.shown;
        prompt.pin.tries_left = refused.tries_left;
        prompt.pin.last_wrong = true;
        prompt.pin.problem.clear();
        return broker_.repeat(run->ticket, std::move(prompt));
    }
    broker_.settle(run->ticket);
    auto failure = token_failure(refused);
    if (failure.code == Code::pin_wrong) failure = Failure(Code::pin_blocked);
    write_down(*run, failure.code == Code::pin_blocked ? "pin_blocked" : "failed");
    finish(*run, std::move(failure));
}

void OperationService::State::perform_on_pool(Executor& executor, token::Token& token,
                                              operation_work::Job job, const std::weak_ptr<State>& self,
                                              const RunningPointer& run) {
    const auto finished = [self, &executor, run](Outcome<operation_work::Done> done) {
        if (uses_only(run->request)) {
            run->done.emplace(std::move(done));
            if (!run->brought()) return; // the line's turn will find it
            executor.post([self, run] {
                if (const auto state = self.lock()) state->release(run);
            });
            return;
        }
        auto kept = std::make_shared<Outcome<operation_work::Done>>(std::move(done));
        executor.post([self, run, kept] {
            if (const auto state = self.lock()) state->on_performed(run, std::move(*kept));
        });
    };
    operation_work::perform(executor, token, std::move(job), finished);
}

bool OperationService::State::perform_at_once(const RunningPointer& run, operation_work::Job& job) {
    if (!operation_work::is_quick(token_, job)) return false;
    operation_work::perform(executor_, token_, std::move(job),
                            [this, run](Outcome<operation_work::Done> done) {
                                run->done.emplace(std::move(done));
                                if (run->brought()) release(run);
                            });
    return true;
}

bool OperationService::State::answers_all(const PromptRequest& shown, const PromptAnswer& answer) noexcept {
    if (shown.pin.renewed && !answer.new_pin) return false;
    if (shown.file && (!answer.password || answer.file.empty())) return false;
    if (!answer.window) return true;
    return shown.window && answer.window->items >= 1 && answer.window->items <= shown.window->items &&
           answer.window->minutes >= 1 && answer.window->minutes <= shown.window->minutes;
}

void OperationService::State::on_pin_right(const RunningPointer& run, const PromptRequest& shown,
                                           bool remember) {
    const bool again = may_come_again(shown.kind); // it is not known yet whether it will
    if (!again || run->finished) broker_.settle(run->ticket);
    if (changes_.unlocked && !shown.pin.admin) executor_.post(changes_.unlocked);
    run->challenge.clear(); // used, whatever comes of it
    if (run->finished) return;
    if (settle_site(*run, shown, remember)) sites_.save();
    if (again) return;
    std::string note;
    if (run->window)
        note = "decrypt window: " + std::to_string(run->window->items) + " items in " +
               std::to_string(run->window->minutes) + " minutes";
    write_then_release(run, note);
}

void OperationService::State::write_then_release(const RunningPointer& run, std::string_view note) {
    log_.append(log_entry(*run, "allowed", note),
                [self = weak_from_this(), run](const Result<void>& written) {
                    if (const auto state = self.lock()) state->on_logged(run, written);
                });
}

void OperationService::State::on_logged(const RunningPointer& run, const Result<void>& written) {
    if (run->finished) return;
    const bool complete = run->brought();
    if (!written) {
        if (complete && *run->done) undo(run, **run->done);
        return finish(*run, token_failure(written.error()));
    }
    if (complete) release(run);
}

void OperationService::State::on_performed(const RunningPointer& run, Outcome<operation_work::Done> done) {
    if (done && !uses_only(run->request)) tell_token();
    if (run->finished && done) undo(run, *done);
    if (done && is_portal(run->who)) keep_session_keys(*run, *done);
    if (may_come_again(run->prompt.kind)) {
        if (run->finished) return broker_.settle(run->ticket);
        const auto problem = done ? std::string() : problem_of(done.error());
        if (!problem.empty()) {
            write_down(*run, "failed", problem);
            auto prompt = run->prompt;
            prompt.pin.problem = problem;
            prompt.pin.confirm = done.error().code == Code::confirmation_needed;
            return broker_.repeat(run->ticket, std::move(prompt));
        }
        broker_.settle(run->ticket);
        write_then_release(run, {});
    }
    if (run->finished) return;
    run->done.emplace(std::move(done));
    if (run->brought()) release(run);
}

void OperationService::State::release(const RunningPointer& run) {
    if (run->finished) return;
    auto& done = *run->done;
    if (!done) {
        write_down(*run, "failed", protocol::row(done.error().code).name);
        return finish(*run, done.error());
    }
    open_window(*run); // not before the line that says who gave it
    run->proof.reset();
    if (done->object) add_view(*run, done->answer, *done->object);
    finish(*run, std::move(done->answer));
}

void OperationService::State::undo(const RunningPointer& run, operation_work::Done& done) {
    if (!done.undo) return;
    executor_.post_to_pool(
        [self = weak_from_this(), &executor = executor_, run, take_back = std::move(done.undo)] {
            const auto taken = guarded<Outcome<void>>(take_back);
            executor.post([self, run, taken] {
                const auto state = self.lock();
                if (!state) return;
                state->write_down(*run, taken ? "cancelled" : "failed",
                                  taken ? "what was made is removed again"
                                        : "what was made could not be removed");
                state->tell_token();
            });
        });
}

void OperationService::State::add_view(Running& run, link::Answer& answer, const token::TokenObject& object) {
    auto view = handles_.view(scope_of(run.who), object);
    if (auto* one = std::get_if<link::Signed>(&answer)) one->certificate = std::move(view);
    if (auto* one = std::get_if<link::Authenticated>(&answer)) one->certificate = std::move(view);
    if (auto* one = std::get_if<link::Imported>(&answer)) one->certificate = std::move(view);
    remember_choice(run, object);
}

} // namespace mohr::core
