// SPDX-License-Identifier: Apache-2.0
#include "operations.hpp"

#include "activity_log.hpp"
#include "broker.hpp"
#include "certificate_choice.hpp"
#include "challenge_memory.hpp"
#include "guarded.hpp"
#include "operation_checks.hpp"
#include "operation_log.hpp"
#include "operation_work.hpp"
#include "permissions.hpp"
#include "registrable_domain.hpp"
#include "token_failures.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace mohr::core {

using operation_work::Consent;
using protocol::Code;
using protocol::Failure;
using protocol::Outcome;

namespace {

constexpr std::string_view local_origin = "this computer: mohr";

template <class T>
bool is(const link::Request& request) noexcept {
    return std::holds_alternative<T>(request);
}

bool wants_blind(const link::Request& request) {
    const auto* sign = std::get_if<link::Sign>(&request);
    return sign &&
           std::any_of(sign->items.begin(), sign->items.end(), [](const auto& item) { return item.blind; });
}

const std::string* named_certificate(const link::Request& request) {
    if (const auto* sign = std::get_if<link::Sign>(&request)) return &sign->certificate;
    if (const auto* login = std::get_if<link::Authenticate>(&request)) return &login->certificate;
    return nullptr;
}

/// Codes behind stream_error belong to the control socket: to a page they are our own trouble.
Failure for_page(Failure failure) {
    if (failure.code > Code::stream_error) failure.code = Code::internal_error;
    return failure;
}

/// The edge of the pool task: a check that breaks off has cost its try and is told as unavailable.
Result<token::Authorisation, token::PinFailure> authorise(token::Token& token, const Secret& pin) {
    try {
        return token.authorise(token::Role::user, pin);
    } catch (const std::exception& bug) {
        return token::PinFailure{token::PinReason::unavailable, std::nullopt, bug.what()};
    }
}

/// One operation from start to reply.
struct Running {
    link::OperationId id = 0;
    Requester who;
    link::Request request;
    OperationService::Callbacks callbacks;
    bool finished = false;
    bool challenge_reserved = false;
    bool was_shown = false;
    ConsentBroker::Ticket ticket = 0;
    PromptRequest prompt; ///< for the log
    std::vector<token::TokenObject> objects;
    std::vector<Certificate> certificates;
    Bytes fingerprint; ///< of the certificate that was picked
    /// Seen by the pool.
    std::shared_ptr<std::atomic<bool>> given_up = std::make_shared<std::atomic<bool>>(false);
    bool logged = false;
    std::optional<Outcome<operation_work::Done>> done;
};
using RunningPointer = std::shared_ptr<Running>;

} // namespace

class OperationService::State : public std::enable_shared_from_this<OperationService::State> {
public:
    State(Executor& executor, token::Token& token, PromptSurface& surface, SitePermissions& sites,
          ActivityLog& log, const Clock& clock, PolicyConfig config, Changes changes)
        : executor_(executor), token_(token), sites_(sites), log_(log), clock_(clock),
          config_(std::move(config)), changes_(std::move(changes)),
          broker_(executor, surface, sites, clock, config_) {}

    void start(Requester requester, link::Operation operation, std::vector<Descriptor> previews,
               Callbacks callbacks) {
        auto run = std::make_shared<Running>();
        run->id = operation.id;
        run->who = std::move(requester);
        if (run->who.local) run->who.origin = local_origin;
        run->request = std::move(operation.request);
        run->callbacks = std::move(callbacks);
        if (running_.contains(run->id)) {
            answer(*run, Failure(Code::invalid_request, "an operation of this number is running"));
            return;
        }
        if (running_.size() >= config_.max_running) {
            Failure failure(Code::limit_exceeded);
            failure.limit = "operations";
            failure.max = config_.max_running;
            answer(*run, std::move(failure));
            return;
        }
        running_.emplace(run->id, run);
        if (auto allowed = admit(*run, previews.size()); !allowed) return finish(*run, allowed.error());
        if (is<link::RequestAccess>(run->request)) return begin_access(run);
        prepare(run, std::move(previews));
    }

    void cancel(link::OperationId id) {
        const auto found = running_.find(id);
        if (found == running_.end()) return;
        const auto run = found->second;
        give_up(run, PromptEnd::cancelled, Failure(Code::cancelled));
    }

