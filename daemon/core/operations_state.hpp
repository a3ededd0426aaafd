// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "activity_log.hpp"
#include "broker.hpp"
#include "certificate_choice.hpp"
#include "challenge_memory.hpp"
#include "once_grants.hpp"
#include "operation_work.hpp"
#include "operations.hpp"
#include "permissions.hpp"
#include "portal_sessions.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The inside of OperationService: operations.cpp takes operations in and out, operations_asking.cpp asks the
/// person, operations_key_use.cpp has the token act on a yes, operations_portal.cpp has what
/// is for the Dastine front alone.
namespace mohr::core {

using protocol::Code;
using protocol::Failure;
using protocol::Outcome;

template <class T>
[[nodiscard]] bool is(const link::Request& request) noexcept {
    return std::holds_alternative<T>(request);
}

/// One operation from start to reply.
struct Running {
    link::OperationId id = 0;
    Requester who;
    link::Request request;
    OperationService::Callbacks callbacks;
    bool finished = false;
    Bytes challenge;                   ///< its name, where it was reserved and may be given back
    bool was_shown = false;            ///< and not decided yet
    std::optional<Failure> deferred;   ///< answered once the site was let in
    std::optional<WindowTerms> window; ///< that the person gave with their yes
    std::uint64_t window_epoch = 0;    ///< when they gave it
    std::shared_ptr<token::Authorisation> proof;
    bool shown_told = false;
    bool answered = false; ///< nobody is asked at the moment
    std::optional<link::PromptState> state_to_tell;
    ConsentBroker::Ticket ticket = 0;
    PromptRequest prompt; ///< for the log
    std::vector<token::TokenObject> objects;
    std::vector<Certificate> certificates;
    Bytes fingerprint; ///< of the certificate that was picked
    /// Seen by the pool.
    std::shared_ptr<std::atomic<bool>> given_up = std::make_shared<std::atomic<bool>>(false);
    std::optional<Outcome<operation_work::Done>> done;
    /// Of a key use, its log line and its result, which come in any order and from two threads: whoever brings the
    /// second goes on, so that one turn of the I/O thread serves both.
    std::atomic<int> awaited{2};
    /// True for the one that was still missing; what the other has written is seen then.
    [[nodiscard]] bool brought() noexcept { return awaited.fetch_sub(1) == 1; }
};
using RunningPointer = std::shared_ptr<Running>;

[[nodiscard]] inline bool is_portal(const Requester& who) noexcept {
    return !who.local && who.api == link::Api::dastine;
}
/// Keys of pages without a session belong to their connection.
[[nodiscard]] inline std::string session_of(const Requester& who) {
    return who.session.empty() ? "-" + std::to_string(who.connection) : who.session;
}
[[nodiscard]] inline HandleScope scope_of(const Requester& who) {
    if (who.session.empty()) return {who.connection, who.origin, {}};
    return {0, who.origin, who.session};
}

class OperationService::State : public std::enable_shared_from_this<OperationService::State> {
public:
    State(Executor& executor, token::Token& token, PromptSurface& surface, SitePermissions& sites,
          ActivityLog& log, const Clock& clock, PolicyConfig config, Changes changes)
        : executor_(executor), token_(token), sites_(sites), log_(log), clock_(clock),
          config_(std::move(config)), changes_(std::move(changes)),
          broker_(executor, surface, sites, clock, config_), portals_(clock), once_(config_.once_lifetime) {}
    void keep_challenges(std::unique_ptr<ChallengeFile> file);
    void start(Requester requester, link::Operation operation, std::vector<Descriptor> previews,
               Callbacks callbacks);
    void cancel(link::OperationId id);
    void connection_opened(link::ConnectionId connection, const std::string& origin);
    void connection_closed(link::ConnectionId connection);
    void session_reset(const std::string& origin, const std::string& session);
    void close_windows();
    [[nodiscard]] std::vector<OpenWindow> windows();
    bool close_window(const std::string& origin);
    void abort_all(Code code);
    void abort_sites(Code code);
    [[nodiscard]] link::Access access(const std::string& origin, link::ConnectionId connection) const;
    [[nodiscard]] link::SiteQuirks quirks(const std::string& origin) const { return sites_.quirks(origin); }
    void program_found(link::ConnectionId connection, const std::string& origin, const Program& program);
    [[nodiscard]] bool silenced(const std::string& origin) const {
        return broker_.budget().refusal(origin).has_value();
    }
    void site_changed(const std::string& origin);
    void surface_changed() { broker_.surface_changed(); }
    void tick() { broker_.tick(); }
    [[nodiscard]] std::size_t running() const noexcept { return running_.size(); }
    [[nodiscard]] ConsentBroker& broker() noexcept { return broker_; }

private:
    // --- before anybody is asked (operations.cpp) ---
    Outcome<void> admit(Running& run, std::size_t previews);
    Outcome<void> admit_signature(const Running& run) const;
    PromptRequest blank_prompt(const Running& run);
    const std::string& domain_of(const std::string& origin);
    void ask_for_access(const RunningPointer& run);
    void begin_access(const RunningPointer& run);
    void prepare(const RunningPointer& run, std::vector<Descriptor> previews);
    void refuse_or_ask(const RunningPointer& run, Failure failure);
    void on_prepared(const RunningPointer& run, Outcome<operation_work::Prepared> prepared);

