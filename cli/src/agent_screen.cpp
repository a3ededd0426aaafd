// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/encoding.hpp>
#include <mohr/cli/agent_screen.hpp>

#include <algorithm>
#include <charconv>

namespace mohr::cli {
namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;

/// Only digits, at most `most`: nothing else is a number here.
std::optional<std::size_t> number_from(std::string_view text, std::size_t most) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > most)
        return std::nullopt;
    return value;
}

std::optional<Text> pin_problem(ByteView pin, const Prompt::Pin& rules) {
    if (rules.admin) // letters too
        return pin.size() < rules.min_length || pin.size() > rules.max_length
                   ? std::optional(Text::admin_pin_length)
                   : std::nullopt;
    const bool digits =
        std::all_of(pin.begin(), pin.end(), [](std::uint8_t c) { return c >= '0' && c <= '9'; });
    if (!digits) return Text::user_pin_characters;
    if (pin.size() < rules.min_length || pin.size() > rules.max_length) return Text::user_pin_length;
    return std::nullopt;
}

Text close_text(std::string_view reason) {
    if (reason == "gone") return Text::closed_gone;
    if (reason == "cancelled") return Text::closed_cancelled;
    if (reason == "deadline") return Text::closed_deadline;
    if (reason == "stopping") return Text::closed_stopping;
    return Text::closed_other;
}

} // namespace

void AgentScreen::say_line(AgentActions& actions, Text text) const {
    actions.text += say(text, language_) + "\r\n";
}

AgentActions AgentScreen::start() const {
    AgentActions actions;
    say_line(actions, Text::agent_ready);
    return actions;
}

AgentActions AgentScreen::on_prompt(std::string request, Prompt prompt, SteadyInstant now) {
    AgentActions actions;
    if (waiting_.size() >= max_waiting_prompts) {
        actions.answers.push_back({std::move(request), false, {}, false, std::nullopt});
        return actions;
    }
    const SteadyInstant deadline = now + prompt.deadline;
    waiting_.push_back({std::move(request), std::move(prompt), deadline});
    if (!open_) open_next(actions, now);
    return actions;
}

void AgentScreen::open_next(AgentActions& actions, SteadyInstant now) {
    state_ = State::idle;
    open_.reset();
    line_.clear();
    if (waiting_.empty()) return;
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    open_ =
        Open{std::move(next.request), std::move(next.prompt), next.deadline, now, {}, 0, none, false, {}, {}};
    Open& open = *open_;
    const auto& pin = open.prompt.pin;
    const bool again =
        (pin.last_wrong || !pin.problem.empty()) && last_ && last_->prompt.same_question(open.prompt);
    if (again) {
        open.chosen = last_->chosen;
        open.remember = last_->remember;
        open.given.window = last_->window;
        open.given.confirmed = pin.confirm;
        if (pin.problem.empty())
            actions.text +=
                say(Text::pin_wrong, language_, {{"n", number(pin.tries_left.value_or(0), language_)}});
        else
            actions.text += say(pin.confirm ? Text::answer_confirm : Text::answer_problem, language_,
                                {{"reason", printable(pin.problem)}});
        actions.text += "\r\n";
        go_on(actions, now);
        return;
    }
    for (std::size_t i = 0; i < open.prompt.certificates.size(); ++i) {
        const auto& certificate = open.prompt.certificates[i];
        if (certificate.usable && (certificate.preselected || usable() == 1)) open.chosen = i;
    }
    open.lines = render_prompt(open.prompt, language_, style_, size_.columns);
    actions.text += "\a";
    show_page(actions, now);
}

void AgentScreen::show_page(AgentActions& actions, SteadyInstant now) {
    Open& open = *open_;
    const std::size_t page = std::max<std::size_t>(size_.rows, 4) - 2;
    const std::size_t end = std::min(open.lines.size(), open.next_line + page);
    for (; open.next_line < end; ++open.next_line) actions.text += open.lines[open.next_line] + "\r\n";
    if (open.next_line < open.lines.size())
        ask(actions, State::paging, now);
    else
        after_pages(actions, now);
}

void AgentScreen::after_pages(AgentActions& actions, SteadyInstant now) {
    // The answer begins a second after the last page appeared, and with an empty line.
    open_->shown = now;
    state_ = State::settling;
    if (!open_->prompt.certificates.empty() && usable() == 0) {
        say_line(actions, Text::no_usable_certificate);
        deny(actions, now);
    }
}

unsigned AgentScreen::usable() const {
    return static_cast<unsigned>(std::count_if(open_->prompt.certificates.begin(),
                                               open_->prompt.certificates.end(),
                                               [](const auto& certificate) { return certificate.usable; }));
}

void AgentScreen::ask(AgentActions& actions, State state, SteadyInstant now) {
    state_ = state;
    line_.clear();
    actions.flush = true;
    write_question(actions, now, false);
}