    void connection_closed(link::ConnectionId connection) {
        for (const auto& run : select([&](const Running& one) { return one.who.connection == connection; }))
            give_up(run, PromptEnd::gone, Failure(Code::cancelled));
        handles_.drop(connection);
        grants_.erase(connection);
    }

    void abort_all(Code code) {
        for (const auto& run : select([](const Running&) { return true; }))
            give_up(run, PromptEnd::stopping, Failure(code));
    }

    void abort_sites(Code code) {
        for (const auto& run : select([](const Running& one) { return !one.who.local; }))
            give_up(run, PromptEnd::stopping, Failure(code));
    }

    [[nodiscard]] link::Access access(const std::string& origin, link::ConnectionId connection) const {
        switch (sites_.decision(origin, SitePermission::access)) {
        case Decision::allow:
            return link::Access::granted;
        case Decision::deny:
            return link::Access::denied;
        case Decision::ask:
            break;
        }
        const auto grant = grants_.find(connection);
        if (connection != 0 && grant != grants_.end() && grant->second == origin)
            return link::Access::granted;
        return broker_.budget().refusal(origin) ? link::Access::silenced : link::Access::undecided;
    }

    void site_changed(const std::string& origin) {
        std::erase_if(grants_, [&](const auto& grant) { return grant.second == origin; });
        broker_.budget().forget(origin);
        const auto lost = select([&](const Running& one) {
            return !one.who.local && one.who.origin == origin && !is<link::RequestAccess>(one.request) &&
                   access(origin, one.who.connection) != link::Access::granted;
        });
        for (const auto& run : lost)
            give_up(run, PromptEnd::cancelled, Failure(Code::origin_denied, "revoked"));
        tell_access(origin);
    }

    void surface_changed() { broker_.surface_changed(); }
    void tick() { broker_.tick(); }
    [[nodiscard]] std::size_t running() const noexcept { return running_.size(); }

private:
    // --- before anybody is asked ---

    Outcome<void> admit(Running& run, std::size_t previews) {
        const auto& origin = run.who.origin;
        if (!run.who.local) {
            if (run.who.connection == 0 || origin.empty())
                return Failure(Code::invalid_request, "neither a connection nor a job");
            const auto now = access(origin, run.who.connection);
            const bool asks = is<link::RequestAccess>(run.request) && now != link::Access::denied;
            if (!asks && now != link::Access::granted) {
                if (auto refusal = broker_.budget().refusal(origin)) return *std::move(refusal);
                return Failure(Code::origin_denied);
            }
        }
        if (auto ok = operation_checks::check(run.request, previews); !ok) return ok;
        if (is<link::ListCertificates>(run.request) && !run.who.local &&
            sites_.decision(origin, SitePermission::listing) == Decision::deny)
            return Failure(Code::origin_denied, "listing is refused");
        if (wants_blind(run.request) &&
            (config_.forbid_blind || sites_.decision(origin, SitePermission::blind) != Decision::allow))
            return Failure(Code::blind_denied);
        if (const auto* login = std::get_if<link::Authenticate>(&run.request)) {
            if (!challenges_.reserve(origin, login->challenge)) {
                Failure failure(Code::invalid_params, "a challenge serves once");
                failure.path = "challenge";
                return failure;
            }
            run.challenge_reserved = true;
        }
        return {};
    }

    PromptRequest blank_prompt(const Requester& who) const {
        PromptRequest prompt;
        prompt.origin = who.origin;
        prompt.local = who.local;
        prompt.registrable_domain = who.local ? std::string() : registrable_domain(who.origin);
        prompt.insecure = who.insecure;
        prompt.program = who.program;
        return prompt;
    }

    void begin_access(const RunningPointer& run) {
        if (run->who.local || access(run->who.origin, run->who.connection) == link::Access::granted)
            return finish(*run, link::Answer(link::AccessGranted{}));
        run->prompt = blank_prompt(run->who);
        run->prompt.kind = PromptKind::access;
        run->prompt.remember = {"access"};
        ask(run);
    }

