// SPDX-License-Identifier: Apache-2.0
#include "operations_state.hpp"
#include "token_failures.hpp"

#include <utility>

namespace mohr::core {

using operation_work::Consent;

namespace {

/// The edge of the pool task: a check that breaks off has cost its try and is told as unavailable.
Result<token::Authorisation, token::PinFailure> authorise(token::Token& token, const Secret& pin) {
    try {
        return token.authorise(token::Role::user, pin);
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
    if (!answer.pin) {
        broker_.settle(run->ticket);
        write_down(*run, "failed", "an answer without a PIN");
        return finish(*run, Failure(Code::internal_error, "an answer without a PIN"));
    }
    auto pin = std::make_shared<Secret>(std::move(*answer.pin));
    auto job = std::make_shared<operation_work::Job>(
        operation_work::Job{Consent(std::move(shown), std::move(object)), run->request,
                            std::move(run->certificates), std::nullopt, run->given_up, clock_.now()});
    executor_.post_to_pool([self = weak_from_this(), &token = token_, &executor = executor_, run, pin, job] {
        auto proof = authorise(token, *pin);
        pin->clear();
        if (!proof) {
            auto refused = std::make_shared<token::PinFailure>(proof.error());
            executor.post([self, run, refused, job] {
                if (const auto state = self.lock()) state->on_pin_refused(run, *refused, *job);
            });
            return;
        }
        // In this order on the I/O thread: what is written down is under way before the result is there.
        executor.post([self, run] {
            if (const auto state = self.lock()) state->on_pin_right(run);
        });
        job->proof = std::move(*proof);
        operation_work::perform(
            executor, token, std::move(*job), [self, &executor, run](Outcome<operation_work::Done> done) {
                auto kept = std::make_shared<Outcome<operation_work::Done>>(std::move(done));
                executor.post([self, run, kept] {
                    if (const auto state = self.lock()) state->on_performed(run, std::move(*kept));
                });
            });
    });
}

void OperationService::State::on_pin_refused(const RunningPointer& run, const token::PinFailure& refused,
                                             operation_work::Job& job) {
    if (run->finished) return;
    const bool again = refused.reason == token::PinReason::wrong && refused.tries_left.value_or(1) > 0;
    if (again) {
        write_down(*run, "pin_wrong");
        run->certificates = std::move(job.certificates);
        auto prompt = job.consent.shown;
        prompt.pin.tries_left = refused.tries_left;
        prompt.pin.last_wrong = true;
        return broker_.repeat(run->ticket, std::move(prompt));
    }
    broker_.settle(run->ticket);
    auto failure = token_failure(refused);
    if (failure.code == Code::pin_wrong) failure = Failure(Code::pin_blocked);
    write_down(*run, failure.code == Code::pin_blocked ? "pin_blocked" : "failed");
    finish(*run, std::move(failure));
}

void OperationService::State::on_pin_right(const RunningPointer& run) {
    broker_.settle(run->ticket);
    if (run->finished) return;
    log_.append(log_entry(*run, "allowed", {}), [self = weak_from_this(), run](const Result<void>& written) {
        if (const auto state = self.lock()) state->on_logged(run, written);
    });
}

void OperationService::State::on_logged(const RunningPointer& run, const Result<void>& written) {
    if (run->finished) return;
    if (!written) return finish(*run, token_failure(written.error()));
    run->logged = true;
    release(run);
}

void OperationService::State::on_performed(const RunningPointer& run, Outcome<operation_work::Done> done) {
    const bool changes_token =
        is<link::GenerateKey>(run->request) || is<link::ImportCertificate>(run->request);
    if (done && changes_token) tell_token();
    if (run->finished) return;
    run->done.emplace(std::move(done));
    release(run);
}

void OperationService::State::release(const RunningPointer& run) {
    if (!run->logged || !run->done) return;
    auto& done = *run->done;
    if (!done) {
        write_down(*run, "failed", protocol::row(done.error().code).name);
        return finish(*run, done.error());
    }
    if (done->object) add_view(*run, done->answer, *done->object);
    finish(*run, std::move(done->answer));
}

void OperationService::State::add_view(Running& run, link::Answer& answer, const token::TokenObject& object) {
    auto view = handles_.view(run.who.connection, run.who.origin, object);
    if (auto* one = std::get_if<link::Signed>(&answer)) one->certificate = std::move(view);
    if (auto* one = std::get_if<link::Authenticated>(&answer)) one->certificate = std::move(view);
    if (auto* one = std::get_if<link::Imported>(&answer)) one->certificate = std::move(view);
    remember_choice(run, object);
}

} // namespace mohr::core