std::string AgentScreen::question() const {
    const Open& open = *open_;
    const bool remember = !open.prompt.remember.empty();
    const std::string chosen = open.chosen == none ? "" : std::to_string(open.chosen + 1);
    switch (state_) {
    case State::choosing:
        return say(Text::choose_certificate, language_,
                   {{"n", std::to_string(open.prompt.certificates.size())}});
    case State::deciding: {
        const auto more = open.prompt.window ? say(Text::question_window, language_) : std::string();
        if (can_choose())
            return more + say(remember ? Text::question_allow_other_remember : Text::question_allow_other,
                              language_, {{"chosen", chosen}});
        return more + say(remember ? Text::question_allow_remember : Text::question_allow, language_);
    }
    case State::typing_pin:
        return say(
            open.prompt.pin.admin ? Text::question_admin_pin : Text::question_pin, language_,
            {{"n", open.prompt.pin.tries_left ? number(*open.prompt.pin.tries_left, language_) : "?"}});
    case State::typing_window:
        return say(Text::question_window_terms, language_,
                   {{"items", std::to_string(open.prompt.window->items)},
                    {"minutes", std::to_string(open.prompt.window->minutes)}});
    case State::typing_file:
        return say(Text::question_file, language_);
    case State::typing_password:
        return say(Text::question_password, language_);
    case State::typing_new_pin:
        return say(Text::question_new_pin, language_);
    case State::repeating_new_pin:
        return say(Text::question_new_pin_again, language_);
    default:
        return {};
    }
}

void AgentScreen::write_question(AgentActions& actions, SteadyInstant now, bool again) {
    if (again && style_.rewrite.empty()) return; // a plain terminal keeps the first one
    actions.text += style_.rewrite;
    if (state_ == State::paging) {
        const std::size_t page = std::max<std::size_t>(size_.rows, 4) - 2;
        actions.text += say(Text::page_hint, language_,
                            {{"page", number((open_->next_line + page - 1) / page, language_)},
                             {"pages", number((open_->lines.size() + page - 1) / page, language_)}});
        return;
    }
    seconds_written_ = std::max<std::int64_t>(0, duration_cast<seconds>(open_->deadline - now).count());
    actions.text +=
        "[" + number(static_cast<std::uint64_t>(seconds_written_), language_) + " s] " + question();
    if (!is_hidden()) actions.text += printable(as_text(line_.view()), max_line_bytes * 4);
}

AgentActions AgentScreen::on_tick(SteadyInstant now) {
    AgentActions actions;
    if (!open_) return actions;
    // The service keeps the deadline and says when it is over; this is for one that does not.
    if (now >= open_->deadline + deadline_grace) {
        actions.answers.push_back({open_->request, false, {}, false, std::nullopt});
        close_open(actions, Text::closed_deadline, now);
        return actions;
    }
    if (state_ == State::settling && now - open_->shown >= settling_time) {
        const bool must_choose = usable() > 1 && open_->chosen == none;
        ask(actions, must_choose ? State::choosing : State::deciding, now);
    } else if (is_question()) {
        if (duration_cast<seconds>(open_->deadline - now).count() != seconds_written_)
            write_question(actions, now, true);
    }
    return actions;
}

AgentActions AgentScreen::on_close(std::uint64_t prompt, std::string_view reason, SteadyInstant now) {
    AgentActions actions;
    if (open_ && open_->prompt.number == prompt) {
        close_open(actions, close_text(reason), now);
        return actions;
    }
    std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.prompt.number == prompt; });
    return actions;
}

void AgentScreen::close_open(AgentActions& actions, Text why, SteadyInstant now) {
    actions.text += "\r\n";
    say_line(actions, why);
    last_.reset();
    open_next(actions, now);
}

AgentActions AgentScreen::on_key(const Key& key, SteadyInstant now) {
    AgentActions actions;
    const bool second_interrupt = interrupted_ && key.kind == KeyKind::interrupt;
    interrupted_ = key.kind == KeyKind::interrupt;
    if (key.kind == KeyKind::interrupt) {
        if (!open_ || second_interrupt) return on_end();
        deny(actions, now);
        say_line(actions, Text::agent_interrupt_hint);
        return actions;
    }
    if (open_ && now >= open_->deadline) return actions; // too late: an answer would be in vain
    if (state_ == State::paging)
        page_key(actions, key, now);
    else if (is_question())
        line_key(actions, key, now);
    // idle and settling: keys that nothing has asked for
    return actions;
}

