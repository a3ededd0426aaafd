// SPDX-License-Identifier: Apache-2.0
#include "dastine_session.hpp"

#include "dastine_job.hpp"
#include <mohr/base/encoding.hpp>

#include <algorithm>

namespace mohr::door {

using dastine::ResultCode;
using protocol::Code;

namespace {

/// A page may shorten the time for an answer, but not below what a person needs to read.
constexpr std::chrono::seconds least_window{60};
/// A payload up to here goes out in one piece.
constexpr std::uint64_t whole_bytes = std::uint64_t{3} * 64 * 1024;

Outcome<std::string> base64_of(Source& source) {
    Bytes content;
    for (;;) {
        const auto state = source.pull(content, whole_bytes);
        if (!state) return state.error();
        if (*state == Source::State::end) return to_base64(content);
        if (*state == Source::State::waiting) return Failure(Code::internal_error, "content is not complete");
    }
}

Failure withdrawn() {
    return Failure(Code::cancelled, "Reset");
}

/// Whether the command works with the certificate that was selected.
bool uses_selection(const dastine::Command& command) {
    return std::holds_alternative<dastine::Sign>(command) ||
           std::holds_alternative<dastine::CmsSign>(command) ||
           std::holds_alternative<dastine::CmsSignWithAttributes>(command) ||
           std::holds_alternative<dastine::Decrypt>(command) ||
           std::holds_alternative<dastine::RequestBySelectedCertificate>(command) ||
           std::holds_alternative<dastine::RemoveSelectedCertificate>(command);
}

} // namespace

DastineSession::DastineSession(Key key, const Clock& clock, DastineHost& host, DastineTurns& turns,
                               std::uint64_t max_reply_bytes, Deliver deliver)
    : key_(std::move(key)), clock_(clock), host_(host), turns_(turns), max_reply_bytes_(max_reply_bytes),
      deliver_(std::move(deliver)), idle_since_(clock.steady()) {}
DastineSession::~DastineSession() = default;

void DastineSession::attach(link::ConnectionId connection) {
    connections_.insert(connection);
}

void DastineSession::detach(link::ConnectionId connection) {
    connections_.erase(connection);
    if (connections_.empty()) idle_since_ = clock_.steady();
    // The client's timer is gone with its page: a watch left behind would refuse the next page's.
    for (Watch* const watch : {&remove_, &insert_})
        if (watch->owner == connection) *watch = {};
    std::erase_if(waiting_, [&](const DastineOrder& order) { return order.connection == connection; });
    if (!running_ || running_->order.connection != connection) return;
    if (is_selection(running_->order.command)) selected_.reset();
    running_.reset();
    run();
}

std::size_t DastineSession::orders_of(link::ConnectionId connection) const {
    const auto mine = [&](const DastineOrder& order) { return order.connection == connection; };
    return static_cast<std::size_t>(std::count_if(waiting_.begin(), waiting_.end(), mine)) +
           (running_ && mine(running_->order) ? 1 : 0);
}

void DastineSession::submit(DastineOrder order) {
    if (std::holds_alternative<dastine::Reset>(order.command) && running_ && running_->is_queued())
        withdraw();
    waiting_.push_back(std::move(order));
    run();
}

void DastineSession::withdraw() {
    running_->finish(withdrawn());
    for (DastineOrder& order : waiting_) order.withdrawn = true;
}

void DastineSession::run() {
    if (std::exchange(in_run_, true)) return;
    for (;;) {
        if (running_ && !running_->result) break;
        if (running_) {
            const std::unique_ptr<Job> done = std::move(running_);
            done->abandon();
            finish(*done, std::move(*done->result));
        } else if (waiting_.empty()) {
            break;
        } else {
            running_ = std::make_unique<Job>(*this, std::move(waiting_.front()));
            waiting_.pop_front();
            start(*running_);
        }
    }
    in_run_ = false;
}

void DastineSession::start(Job& job) {
    if (std::holds_alternative<dastine::Reset>(job.order.command)) return reset(job);
    if (job.order.withdrawn) return job.finish(withdrawn());
    if (job.order.denied) return job.finish(Failure(Code::origin_denied));
    if (job.order.content && job.order.content->is_over()) {
        Failure failure(Code::limit_exceeded);
        failure.limit = "buffered";
        return job.finish(std::move(failure));
    }
    auto work = make_work(job);
    if (!work) return job.finish(work.error());
    job.work = std::move(*work);
    job.work->start();
}

void DastineSession::finish(Job& job, Outcome<WorkResult> outcome) {
    if (is_selection(job.order.command)) {
        if (!outcome) selected_.reset(); // portals rely on code 11 afterwards
        remove_ = {};
    }
    if (!outcome) return fail(job, outcome.error());
    deliver(job, std::move(*outcome));
}

void DastineSession::deliver(Job& job, WorkResult result) {
    DastineReply reply{job.order.connection, job.order.name, dastine::to_text(ResultCode::successful),
                       nullptr};
    if (result.content) {
        const std::uint64_t size = result.content_size.value_or(0);
        if (size / 3 * 4 > max_reply_bytes_) {
            Failure failure(Code::limit_exceeded);
            failure.limit = "message";
            failure.max = max_reply_bytes_;
            return fail(job, failure);
        }
        if (!result.content_size || size > whole_bytes) {
            reply.payload = std::move(result.content);
        } else {
            auto text = base64_of(*result.content);
            if (!text) return fail(job, text.error());
            reply.text = std::move(*text);
        }
    }
    deliver_(std::move(reply));
}

void DastineSession::fail(Job& job, const Failure& failure) {
    const std::string correlation = std::to_string(job.order.connection) + "-" + std::to_string(++failures_);
    host_.failed(job.order.name, correlation, failure);
    // The core no longer knows it: the person removed it, or the session was away too long.
    if (uses_selection(job.order.command) && failure.code == Code::certificate_not_found) selected_.reset();
    const ResultCode code = dastine::result_of(failure, deed_of(job.order.command));
    deliver_({job.order.connection, job.order.name, dastine::to_text(code), nullptr});
}

void DastineSession::reset(Job& job) {
    selected_.reset();
    remove_ = {};
    insert_ = {};
    host_.reset_session(job.order.connection, key_.info);
    job.finish(WorkResult());
}

// --- events ---

ResultCode DastineSession::watch(dastine::TokenEvent event, link::ConnectionId connection) {
    Watch& watch = watch_of(event);
    if (watch.owner != 0) return ResultCode::event_already_set;
    watch = {connection, false};
    return ResultCode::successful;
}

ResultCode DastineSession::poll(dastine::TokenEvent event, link::ConnectionId connection) {
    Watch& watch = watch_of(event);
    if (watch.owner == 0) return ResultCode::unknown;
    watch.owner = connection; // the page's newest socket
    if (!watch.happened) return ResultCode::unknown;
    watch = {};
    return ResultCode::successful;
}

void DastineSession::on_token(dastine::TokenEvent event) {
    if (Watch& watch = watch_of(event); watch.owner != 0) watch.happened = true;
}

// --- from the core ---

bool DastineSession::on_state(link::OperationId id, link::PromptState state) {
    if (!running_ || running_->operation != id) return false;
    if (state == link::PromptState::shown && !running_->shown_at) running_->shown_at = clock_.steady();
    return true;
}

bool DastineSession::on_reply(link::OperationId id, Outcome<link::Answer>& outcome) {
    if (!running_ || running_->operation != id || id == 0) return false;
    running_->answered();
    running_->work->on_answer(std::move(outcome));
    run();
    return true;
}

void DastineSession::step() {
    if (!running_ || !running_->order.content) return;
    running_->order.content->step();
    run();
}

void DastineSession::tick() {
    if (!running_ || !running_->shown_at || !hints_.pin_window_seconds) return;
    const auto window = std::max(std::chrono::seconds(*hints_.pin_window_seconds), least_window);
    if (clock_.steady() - *running_->shown_at < window) return;
    running_->abandon();
    running_->finish(Failure(Code::consent_timeout, "PINWindowTimeout"));
    run();
}

} // namespace mohr::door
