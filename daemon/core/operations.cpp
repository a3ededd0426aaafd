// SPDX-License-Identifier: Apache-2.0
#include "guarded.hpp"
#include "operation_checks.hpp"
#include "operation_log.hpp"
#include "operations_state.hpp"
#include "token_failures.hpp"

#include <algorithm>
#include <utility>

namespace mohr::core {

namespace {

constexpr std::string_view local_origin = "this computer: mohr";

bool wants_blind(const link::Request& request) {
    const auto* sign = std::get_if<link::Sign>(&request);
    return sign &&
           std::any_of(sign->items.begin(), sign->items.end(), [](const auto& item) { return item.blind; });
}

const std::string* named_certificate(const link::Request& request) {
    return std::visit(
        [](const auto& one) -> const std::string* {
            if constexpr (requires { one.certificate; })
                return &one.certificate;
            else
                return nullptr;
        },
        request);
}

/// Codes behind stream_error belong to the control socket: to a page they are our own trouble.
Failure for_page(Failure failure) {
    if (failure.code > Code::stream_error) failure.code = Code::internal_error;
    return failure;
}

} // namespace

void OperationService::State::start(Requester requester, link::Operation operation,
                                    std::vector<Descriptor> previews, Callbacks callbacks) {
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

void OperationService::State::cancel(link::OperationId id) {
    const auto found = running_.find(id);
    if (found == running_.end()) return;
    const auto run = found->second;
    give_up(run, PromptEnd::cancelled, Failure(Code::cancelled));
}

void OperationService::State::connection_closed(link::ConnectionId connection) {
    for (const auto& run : select([&](const Running& one) { return one.who.connection == connection; }))
        give_up(run, PromptEnd::gone, Failure(Code::cancelled));
    handles_.drop(connection);
    once_.closed(connection, clock_.steady());
    if (!portals_.closed(connection)) return;
    executor_.call_after(PortalSessions::grace, [self = weak_from_this()] {
        const auto state = self.lock();
        if (!state) return;
        for (const auto& origin : state->portals_.expire()) state->handles_.drop_sessions(origin);
    });
}

void OperationService::State::abort_all(Code code) {
    close_windows();
    for (const auto& run : select([](const Running&) { return true; }))
        give_up(run, PromptEnd::stopping, Failure(code));
}

void OperationService::State::abort_sites(Code code) {
    close_windows();
    for (const auto& run : select([](const Running& one) { return !one.who.local; }))
        give_up(run, PromptEnd::stopping, Failure(code));
    once_.clear();
}

void OperationService::State::keep_challenges(std::unique_ptr<ChallengeFile> file) {
    challenge_file_ = std::move(file);
    for (const auto& name : challenge_file_->take_known()) (void)challenges_.reserve(name);
}

void OperationService::State::program_found(link::ConnectionId connection, const std::string& origin,
                                            const Program& program) {
    if (once_.extend(origin, program.path, connection, clock_.steady())) tell_access(origin);
}

link::Access OperationService::State::access(const std::string& origin, link::ConnectionId connection) const {
    switch (sites_.decision(origin, SitePermission::access)) {
    case Decision::allow:
        return link::Access::granted;
    case Decision::deny:
        return link::Access::denied;
    case Decision::ask:
        break;
    }
    if (connection != 0 && once_.covers(origin, connection)) return link::Access::granted;
    if (portals_.has(connection) && portals_.granted(origin)) return link::Access::granted;
    return silenced(origin) ? link::Access::silenced : link::Access::undecided;
}

void OperationService::State::site_changed(const std::string& origin) {
    once_.drop(origin);
    portals_.revoke(origin);
    close_window(origin);
    broker_.budget().forget(origin);
    const auto lost = select([&](const Running& one) {
        return !one.who.local && one.who.origin == origin && !is<link::RequestAccess>(one.request) &&
               access(origin, one.who.connection) != link::Access::granted;
    });
    for (const auto& run : lost) give_up(run, PromptEnd::cancelled, Failure(Code::origin_denied, "revoked"));
    tell_access(origin);
}

Outcome<void> OperationService::State::admit(Running& run, std::size_t previews) {
    const auto& origin = run.who.origin;
    if (!run.who.local) {
        if (run.who.connection == 0 || origin.empty())
            return Failure(Code::invalid_request, "neither a connection nor a job");
        const auto now = access(origin, run.who.connection);
        // On the Dastine front the question of access is part of whatever prompt comes first.
        const bool asks =
            (is<link::RequestAccess>(run.request) || is_portal(run.who)) && now != link::Access::denied;
        if (!asks && now != link::Access::granted) {
            if (auto refusal = broker_.budget().refusal(origin)) return *std::move(refusal);
            return Failure(Code::origin_denied);
        }
    }
    if (auto ok = operation_checks::check_front(run.request, run.who.api, run.who.session); !ok) return ok;
    if (auto ok = operation_checks::check(run.request, previews, run.who.api); !ok) return ok;
    if (is<link::ListCertificates>(run.request) && !run.who.local &&
        sites_.decision(origin, SitePermission::listing) == Decision::deny)
        return Failure(Code::origin_denied, "listing is refused");
    if (auto ok = admit_signature(run); !ok) return ok;
    if (const auto* login = std::get_if<link::Authenticate>(&run.request)) {
        run.challenge = ChallengeMemory::name_of(origin, login->challenge);
        if (!challenges_.reserve(run.challenge)) {
            run.challenge.clear(); // is another operation's
            Failure failure(Code::invalid_params, "a challenge serves once");
            failure.path = "challenge";
            return failure;
        }
    }
    return {};
}

/// A legacy site that nothing is decided about asks for its blind permission in the marked prompt itself.
Outcome<void> OperationService::State::admit_signature(const Running& run) const {
    const auto* sign = std::get_if<link::Sign>(&run.request);
    if (sign == nullptr) return {};
    if (sign->digest_algorithm == DigestAlgorithm::sha1 && !sites_.quirks(run.who.origin).sha1)
        return Failure(Code::unsupported_algorithm, "SHA-1 is switched off for this site");
    if (!wants_blind(run.request)) return {};
    const auto decision = sites_.decision(run.who.origin, SitePermission::blind);
    const bool may_ask = is_portal(run.who) && decision == Decision::ask;
    if (config_.forbid_blind || (decision != Decision::allow && !may_ask)) return Failure(Code::blind_denied);
    return {};
}

PromptRequest OperationService::State::blank_prompt(const Running& run) {
    const auto& who = run.who;
    PromptRequest prompt;
    prompt.origin = who.origin;
    prompt.local = who.local;
    prompt.registrable_domain = who.local ? std::string() : domain_of(who.origin);
    prompt.insecure = who.insecure;
    prompt.legacy = is_portal(who);
    prompt.program = who.program;
    prompt.asks_access = is_portal(who) && access(who.origin, who.connection) != link::Access::granted;
    prompt.asks_blind = wants_blind(run.request) && is_portal(who) &&
                        sites_.decision(who.origin, SitePermission::blind) == Decision::ask;
    if (prompt.asks_access && !is<link::RequestAccess>(run.request)) prompt.remember.emplace_back("access");
    if (prompt.asks_blind) prompt.remember.emplace_back("blind");
    return prompt;
}

void OperationService::State::begin_access(const RunningPointer& run) {
    if (run->who.local || access(run->who.origin, run->who.connection) == link::Access::granted)
        return finish(*run, link::Answer(link::AccessGranted{}));
    ask_for_access(run);
}

void OperationService::State::ask_for_access(const RunningPointer& run) {
    run->prompt = blank_prompt(*run);
    run->prompt.kind = PromptKind::access;
    run->prompt.asks_blind = false;
    run->prompt.remember = {"access"};
    ask(run);
}

void OperationService::State::prepare(const RunningPointer& run, std::vector<Descriptor> previews) {
    auto order = std::make_shared<operation_work::Order>();
    if (const auto* name = named_certificate(run->request); name && !name->empty()) {
        order->only =
            run->who.local ? token::KeyId::from_text(*name) : handles_.find(scope_of(run->who), *name);
        if (!order->only) return finish(*run, Failure(Code::certificate_not_found, "no such handle"));
    }
    order->request = run->request;
    for (auto& file : previews)
        order->previews.push_back(std::make_shared<const DocumentContent>(std::move(file)));
    order->prompt = blank_prompt(*run);
    order->preselected = sites_.preselected(run->who.origin);
    order->pin_min = config_.pin_min;
    order->pin_max = config_.pin_max;
    order->admin_pin_min = config_.admin_pin_min;
    order->admin_pin_max = config_.admin_pin_max;
    order->portal = is_portal(run->who);
    if (order->portal) order->session_keys = portals_.keys(run->who.origin, session_of(run->who));
    using Prepared = Outcome<operation_work::Prepared>;
    const auto make = [&token = token_, order] {
        return guarded<Prepared>([&] { return operation_work::prepare(token, *order); });
    };
    if (operation_work::is_quick(token_, *order)) return on_prepared(run, make());
    executor_.post_to_pool([self = weak_from_this(), &executor = executor_, run, make] {
        auto prepared = std::make_shared<Prepared>(make());
        executor.post([self, run, prepared] {
            if (const auto state = self.lock()) state->on_prepared(run, std::move(*prepared));
        });
    });
}

void OperationService::State::on_prepared(const RunningPointer& run,
                                          Outcome<operation_work::Prepared> prepared) {
    if (run->finished) return;
    if (!prepared) return refuse_or_ask(run, prepared.error());
    run->prompt = std::move(prepared->prompt);
    run->objects = std::move(prepared->objects);
    run->certificates = std::move(prepared->certificates);
    const bool listed = is<link::ListCertificates>(run->request) && !run->who.local &&
                        sites_.decision(run->who.origin, SitePermission::listing) == Decision::allow;
    if (listed) return finish(*run, listing(*run));
    if (!prepared->unlocked && !portals_.windows().empty()) close_windows();
    if (run_in_window(run)) return;
    ask(run);
}

void OperationService::State::give_up(const RunningPointer& run, PromptEnd why, Failure failure) {
    run->given_up->store(true);
    if (run->ticket != 0) broker_.withdraw(run->ticket, why);
    if (run->was_shown) write_down(*run, why == PromptEnd::gone ? "abandoned" : "cancelled");
    if (run->was_shown && !run->who.local) tell_silence(run->who.origin);
    finish(*run, std::move(failure));
}

void OperationService::State::finish(Running& run, Outcome<link::Answer> outcome) {
    if (std::exchange(run.finished, true)) return;
    run.given_up->store(true);
    if (!outcome && !run.challenge.empty()) challenges_.release(run.challenge);
    const auto id = run.id;
    if (!outcome && !run.who.local) outcome = for_page(outcome.error());
    answer(run, std::move(outcome));
    running_.erase(id);
}

void OperationService::State::answer(Running& run, Outcome<link::Answer> outcome) {
    auto kept = std::make_shared<Outcome<link::Answer>>(std::move(outcome));
    executor_.post([told = std::move(run.callbacks.on_reply), kept] {
        if (told) told(std::move(*kept));
    });
}

void OperationService::State::save_then_finish(const RunningPointer& run, Outcome<link::Answer> outcome) {
    auto kept = std::make_shared<Outcome<link::Answer>>(std::move(outcome));
    sites_.save([self = weak_from_this(), run, kept](const Result<void>& saved) {
        const auto state = self.lock();
        if (!state) return;
        if (!saved) return state->finish(*run, token_failure(saved.error()));
        state->finish(*run, std::move(*kept));
    });
}

void OperationService::State::finish_when_written(const RunningPointer& run, std::string decision,
                                                  Outcome<link::Answer> outcome, Save save) {
    run->was_shown = false;
    auto kept = std::make_shared<Outcome<link::Answer>>(std::move(outcome));
    log_.append(log_entry(*run, std::move(decision), {}),
                [self = weak_from_this(), run, kept, save](const Result<void>& written) {
                    const auto state = self.lock();
                    if (!state) return;
                    if (!written && *kept) return state->finish(*run, token_failure(written.error()));
                    if (save == Save::yes) return state->save_then_finish(run, std::move(*kept));
                    state->finish(*run, std::move(*kept));
                });
}

void OperationService::State::remember_choice(const Running& run, const token::TokenObject& object) {
    if (run.who.local) return;
    if (sites_.set_preselected(run.who.origin, object.id.text(), program_text(run.who.program)))
        sites_.save();
}

LogEntry OperationService::State::log_entry(const Running& run, std::string decision,
                                            std::string_view detail) const {
    return make_log_entry(run.who, run.prompt, std::move(decision), run.fingerprint, detail);
}

void OperationService::State::write_down(const Running& run, std::string decision, std::string_view detail) {
    log_.append(log_entry(run, std::move(decision), detail));
}

void OperationService::State::tell_state(const RunningPointer& run, link::PromptState state) {
    if (std::exchange(run->state_to_tell, state)) return;
    executor_.post([run] {
        const auto now = std::exchange(run->state_to_tell, std::nullopt);
        if (!now || run->finished || run->answered) return;
        run->shown_told = *now == link::PromptState::shown;
        if (run->callbacks.on_state) run->callbacks.on_state(*now);
    });
}

void OperationService::State::tell_access(const std::string& origin) {
    if (changes_.access) executor_.post([told = changes_.access, origin] { told(origin); });
}

void OperationService::State::tell_windows() {
    if (changes_.windows) executor_.post(changes_.windows);
}
void OperationService::State::tell_token() {
    if (changes_.token) executor_.post(changes_.token);
}

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
void OperationService::connection_opened(link::ConnectionId connection, const std::string& origin,
                                         link::Api api) {
    if (connection != 0 && api == link::Api::dastine) state_->connection_opened(connection, origin);
}
void OperationService::session_reset(const std::string& origin, const std::string& session) {
    state_->session_reset(origin, session);
}
void OperationService::token_locked() {
    state_->close_windows();
}
std::vector<OperationService::OpenWindow> OperationService::decrypt_windows() const {
    return state_->windows();
}
bool OperationService::end_decrypt_window(const std::string& origin) {
    return state_->close_window(origin);
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
link::SiteQuirks OperationService::quirks(const std::string& origin) const {
    return state_->quirks(origin);
}
void OperationService::keep_challenges(std::unique_ptr<ChallengeFile> file) {
    state_->keep_challenges(std::move(file));
}
void OperationService::program_found(link::ConnectionId connection, const std::string& origin,
                                     const Program& program) {
    state_->program_found(connection, origin, program);
}
bool OperationService::silenced(const std::string& origin) const {
    return state_->silenced(origin);
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
ConsentBroker& OperationService::broker() noexcept {
    return state_->broker();
}
std::size_t OperationService::running() const noexcept {
    return state_->running();
}

} // namespace mohr::core