    void prepare(const RunningPointer& run, std::vector<Descriptor> previews) {
        auto order = std::make_shared<operation_work::Order>();
        if (const auto* name = named_certificate(run->request); name && !name->empty()) {
            order->only = run->who.local ? token::KeyId::from_text(*name)
                                         : handles_.find(run->who.connection, run->who.origin, *name);
            if (!order->only) return finish(*run, Failure(Code::certificate_not_found, "no such handle"));
        }
        order->request = run->request;
        order->previews = std::move(previews);
        order->prompt = blank_prompt(run->who);
        order->preselected = sites_.preselected(run->who.origin);
        order->pin_min = config_.pin_min;
        order->pin_max = config_.pin_max;
        executor_.post_to_pool([self = weak_from_this(), &token = token_, &executor = executor_, run, order] {
            using Prepared = Outcome<operation_work::Prepared>;
            auto prepared = std::make_shared<Prepared>(
                guarded<Prepared>([&] { return operation_work::prepare(token, *order); }));
            executor.post([self, run, prepared] {
                if (const auto state = self.lock()) state->on_prepared(run, std::move(*prepared));
            });
        });
    }

    void on_prepared(const RunningPointer& run, Outcome<operation_work::Prepared> prepared) {
        if (run->finished) return;
        if (!prepared) return finish(*run, prepared.error());
        run->prompt = std::move(prepared->prompt);
        run->objects = std::move(prepared->objects);
        run->certificates = std::move(prepared->certificates);
        const bool listed = is<link::ListCertificates>(run->request) && !run->who.local &&
                            sites_.decision(run->who.origin, SitePermission::listing) == Decision::allow;
        if (listed) return finish(*run, listing(*run));
        ask(run);
    }

    // --- asking ---

