// SPDX-License-Identifier: Apache-2.0
#include "operations_state.hpp"
#include "registrable_domain.hpp"

#include <algorithm>
#include <utility>

namespace mohr::core {

namespace {
constexpr std::size_t max_known_domains = 64;
}

const std::string& OperationService::State::domain_of(const std::string& origin) {
    if (const auto known = domains_.find(origin); known != domains_.end()) return known->second;
    if (domains_.size() >= max_known_domains) domains_.clear();
    return domains_.emplace(origin, registrable_domain(origin)).first->second;
}

void OperationService::State::ask(const RunningPointer& run) {
    ConsentBroker::Hooks hooks;
    const auto self = weak_from_this();
    hooks.shown = [self, run] {
        if (const auto state = self.lock()) state->on_shown(run);
    };
    hooks.allowed = [self, run](PromptRequest shown, PromptAnswer answer) {
        if (const auto state = self.lock()) state->on_allowed(run, std::move(shown), std::move(answer));
    };
    hooks.ended = [self, run](ConsentBroker::Ended ended) {
        if (const auto state = self.lock()) state->on_ended(run, std::move(ended));
    };
    auto ticket = broker_.ask(run->prompt, std::move(hooks));
    if (!ticket) return finish(*run, ticket.error());
    run->ticket = *ticket;
    tell_state(run, link::PromptState::queued);
}

void OperationService::State::on_shown(const RunningPointer& run) {
    run->was_shown = true;
    run->answered = false;
    if (!run->shown_told) tell_state(run, link::PromptState::shown);
}

void OperationService::State::on_ended(const RunningPointer& run, ConsentBroker::Ended ended) {
    if (run->finished) return;
    using How = ConsentBroker::Ended::How;
    if (ended.how != How::refused && ended.how != How::expired) return finish(*run, std::move(ended.failure));
    if (!run->who.local) after_refusal(*run, ended.remember);
    finish_when_written(run, ended.how == How::refused ? "denied" : "expired", std::move(ended.failure));
}

void OperationService::State::after_refusal(const Running& run, bool remember) {
    const auto& origin = run.who.origin;
    if (remember && (run.prompt.kind == PromptKind::access || run.prompt.asks_access))
        sites_.set(origin, SitePermission::access, Decision::deny);
    if (remember && run.prompt.kind == PromptKind::listing)
        sites_.set(origin, SitePermission::listing, Decision::deny);
    if (remember) sites_.save();
    tell_access(origin);
    tell_silence(origin);
}

void OperationService::State::tell_silence(const std::string& origin) {
    const auto refusal = broker_.budget().refusal(origin);
    if (!refusal) return;
    tell_access(origin);
    if (!refusal->retry_after) return;
    executor_.call_after(std::chrono::seconds(*refusal->retry_after) + std::chrono::milliseconds(1),
                         [self = weak_from_this(), origin] {
                             if (const auto state = self.lock()) state->tell_access(origin);
                         });
}

void OperationService::State::on_allowed(const RunningPointer& run, PromptRequest shown,
                                         PromptAnswer answer) {
    if (run->finished) return broker_.settle(run->ticket);
    run->answered = true;
    switch (shown.kind) {
    case PromptKind::access:
        return on_access_allowed(run, answer.remember);
    case PromptKind::listing:
        (void)settle_site(*run, shown, answer.remember);
        return on_listing_allowed(run, answer.remember);
    case PromptKind::select:
        return on_selected(run, shown, answer);
    case PromptKind::sign:
    case PromptKind::authenticate:
    case PromptKind::decrypt:
    case PromptKind::generate:
    case PromptKind::import:
    case PromptKind::request:
    case PromptKind::remove_key:
    case PromptKind::remove_certificate:
    case PromptKind::change_pin:
    case PromptKind::unblock_pin:
    case PromptKind::import_file:
        return on_key_use_allowed(run, std::move(shown), std::move(answer));
    case PromptKind::initialise:
    case PromptKind::reset:
    case PromptKind::reset_blocked:
    case PromptKind::change_admin_pin:
    case PromptKind::set_label:
    case PromptKind::verify_pin:
    case PromptKind::mark:
        break;
    }
    // Asked for on the control socket, and never here.
    broker_.settle(run->ticket);
    finish(*run, Failure(Code::internal_error, "no prompt of an operation"));
}

bool OperationService::State::settle_site(const Running& run, const PromptRequest& shown, bool remember) {
    const auto& origin = run.who.origin;
    if (shown.asks_access) {
        if (remember)
            sites_.set(origin, SitePermission::access, Decision::allow);
        else
            portals_.grant(origin);
        tell_access(origin);
    }
    // Without "remember" this one signature is all that was allowed.
    if (shown.asks_blind && remember) sites_.set(origin, SitePermission::blind, Decision::allow);
    return remember && (shown.asks_access || shown.asks_blind);
}

void OperationService::State::on_access_allowed(const RunningPointer& run, bool remember) {
    broker_.settle(run->ticket);
    const auto& origin = run->who.origin;
    auto outcome = run->deferred ? Outcome<link::Answer>(*run->deferred)
                                 : Outcome<link::Answer>(link::Answer(link::AccessGranted{}));
    if (!remember) {
        if (is_portal(run->who))
            portals_.grant(origin);
        else
            once_.give(origin, run->who.program.path, run->who.connection);
        tell_access(origin);
        return finish_when_written(run, "allowed", std::move(outcome));
    }
    sites_.set(origin, SitePermission::access, Decision::allow);
    finish_when_written(run, "allowed", std::move(outcome), Save::yes);
    tell_access(origin);
}

void OperationService::State::on_listing_allowed(const RunningPointer& run, bool remember) {
    broker_.settle(run->ticket);
    auto list = listing(*run);
    if (!remember || run->who.local) return finish_when_written(run, "allowed", std::move(list));
    sites_.set(run->who.origin, SitePermission::listing, Decision::allow);
    finish_when_written(run, "allowed", std::move(list), Save::yes);
}

void OperationService::State::on_selected(const RunningPointer& run, const PromptRequest& shown,
                                          const PromptAnswer& answer) {
    broker_.settle(run->ticket);
    const auto* object = picked_object(*run, shown, answer);
    if (!object) return refuse_answer(*run);
    run->fingerprint = object->certificate->fingerprint();
    const bool save = settle_site(*run, shown, answer.remember);
    remember_choice(*run, *object);
    auto selected = link::Answer(link::Selected{handles_.view(scope_of(run->who), *object)});
    finish_when_written(run, "allowed", std::move(selected), save ? Save::yes : Save::no);
}

const token::TokenObject* OperationService::State::picked_object(const Running& run,
                                                                 const PromptRequest& shown,
                                                                 const PromptAnswer& answer) const {
    const auto key = picked(shown.certificates, answer.certificate);
    const auto found = std::find_if(run.objects.begin(), run.objects.end(),
                                    [&](const auto& object) { return key && object.id == *key; });
    return found == run.objects.end() ? nullptr : &*found;
}

void OperationService::State::refuse_answer(Running& run) {
    write_down(run, "failed", "the answer names no certificate that was shown as usable");
    finish(run, Failure(Code::certificate_not_found, "the answer names no certificate that was shown"));
}

Outcome<link::Answer> OperationService::State::listing(Running& run) {
    link::Listed listed;
    for (const auto& object : run.objects)
        if (object.certificate && (object.state == token::CertificateState::active ||
                                   object.state == token::CertificateState::expired))
            listed.certificates.push_back(handles_.view(scope_of(run.who), object));
    return link::Answer(std::move(listed));
}

} // namespace mohr::core
