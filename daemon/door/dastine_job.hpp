// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dastine_session.hpp"

namespace mohr::door {

/// The one order of a session that is being carried out.
class DastineSession::Job final : public WorkHost {
public:
    Job(DastineSession& session, DastineOrder taken) : order(std::move(taken)), session_(session) {}
    ~Job() override { abandon(); }

    void operate(link::Request request, Descriptors previews) override {
        request_ = std::move(request);
        previews_ = std::move(previews);
        turn_.emplace(session_.turns_, session_.key_.origin, [this] { begin(); });
    }
    void open_spool(std::uint64_t expected_bytes, std::function<void(SpoolFile)> opened) override {
        session_.host_.open_spool(expected_bytes, [alive = std::weak_ptr<bool>(alive_), &session = session_,
                                                   opened = std::move(opened)](SpoolFile file) {
            if (alive.expired()) return;
            opened(std::move(file));
            session.run();
        });
    }
    void progress(std::uint64_t, std::optional<std::uint64_t>) override {}
    void finish(Outcome<WorkResult> outcome) override {
        if (!result) result.emplace(std::move(outcome));
    }
    void abandon() {
        if (operation != 0) session_.host_.cancel_operation(std::exchange(operation, 0));
        turn_.reset(); // not before: the core takes the next prompt only without this one
    }
    /// The core has answered the operation.
    void answered() {
        operation = 0;
        shown_at.reset();
        turn_.reset();
    }
    /// Another page of the site has the turn.
    [[nodiscard]] bool is_queued() const noexcept { return turn_ && !turn_->has_begun(); }

    DastineOrder order;
    link::OperationId operation = 0;
    std::optional<SteadyInstant> shown_at;
    std::optional<Outcome<WorkResult>> result;
    /// After the order, so that it lets go of its document first.
    std::unique_ptr<Work> work;

private:
    void begin() {
        operation = session_.host_.start_operation(order.connection, session_.key_.info, std::move(request_),
                                                   std::move(previews_));
    }

    DastineSession& session_;
    link::Request request_; ///< until it has its turn
    Descriptors previews_;
    std::optional<DastineTurns::Turn> turn_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// What the failures of a command mean.
[[nodiscard]] dastine::Deed deed_of(const dastine::Command& command) noexcept;
/// Whether the client stops its remove timer at the reply.
[[nodiscard]] bool is_selection(const dastine::Command& command) noexcept;
/// The name of the token as pages know it: longer than any code, without the bar that separates names.
[[nodiscard]] std::string token_name(std::string_view label);

} // namespace mohr::door