    void ask(const RunningPointer& run) {
        ConsentBroker::Hooks hooks;
        const auto self = weak_from_this();
        hooks.shown = [self, run] {
            if (const auto state = self.lock()) state->on_shown(*run);
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
        tell_state(*run, link::PromptState::queued);
    }

    void on_shown(Running& run) {
        if (std::exchange(run.was_shown, true)) return;
        tell_state(run, link::PromptState::shown);
    }

    void on_ended(const RunningPointer& run, ConsentBroker::Ended ended) {
        if (run->finished) return;
        using How = ConsentBroker::Ended::How;
        if (ended.how == How::refused || ended.how == How::expired) {
            write_down(*run, ended.how == How::refused ? "denied" : "expired");
            if (!run->who.local) after_refusal(*run, ended.remember);
        }
        finish(*run, std::move(ended.failure));
    }

    void after_refusal(const Running& run, bool remember) {
        const auto& origin = run.who.origin;
        if (remember && run.prompt.kind == PromptKind::access)
            sites_.set(origin, SitePermission::access, Decision::deny);
        if (remember && run.prompt.kind == PromptKind::listing)
            sites_.set(origin, SitePermission::listing, Decision::deny);
        if (remember) sites_.save();
        tell_access(origin);
        // A page that waits learns when it may ask again.
        const auto refusal = broker_.budget().refusal(origin);
        if (!refusal || !refusal->retry_after) return;
        executor_.call_after(std::chrono::seconds(*refusal->retry_after) + std::chrono::milliseconds(1),
                             [self = weak_from_this(), origin] {
                                 if (const auto state = self.lock()) state->tell_access(origin);
                             });
    }

    void on_allowed(const RunningPointer& run, PromptRequest shown, PromptAnswer answer) {
        if (run->finished) return broker_.settle(run->ticket);
        switch (shown.kind) {
        case PromptKind::access:
            return on_access_allowed(run, answer.remember);
        case PromptKind::listing:
            return on_listing_allowed(run, answer.remember);
        case PromptKind::select:
            return on_selected(run, shown, answer);
        case PromptKind::sign:
        case PromptKind::authenticate:
        case PromptKind::decrypt:
        case PromptKind::generate:
        case PromptKind::import:
            return on_key_use_allowed(run, std::move(shown), std::move(answer));
        }
    }

    void on_access_allowed(const RunningPointer& run, bool remember) {
        broker_.settle(run->ticket);
        const auto& origin = run->who.origin;
        write_down(*run, "allowed");
        if (!remember) {
            grants_[run->who.connection] = origin;
            tell_access(origin);
            return finish(*run, link::Answer(link::AccessGranted{}));
        }
        sites_.set(origin, SitePermission::access, Decision::allow);
        save_then_finish(run, link::Answer(link::AccessGranted{}));
        tell_access(origin);
    }

    void on_listing_allowed(const RunningPointer& run, bool remember) {
        broker_.settle(run->ticket);
        write_down(*run, "allowed");
        auto list = listing(*run);
        if (!remember || run->who.local) return finish(*run, std::move(list));
        sites_.set(run->who.origin, SitePermission::listing, Decision::allow);
        save_then_finish(run, std::move(list));
    }

    void on_selected(const RunningPointer& run, const PromptRequest& shown, const PromptAnswer& answer) {
        broker_.settle(run->ticket);
        const auto* object = picked_object(*run, shown, answer);
        if (!object) return refuse_answer(*run);
        run->fingerprint = object->certificate->fingerprint();
        write_down(*run, "allowed");
        remember_choice(*run, *object);
        finish(*run,
               link::Answer(link::Selected{handles_.view(run->who.connection, run->who.origin, *object)}));
    }

    const token::TokenObject* picked_object(const Running& run, const PromptRequest& shown,
                                            const PromptAnswer& answer) const {
        const auto key = picked(shown.certificates, answer.certificate);
        const auto found = std::find_if(run.objects.begin(), run.objects.end(),
                                        [&](const auto& object) { return key && object.id == *key; });
        return found == run.objects.end() ? nullptr : &*found;
    }

    /// An agent that answers with what was not shown gets nothing done.
    void refuse_answer(Running& run) {
        write_down(run, "failed", "the answer names no certificate that was shown as usable");
        finish(run, Failure(Code::certificate_not_found, "the answer names no certificate that was shown"));
    }

    // --- using a key ---

    void on_key_use_allowed(const RunningPointer& run, PromptRequest shown, PromptAnswer answer) {
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
        executor_.post_to_pool([self = weak_from_this(), &token = token_, &executor = executor_, run, pin,
                                job] {
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

    void on_pin_refused(const RunningPointer& run, const token::PinFailure& refused,
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

    void on_pin_right(const RunningPointer& run) {
        broker_.settle(run->ticket);
        if (run->finished) return;
        log_.append(log_entry(*run, "allowed", {}),
                    [self = weak_from_this(), run](const Result<void>& written) {
                        if (const auto state = self.lock()) state->on_logged(run, written);
                    });
    }

    /// Nothing is released before it is written down (rule 8).
    void on_logged(const RunningPointer& run, const Result<void>& written) {
        if (run->finished) return;
        if (!written) return finish(*run, token_failure(written.error()));
        run->logged = true;
        release(run);
    }

    void on_performed(const RunningPointer& run, Outcome<operation_work::Done> done) {
        const bool changes_token =
            is<link::GenerateKey>(run->request) || is<link::ImportCertificate>(run->request);
        if (done && changes_token) tell_token();
        if (run->finished) return;
        run->done.emplace(std::move(done));
        release(run);
    }

    void release(const RunningPointer& run) {
        if (!run->logged || !run->done) return;
        auto& done = *run->done;
        if (!done) {
            write_down(*run, "failed", protocol::row(done.error().code).name);
            return finish(*run, done.error());
        }
        if (done->object) add_view(*run, done->answer, *done->object);
        finish(*run, std::move(done->answer));
    }

    void add_view(Running& run, link::Answer& answer, const token::TokenObject& object) {
        auto view = handles_.view(run.who.connection, run.who.origin, object);
        if (auto* one = std::get_if<link::Signed>(&answer)) one->certificate = std::move(view);
        if (auto* one = std::get_if<link::Authenticated>(&answer)) one->certificate = std::move(view);
        if (auto* one = std::get_if<link::Imported>(&answer)) one->certificate = std::move(view);
        remember_choice(run, object);
    }

    // --- endings ---

    void give_up(const RunningPointer& run, PromptEnd why, Failure failure) {
        run->given_up->store(true);
        if (run->ticket != 0) broker_.withdraw(run->ticket, why);
        if (run->was_shown) write_down(*run, why == PromptEnd::gone ? "abandoned" : "cancelled");
        finish(*run, std::move(failure));
    }

    /// The one way out: exactly one reply, and nothing of the operation is left behind it.
    void finish(Running& run, Outcome<link::Answer> outcome) {
        if (std::exchange(run.finished, true)) return;
        run.given_up->store(true);
        if (!outcome && run.challenge_reserved)
            challenges_.release(run.who.origin, std::get<link::Authenticate>(run.request).challenge);
        const auto id = run.id;
        if (!outcome && !run.who.local) outcome = for_page(outcome.error());
        answer(run, std::move(outcome));
        running_.erase(id);
    }

    void answer(Running& run, Outcome<link::Answer> outcome) {
        auto kept = std::make_shared<Outcome<link::Answer>>(std::move(outcome));
        executor_.post([told = std::move(run.callbacks.on_reply), kept] {
            if (told) told(std::move(*kept));
        });
    }

    void save_then_finish(const RunningPointer& run, Outcome<link::Answer> outcome) {
        auto kept = std::make_shared<Outcome<link::Answer>>(std::move(outcome));
        sites_.save([self = weak_from_this(), run, kept](const Result<void>& saved) {
            const auto state = self.lock();
            if (!state) return;
            if (!saved) return state->finish(*run, token_failure(saved.error()));
            state->finish(*run, std::move(*kept));
        });
    }

    Outcome<link::Answer> listing(Running& run) {
        link::Listed listed;
        for (const auto& object : run.objects)
            if (object.certificate && (object.state == token::CertificateState::active ||
                                       object.state == token::CertificateState::expired))
                listed.certificates.push_back(handles_.view(run.who.connection, run.who.origin, object));
        return link::Answer(std::move(listed));
    }

    void remember_choice(const Running& run, const token::TokenObject& object) {
        if (run.who.local) return;
        if (sites_.set_preselected(run.who.origin, object.id.text(), program_text(run.who.program)))
            sites_.save();
    }

    LogEntry log_entry(const Running& run, std::string decision, std::string_view detail) const {
        return make_log_entry(run.who, run.prompt, std::move(decision), run.fingerprint, detail);
    }
    void write_down(const Running& run, std::string decision, std::string_view detail = {}) {
        log_.append(log_entry(run, std::move(decision), detail));
    }

    void tell_state(Running& run, link::PromptState state) {
        executor_.post([told = run.callbacks.on_state, state] {
            if (told) told(state);
        });
    }
    void tell_access(const std::string& origin) {
        if (changes_.access) executor_.post([told = changes_.access, origin] { told(origin); });
    }
    void tell_token() {
        if (changes_.token) executor_.post(changes_.token);
    }

    template <class Wanted>
    std::vector<RunningPointer> select(Wanted wanted) const {
        std::vector<RunningPointer> found;
        for (const auto& [id, run] : running_)
            if (wanted(*run)) found.push_back(run);
        return found;
    }

    Executor& executor_;
    token::Token& token_;
    SitePermissions& sites_;
    ActivityLog& log_;
    const Clock& clock_;
    const PolicyConfig config_;
    const Changes changes_;
    ConsentBroker broker_;
    ChallengeMemory challenges_;
    CertificateHandles handles_;
    std::map<link::ConnectionId, std::string> grants_; ///< unremembered, for one connection each
    std::map<link::OperationId, RunningPointer> running_;
};

OperationService::OperationService(Executor& executor, token::Token& token, PromptSurface& surface,
                                   SitePermissions& sites, ActivityLog& log, const Clock& clock,
                                   PolicyConfig config, Changes changes)
    : state_(std::make_shared<State>(executor, token, surface, sites, log, clock, std::move(config),
                                     std::move(changes))) {}
OperationService::~OperationService() = default;

void OperationService::start(Requester requester, link::Operation operation, std::vector<Descriptor> previews,
                             Callbacks callbacks) {
    state_->start(std::move(requester), std::move(operation), std::move(previews), std::move(callbacks));
}
void OperationService::cancel(link::OperationId operation) {
    state_->cancel(operation);
}
void OperationService::connection_closed(link::ConnectionId connection) {
    if (connection != 0) state_->connection_closed(connection);
}
void OperationService::abort_all(Code code) {
    state_->abort_all(code);
}
void OperationService::abort_sites(Code code) {
    state_->abort_sites(code);
}
link::Access OperationService::access(const std::string& origin, link::ConnectionId connection) const {
    return state_->access(origin, connection);
}
void OperationService::surface_changed() {
    state_->surface_changed();
}
void OperationService::site_changed(const std::string& origin) {
    state_->site_changed(origin);
}
void OperationService::tick() {
    state_->tick();
}
std::size_t OperationService::running() const noexcept {
    return state_->running();
}

} // namespace mohr::core
