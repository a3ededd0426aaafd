// SPDX-License-Identifier: Apache-2.0
// What the person types beside certificate, decision and PIN: the parts of an answer that only some prompts want.
#include <mohr/base/encoding.hpp>
#include <mohr/cli/agent_screen.hpp>

#include <algorithm>
#include <charconv>

namespace mohr::cli {

namespace {

/// "20 5": both from 1 to what is offered.
std::optional<Prompt::Window> window_from(std::string_view text, const Prompt::Window& most) {
    Prompt::Window terms;
    const char* const end = text.data() + text.size();
    const auto items = std::from_chars(text.data(), end, terms.items);
    if (items.ec != std::errc() || items.ptr == end || *items.ptr != ' ') return std::nullopt;
    const auto minutes = std::from_chars(items.ptr + 1, end, terms.minutes);
    const bool whole = minutes.ec == std::errc() && minutes.ptr == end;
    const bool within =
        terms.items >= 1 && terms.items <= most.items && terms.minutes >= 1 && terms.minutes <= most.minutes;
    return whole && within ? std::optional(terms) : std::nullopt;
}

} // namespace

bool AgentScreen::is_question() const {
    return state_ != State::idle && state_ != State::settling && state_ != State::paging;
}

bool AgentScreen::is_hidden() const {
    return state_ == State::typing_pin || state_ == State::typing_password ||
           state_ == State::typing_new_pin || state_ == State::repeating_new_pin;
}

void AgentScreen::go_on(AgentActions& actions, SteadyInstant now) {
    const auto& prompt = open_->prompt;
    const auto& given = open_->given;
    if (prompt.file && given.file.empty()) return ask(actions, State::typing_file, now);
    if (prompt.file && !given.password) return ask(actions, State::typing_password, now);
    if (prompt.pin.needed && !given.pin) return ask(actions, State::typing_pin, now);
    if (prompt.pin.renewed && !given.new_pin) return ask(actions, State::typing_new_pin, now);
    allow(actions, now);
}

void AgentScreen::entered_window(AgentActions& actions, SteadyInstant now) {
    const auto terms = window_from(as_text(line_.view()), *open_->prompt.window);
    if (!terms) {
        say_line(actions, Text::window_out_of_range);
        return ask(actions, State::typing_window, now);
    }
    open_->given.window = *terms;
    go_on(actions, now);
}

void AgentScreen::entered_file(AgentActions& actions, SteadyInstant now) {
    auto content = read_file_ ? read_file_(std::string(as_text(line_.view()))) : std::nullopt;
    if (!content || content->empty()) {
        say_line(actions, Text::file_unreadable);
        return ask(actions, State::typing_file, now);
    }
    open_->given.file = std::move(*content);
    go_on(actions, now);
}

void AgentScreen::entered_new_pin(AgentActions& actions, SteadyInstant now) {
    const auto& rules = open_->prompt.pin;
    const auto typed = line_.view();
    const bool digits =
        std::all_of(typed.begin(), typed.end(), [](std::uint8_t c) { return c >= '0' && c <= '9'; });
    if (!digits || typed.size() < rules.new_min_length || typed.size() > rules.new_max_length) {
        say_line(actions, digits ? Text::user_pin_length : Text::user_pin_characters);
        return ask(actions, State::typing_new_pin, now);
    }
    open_->first_new_pin = line_.take();
    ask(actions, State::repeating_new_pin, now);
}

void AgentScreen::entered_repetition(AgentActions& actions, SteadyInstant now) {
    if (!open_->first_new_pin.same_as(line_.view())) {
        open_->first_new_pin.clear();
        say_line(actions, Text::user_pin_repeat_differs);
        return ask(actions, State::typing_new_pin, now);
    }
    open_->first_new_pin.clear();
    open_->given.new_pin = line_.take();
    go_on(actions, now);
}

} // namespace mohr::cli
