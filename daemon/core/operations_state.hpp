// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "activity_log.hpp"
#include "broker.hpp"
#include "certificate_choice.hpp"
#include "challenge_memory.hpp"
#include "operation_work.hpp"
#include "operations.hpp"
#include "permissions.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The inside of OperationService: operations.cpp takes operations in and out, operations_asking.cpp asks the
/// person, operations_key_use.cpp has the token act on a yes.
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

class OperationService::State : public std::enable_shared_from_this<OperationService::State> {
public:
    State(Executor& executor, token::Token& token, PromptSurface& surface, SitePermissions& sites,
          ActivityLog& log, const Clock& clock, PolicyConfig config, Changes changes)
        : executor_(executor), token_(token), sites_(sites), log_(log), clock_(clock),
          config_(std::move(config)), changes_(std::move(changes)),
          broker_(executor, surface, sites, clock, config_) {}
    void start(Requester requester, link::Operation operation, std::vector<Descriptor> previews,
               Callbacks callbacks);
    void cancel(link::OperationId id);
    void connection_closed(link::ConnectionId connection);
    void abort_all(Code code);
    void abort_sites(Code code);
    [[nodiscard]] link::Access access(const std::string& origin, link::ConnectionId connection) const;
    void site_changed(const std::string& origin);
    void surface_changed() { broker_.surface_changed(); }
    void tick() { broker_.tick(); }
    [[nodiscard]] std::size_t running() const noexcept { return running_.size(); }

private:
    // --- before anybody is asked (operations.cpp) ---
    Outcome<void> admit(Running& run, std::size_t previews);
    PromptRequest blank_prompt(const Requester& who) const;
    void begin_access(const RunningPointer& run);
    void prepare(const RunningPointer& run, std::vector<Descriptor> previews);
    void on_prepared(const RunningPointer& run, Outcome<operation_work::Prepared> prepared);

    // --- asking (operations_asking.cpp) ---
    void ask(const RunningPointer& run);
    void on_shown(Running& run);
    void on_ended(const RunningPointer& run, ConsentBroker::Ended ended);
    void after_refusal(const Running& run, bool remember);
    void on_allowed(const RunningPointer& run, PromptRequest shown, PromptAnswer answer);
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
                        operation_work::Job& job);
    void on_pin_right(const RunningPointer& run);
    /// Nothing is released before it is written down (rule 8).
    void on_logged(const RunningPointer& run, const Result<void>& written);
    void on_performed(const RunningPointer& run, Outcome<operation_work::Done> done);
    void release(const RunningPointer& run);
    void add_view(Running& run, link::Answer& answer, const token::TokenObject& object);

    // --- endings (operations.cpp) ---
    void give_up(const RunningPointer& run, PromptEnd why, Failure failure);
    /// The one way out: exactly one reply, and nothing of the operation is left behind it.
    void finish(Running& run, Outcome<link::Answer> outcome);
    void answer(Running& run, Outcome<link::Answer> outcome);
    void save_then_finish(const RunningPointer& run, Outcome<link::Answer> outcome);
    void remember_choice(const Running& run, const token::TokenObject& object);
    LogEntry log_entry(const Running& run, std::string decision, std::string_view detail) const;
    void write_down(const Running& run, std::string decision, std::string_view detail = {});
    void tell_state(Running& run, link::PromptState state);
    void tell_access(const std::string& origin);
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
    std::map<link::ConnectionId, std::string> grants_; ///< unremembered, for one connection each
    std::map<link::OperationId, RunningPointer> running_;
};

} // namespace mohr::core