    // --- asking (operations_asking.cpp) ---
    void ask(const RunningPointer& run);
    void on_shown(const RunningPointer& run);
    void on_ended(const RunningPointer& run, ConsentBroker::Ended ended);
    void after_refusal(const Running& run, bool remember);
    /// The origin's pages are told that it is silenced, and again when it no longer is.
    void tell_silence(const std::string& origin);
    void on_allowed(const RunningPointer& run, PromptRequest shown, PromptAnswer answer);
    /// The site's own questions that were part of another prompt. True if something is to be saved.
    bool settle_site(const Running& run, const PromptRequest& shown, bool remember);
    void on_access_allowed(const RunningPointer& run, bool remember);
    void on_listing_allowed(const RunningPointer& run, bool remember);
    void on_selected(const RunningPointer& run, const PromptRequest& shown, const PromptAnswer& answer);
    const token::TokenObject* picked_object(const Running& run, const PromptRequest& shown,
                                            const PromptAnswer& answer) const;
    /// An agent that answers with what was not shown gets nothing done.
    void refuse_answer(Running& run);
    Outcome<link::Answer> listing(Running& run);

    // --- using a key (operations_key_use.cpp) ---
    void on_key_use_allowed(const RunningPointer& run, PromptRequest shown, PromptAnswer answer);
    void on_pin_refused(const RunningPointer& run, const token::PinFailure& refused,
                        const operation_work::Job& job);
    void on_pin_right(const RunningPointer& run, const PromptRequest& shown, bool remember);
    static void perform_on_pool(Executor& executor, token::Token& token, operation_work::Job job,
                                const std::weak_ptr<State>& self, const RunningPointer& run);
    /// Where the signature takes no longer than a hop to the pool.
    bool perform_at_once(const RunningPointer& run, operation_work::Job& job);
    /// Inside a decrypt window nobody is asked; each item is written down.
    bool run_in_window(const RunningPointer& run);
    void open_window(const Running& run);
    [[nodiscard]] static bool answers_all(const PromptRequest& shown, const PromptAnswer& answer) noexcept;
    void write_then_release(const RunningPointer& run, std::string_view note);
    void keep_session_keys(const Running& run, const operation_work::Done& done);
    /// Nothing is released before it is written down (rule 8).
    void on_logged(const RunningPointer& run, const Result<void>& written);
    void on_performed(const RunningPointer& run, Outcome<operation_work::Done> done);
    void release(const RunningPointer& run);
    /// What was done for an operation that ended meanwhile, and serves nobody, is taken back.
    void undo(const RunningPointer& run, operation_work::Done& done);
    void add_view(Running& run, link::Answer& answer, const token::TokenObject& object);

    // --- endings (operations.cpp) ---
    void give_up(const RunningPointer& run, PromptEnd why, Failure failure);
    /// The one way out: exactly one reply, and nothing of the operation is left behind it.
    void finish(Running& run, Outcome<link::Answer> outcome);
    void answer(Running& run, Outcome<link::Answer> outcome);
    enum class Save : std::uint8_t { no, yes };
    /// The decision's line first, then what it reveals (rule 8); a refusal is answered also where it cannot be written.
    void finish_when_written(const RunningPointer& run, std::string decision, Outcome<link::Answer> outcome,
                             Save save = Save::no);
    void save_then_finish(const RunningPointer& run, Outcome<link::Answer> outcome);
    void remember_choice(const Running& run, const token::TokenObject& object);
    LogEntry log_entry(const Running& run, std::string decision, std::string_view detail) const;
    void write_down(const Running& run, std::string decision, std::string_view detail = {});
    /// When its turn comes, and only what is still so: a prompt that is shown at once was never queued.
    void tell_state(const RunningPointer& run, link::PromptState state);
    void tell_access(const std::string& origin);
    void tell_windows();
    void tell_token();
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
    PortalSessions portals_;
    std::uint64_t window_epoch_ =
        0; ///< counts whatever ends windows: one that is being given meanwhile is not
    OnceGrants once_;
    std::shared_ptr<ChallengeFile> challenge_file_; ///< shared with the pool
    std::map<link::OperationId, RunningPointer> running_;
    std::map<std::string, std::string> domains_; ///< of origins, as the public suffix list has them
};

} // namespace mohr::core
