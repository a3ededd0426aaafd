// SPDX-License-Identifier: Apache-2.0
#include "broker.hpp"

#include <algorithm>
#include <utility>

namespace mohr::core {

using protocol::Code;
using protocol::Failure;

namespace {
constexpr std::size_t max_remembered_turns = 4096;
}

ConsentBroker::ConsentBroker(Executor& executor, PromptSurface& surface, SitePermissions& sites,
                             const Clock& clock, const PolicyConfig& config)
    : executor_(executor), surface_(surface), clock_(clock), config_(config), budget_(sites, clock, config) {}

ConsentBroker::~ConsentBroker() {
    if (on_screen_ && on_screen_->phase == Phase::shown)
        surface_.close(on_screen_->prompt, PromptEnd::stopping);
}

protocol::Outcome<ConsentBroker::Ticket> ConsentBroker::ask(PromptRequest request, Hooks hooks) {
    if (!surface_.available()) return Failure(Code::no_agent);
    if (!request.local)
        if (auto refusal = budget_.refusal(request.origin)) return *std::move(refusal);
    if (auto refusal = full(request)) return *std::move(refusal);
    const auto ticket = ++tickets_;
    waiting_.push_back({ticket, std::move(request), std::move(hooks)});
    tell_change();
    pump_later();
    return ticket;
}

/// A page gets one place. A person who starts several programs wants them answered in turn; together they are one origin,
/// so that no site waits for more than one of them.
std::optional<Failure> ConsentBroker::full(const PromptRequest& request) const {
    const auto waiting =
        static_cast<std::size_t>(std::count_if(waiting_.begin(), waiting_.end(), [&](const Entry& entry) {
            return entry.request.origin == request.origin;
        }));
    if (request.local && waiting >= config_.max_local)
        return Failure(Code::busy, "too many prompts of this computer wait");
    if (!request.local && waiting > 0) return Failure(Code::busy, "one prompt of this origin waits already");
    if (waiting_.size() >= config_.max_waiting) return Failure(Code::busy, "too many prompts wait");
    return std::nullopt;
}

void ConsentBroker::settle(Ticket ticket) {
    if (!on_screen_ || on_screen_->entry.ticket != ticket || on_screen_->phase != Phase::answered) return;
    const auto prompt = on_screen_->prompt;
    on_screen_.reset();
    surface_.settled(prompt);
    pump_later();
}

void ConsentBroker::repeat(Ticket ticket, PromptRequest request) {
    if (!on_screen_ || on_screen_->entry.ticket != ticket || on_screen_->phase != Phase::answered) return;
    auto entry = std::move(on_screen_->entry);
    const auto before = on_screen_->prompt;
    on_screen_.reset();
    entry.request = std::move(request);
    if (!surface_.available()) {
        surface_.close(before, PromptEnd::gone);
        end(std::move(entry), Ended::How::no_agent, Failure(Code::no_agent));
        pump_later();
        return;
    }
    show(std::move(entry));
}

void ConsentBroker::withdraw(Ticket ticket, PromptEnd why) {
    if (on_screen_ && on_screen_->entry.ticket == ticket) {
        const auto over = std::move(*on_screen_);
        on_screen_.reset();
        const bool undecided =
            over.phase == Phase::shown; // also where its window is still coming up: it cost a process
        if (undecided && why != PromptEnd::stopping && !over.entry.request.local)
            budget_.abandoned(over.entry.request.origin);
        surface_.close(over.prompt, why);
        pump_later();
        return;
    }
    std::erase_if(waiting_, [&](const Entry& entry) { return entry.ticket == ticket; });
}

void ConsentBroker::surface_changed() {
    if (surface_.available()) return pump_later();
    if (on_screen_ && on_screen_->phase == Phase::shown) on_answer(on_screen_->prompt, std::nullopt);
    drop_waiting(Code::no_agent);
}

void ConsentBroker::tick() {
    if (!on_screen_ || on_screen_->phase != Phase::shown || clock_.steady() < on_screen_->deadline) return;
    auto over = std::move(*on_screen_);
    on_screen_.reset();
    if (!over.entry.request.local) budget_.refused(over.entry.request.origin);
    surface_.close(over.prompt, PromptEnd::deadline);
    end(std::move(over.entry), Ended::How::expired, Failure(Code::consent_timeout));
    pump_later();
}

/// One timer for all prompts: thousands of them may come and go before the first deadline.
void ConsentBroker::wake_at(SteadyInstant deadline) {
    if (std::exchange(timer_set_, true)) return;
    const auto delay = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock_.steady());
    executor_.call_after(delay, [this, guard = std::weak_ptr(alive_)] {
        if (guard.expired()) return;
        timer_set_ = false;
        tick();
        if (on_screen_ && on_screen_->phase == Phase::shown) wake_at(on_screen_->deadline);
    });
}

/// Always from the executor: a surface that answers at once must not make ask() call back, or the stack grow.
void ConsentBroker::pump_later() {
    tell_change(); // whatever ends or repeats a prompt comes by here
    if (pumping_ || pump_posted_ || on_screen_ || waiting_.empty()) return;
    pump_posted_ = true;
    executor_.post([this, alive = std::weak_ptr(alive_)] {
        if (alive.expired()) return;
        pump_posted_ = false;
        pump();
    });
}