void AgentScreen::page_key(AgentActions& actions, const Key& key, SteadyInstant now) {
    if (key.kind == KeyKind::escape || key.kind == KeyKind::end ||
        (key.kind == KeyKind::character && (key.character == 'n' || key.character == 'N'))) {
        actions.text += "\r\n";
        deny(actions, now);
    } else if (key.kind == KeyKind::enter || (key.kind == KeyKind::character && key.character == ' ')) {
        actions.text += style_.rewrite.empty() ? "\r\n" : style_.rewrite;
        show_page(actions, now);
    } else if (key.kind == KeyKind::character && key.character == 'e') {
        actions.text += style_.rewrite.empty() ? "\r\n" : style_.rewrite;
        for (; open_->next_line < open_->lines.size(); ++open_->next_line)
            actions.text += open_->lines[open_->next_line] + "\r\n";
        after_pages(actions, now);
    }
}

void AgentScreen::line_key(AgentActions& actions, const Key& key, SteadyInstant now) {
    if (key.kind == KeyKind::escape || key.kind == KeyKind::end) {
        actions.text += "\r\n";
        deny(actions, now);
    } else if (key.kind == KeyKind::enter) {
        actions.text += "\r\n";
        entered(actions, now);
    } else if (line_.apply(key) && !is_hidden()) {
        if (style_.rewrite.empty())
            actions.text += key.kind == KeyKind::character ? printable(std::string(1, key.character)) : "";
        else
            write_question(actions, now, true);
    }
}

void AgentScreen::entered(AgentActions& actions, SteadyInstant now) {
    const std::string_view text = as_text(line_.view());
    if (text.empty() || text == "n" || text == "N" || text == "no" || text == "خیر") {
        deny(actions, now);
        return;
    }
    switch (state_) {
    case State::choosing:
        return entered_certificate(actions, now);
    case State::deciding:
        return entered_decision(actions, now);
    case State::typing_window:
        return entered_window(actions, now);
    case State::typing_file:
        return entered_file(actions, now);
    case State::typing_pin:
        return entered_pin(actions, now);
    case State::typing_password:
        open_->given.password = line_.take();
        return go_on(actions, now);
    case State::typing_new_pin:
        return entered_new_pin(actions, now);
    case State::repeating_new_pin:
        return entered_repetition(actions, now);
    case State::idle:
    case State::settling:
    case State::paging:
        return;
    }
}

void AgentScreen::entered_certificate(AgentActions& actions, SteadyInstant now) {
    const auto& certificates = open_->prompt.certificates;
    const auto chosen = number_from(as_text(line_.view()), certificates.size());
    if (!chosen || !certificates[*chosen - 1].usable) {
        say_line(actions, Text::certificate_out_of_range);
        ask(actions, State::choosing, now);
        return;
    }
    open_->chosen = *chosen - 1;
    ask(actions, State::deciding, now);
}

void AgentScreen::entered_decision(AgentActions& actions, SteadyInstant now) {
    const std::string_view text = as_text(line_.view());
    const bool remember = (text == "r" || text == "R") && !open_->prompt.remember.empty();
    if (text == "c" && can_choose()) {
        ask(actions, State::choosing, now);
    } else if (remember || text == "y" || text == "Y" || text == "yes" || text == "بله") {
        open_->remember = remember;
        go_on(actions, now);
    } else if ((text == "w" || text == "W") && open_->prompt.window) {
        ask(actions, State::typing_window, now);
    } else {
        ask(actions, State::deciding, now);
    }
}

void AgentScreen::entered_pin(AgentActions& actions, SteadyInstant now) {
    if (const auto problem = pin_problem(line_.view(), open_->prompt.pin)) {
        say_line(actions, *problem); // costs no try
        ask(actions, State::typing_pin, now);
        return;
    }
    open_->given.pin = line_.take();
    go_on(actions, now);
}

void AgentScreen::allow(AgentActions& actions, SteadyInstant now) {
    const auto window = open_->given.window;
    PromptAnswer answer = std::move(open_->given);
    answer.request = open_->request;
    answer.allow = true;
    answer.remember = open_->remember;
    answer.admin = open_->prompt.pin.admin;
    if (open_->chosen != none) answer.certificate = open_->prompt.certificates[open_->chosen].id;
    actions.answers.push_back(std::move(answer));
    say_line(actions, Text::checking);
    last_ = Last{std::move(open_->prompt), open_->chosen, open_->remember, window};
    open_next(actions, now);
}

void AgentScreen::deny(AgentActions& actions, SteadyInstant now) {
    actions.answers.push_back({open_->request, false, {}, false, std::nullopt});
    say_line(actions, Text::refused);
    last_.reset();
    open_next(actions, now);
}

AgentActions AgentScreen::on_end() {
    AgentActions actions;
    if (open_) actions.answers.push_back({open_->request, false, {}, false, std::nullopt});
    for (const auto& waiting : waiting_)
        actions.answers.push_back({waiting.request, false, {}, false, std::nullopt});
    open_.reset();
    waiting_.clear();
    line_.clear();
    state_ = State::idle;
    actions.text = "\r\n" + say(Text::agent_ended, language_) + "\r\n";
    actions.end = true;
    return actions;
}

} // namespace mohr::cli
