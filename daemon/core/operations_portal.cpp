// SPDX-License-Identifier: Apache-2.0
// What is there for the Dastine front alone.
#include "operations_state.hpp"

#include <algorithm>
#include <utility>

namespace mohr::core {

using operation_work::Consent;

void OperationService::State::connection_opened(link::ConnectionId connection, const std::string& origin) {
    portals_.opened(origin, connection);
}

void OperationService::State::session_reset(const std::string& origin, const std::string& session) {
    if (!session.empty()) handles_.drop(HandleScope{0, origin, session});
    close_window(origin);
}

void OperationService::State::close_windows() {
    ++window_epoch_;
    if (portals_.windows().empty()) return;
    portals_.close_windows();
    tell_windows();
}

bool OperationService::State::close_window(const std::string& origin) {
    ++window_epoch_;
    if (portals_.window(origin) == nullptr) return false;
    portals_.close_window(origin);
    tell_windows();
    return true;
}

std::vector<OperationService::OpenWindow> OperationService::State::windows() {
    std::vector<OpenWindow> all;
    for (auto& one : portals_.windows())
        all.push_back({std::move(one.origin), one.items_left, one.time_left});
    return all;
}

/// Which certificates there are, and in what state, is not for sites that nobody has let in: whether or not one
/// would do, such a site raises a prompt first.
void OperationService::State::refuse_or_ask(const RunningPointer& run, Failure failure) {
    const bool its_own_fault = failure.code == Code::invalid_params ||
                               failure.code == Code::invalid_request ||
                               failure.code == Code::limit_exceeded || failure.code == Code::login_context ||
                               failure.code == Code::malformed_data || failure.code == Code::internal_error;
    const bool let_in = access(run->who.origin, run->who.connection) == link::Access::granted;
    if (its_own_fault || let_in || !is_portal(run->who)) return finish(*run, std::move(failure));
    run->deferred = std::move(failure);
    ask_for_access(run);
}

/// Exactly the site, certificate and kind of content that the person was shown when they opened the window; the
/// next item after the last one asks again.
bool OperationService::State::run_in_window(const RunningPointer& run) {
    const bool fits = is<link::Decrypt>(run->request) && is_portal(run->who) && !run->prompt.asks_access;
    const auto* open = fits ? portals_.window(run->who.origin) : nullptr;
    if (open == nullptr) return false;
    const auto key = picked(run->prompt.certificates, open->key.text());
    const auto found = std::find_if(run->objects.begin(), run->objects.end(),
                                    [&](const auto& object) { return key && object.id == *key; });
    if (found == run->objects.end()) return false;
    auto proof = portals_.take(run->who.origin, *key, run->prompt.unauthenticated);
    if (!proof) return false;
    run->fingerprint = found->certificate->fingerprint();
    const auto note =
        "in a decrypt window: item " + std::to_string(open->used) + " of " + std::to_string(open->items);
    auto job = std::make_shared<operation_work::Job>(operation_work::Job{Consent(run->prompt, *found),
                                                                         run->request,
                                                                         {},
                                                                         std::move(proof),
                                                                         {},
                                                                         {},
                                                                         {},
                                                                         false,
                                                                         run->given_up,
                                                                         clock_.now()});
    tell_windows();
    write_then_release(run, note);
    executor_.post_to_pool([self = weak_from_this(), &token = token_, &executor = executor_, run, job] {
        perform_on_pool(executor, token, std::move(*job), self, run);
    });
    return true;
}

void OperationService::State::open_window(const Running& run) {
    if (!run.window || !run.proof || run.window_epoch != window_epoch_) return;
    const auto found =
        std::find_if(run.objects.begin(), run.objects.end(), [&](const token::TokenObject& object) {
            return object.certificate && object.certificate->fingerprint() == run.fingerprint;
        });
    if (found == run.objects.end()) return;
    DecryptWindow window;
    window.key = found->id;
    window.unauthenticated = run.prompt.unauthenticated;
    window.items = run.window->items;
    window.used = 1;
    window.ends = clock_.steady() + std::chrono::minutes(run.window->minutes);
    window.proof = run.proof;
    portals_.open_window(run.who.origin, std::move(window));
    tell_windows();
}

void OperationService::State::keep_session_keys(const Running& run, const operation_work::Done& done) {
    if (done.made) portals_.add_key(run.who.origin, session_of(run.who), *done.made);
    if (done.gone) portals_.remove_key(run.who.origin, session_of(run.who), *done.gone);
}

} // namespace mohr::core