/// Goes on while the surface answers at once, so that those who wait need no turn of the loop each.
void ConsentBroker::pump() {
    struct Pumping {
        explicit Pumping(bool& flag) : flag_(flag) { flag_ = true; }
        ~Pumping() { flag_ = false; }
        bool& flag_;
    };
    const Pumping now(pumping_);
    while (!on_screen_ && !waiting_.empty()) show_next();
}

void ConsentBroker::show_next() {
    if (!surface_.available()) return drop_waiting(Code::no_agent);
    const auto turn = [this](const Entry& entry) {
        const auto found = last_turn_.find(entry.request.origin);
        return found == last_turn_.end() ? 0 : found->second;
    };
    const auto next = std::min_element(waiting_.begin(), waiting_.end(),
                                       [&](const Entry& a, const Entry& b) { return turn(a) < turn(b); });
    auto entry = std::move(*next);
    waiting_.erase(next);
    // What happened while it waited may have silenced its origin.
    auto refusal = entry.request.local ? std::nullopt : budget_.refusal(entry.request.origin);
    if (refusal) return end(std::move(entry), Ended::How::silenced, *std::move(refusal));
    if (last_turn_.size() >= max_remembered_turns) last_turn_.clear();
    last_turn_[entry.request.origin] = ++turns_;
    show(std::move(entry));
}

void ConsentBroker::show(Entry entry) {
    const auto prompt = ++prompts_;
    entry.request.prompt = prompt;
    entry.request.deadline = config_.prompt_deadline;
    const auto origin = entry.request.origin;
    const auto kind = entry.request.kind;
    on_screen_ = OnScreen{std::move(entry),
                          prompt,
                          origin,
                          kind,
                          Phase::shown,
                          false,
                          clock_.steady() + config_.prompt_deadline};
    wake_at(on_screen_->deadline);
    // Copies: the surface may answer inside show(), and the prompt may be over by then.
    const auto request = on_screen_->entry.request;
    const std::weak_ptr<bool> guard = alive_;
    surface_.show(
        request,
        [this, guard, prompt] {
            if (!guard.expired()) on_shown(prompt);
        },
        [this, guard, prompt](std::optional<PromptAnswer> answer) {
            if (!guard.expired()) on_answer(prompt, std::move(answer));
        });
}

/// A window may take its time to come up; the person has all of the deadline.
void ConsentBroker::on_shown(PromptId prompt) {
    if (!is_shown(prompt)) return;
    on_screen_->visible = true;
    tell_change();
    on_screen_->deadline = clock_.steady() + config_.prompt_deadline;
    const auto told = on_screen_->entry.hooks.shown;
    told();
}

/// Answers to anything but the prompt on screen are replays, late or invented: they do nothing.
void ConsentBroker::on_answer(PromptId prompt, std::optional<PromptAnswer> answer) {
    if (!is_shown(prompt)) return;
    if (clock_.steady() >= on_screen_->deadline) return tick();
    if (answer && answer->allow) {
        on_screen_->phase = Phase::answered;
        if (!on_screen_->entry.request.local) budget_.allowed(on_screen_->entry.request.origin);
        const auto told = on_screen_->entry.hooks.allowed;
        told(std::move(on_screen_->entry.request), *std::move(answer)); // a repeat brings its own
        return;
    }
    auto entry = std::move(on_screen_->entry);
    on_screen_.reset();
    surface_.settled(prompt);
    if (answer) {
        if (!entry.request.local) budget_.refused(entry.request.origin);
        end(std::move(entry), Ended::How::refused, Failure(Code::user_cancelled), answer->remember);
    } else {
        end(std::move(entry), Ended::How::no_agent, Failure(Code::no_agent, "the agent went away"));
    }
    pump_later();
}

void ConsentBroker::end(Entry entry, Ended::How how, Failure failure, bool remember) {
    Ended ended{how, remember, std::move(entry.request), std::move(failure)};
    entry.hooks.ended(std::move(ended));
}

void ConsentBroker::drop_waiting(Code code) {
    auto dropped = std::exchange(waiting_, {});
    for (auto& entry : dropped) end(std::move(entry), Ended::How::no_agent, Failure(code));
}

std::optional<ConsentBroker::Asking> ConsentBroker::asking() const {
    if (!on_screen_ || !on_screen_->visible) return std::nullopt;
    return Asking{on_screen_->origin, on_screen_->kind, waiting_.size()};
}

void ConsentBroker::tell_change() {
    if (!changed_ || std::exchange(change_posted_, true)) return;
    executor_.post([this, guard = std::weak_ptr(alive_)] {
        if (guard.expired()) return;
        change_posted_ = false;
        changed_();
    });
}

bool ConsentBroker::is_shown(PromptId prompt) const noexcept {
    return on_screen_ && on_screen_->prompt == prompt && on_screen_->phase == Phase::shown;
}

} // namespace mohr::core
