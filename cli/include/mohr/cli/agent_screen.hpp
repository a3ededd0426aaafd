// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/clock.hpp>
#include <mohr/cli/prompt_view.hpp>
#include <mohr/cli/terminal.hpp>
#include <mohr/protocol/prompt.hpp>

#include <deque>
#include <functional>
#include <optional>
#include <string>

namespace mohr::cli {

/// Keys pressed this long after a prompt appeared were meant for what was there before (T14).
inline constexpr std::chrono::milliseconds settling_time{1000};
/// How long after its deadline a prompt that the service does not close stays on screen.
inline constexpr std::chrono::milliseconds deadline_grace{5000};
/// Prompts that may wait behind the open one; the service shows one at a time.
inline constexpr std::size_t max_waiting_prompts = 16;

/// What the person decided about one prompt.
struct PromptAnswer {
    std::string request; ///< JSON text of the request's id
    bool allow = false;
    std::string certificate; ///< id, or empty
    bool remember = false;
    std::optional<Secret> pin;
    bool admin = false; ///< the PIN is the admin's
    std::optional<Secret> new_pin{};
    std::optional<Secret> password{};
    Bytes file{};
    std::optional<Prompt::Window> window{};
    bool confirmed = false;
};

/// What the agent is to do next, in this order.
struct AgentActions {
    bool flush = false; ///< forget what was typed so far, before the text goes out
    std::string text;
    std::vector<PromptAnswer> answers;
    bool end = false;
};

/// The terminal agent without terminal and socket: fed with prompts, keys and ticks, it says what to write
/// and what to answer.
class AgentScreen {
public:
    /// The content of a file that the person named, or nothing.
    using ReadFile = std::function<std::optional<Bytes>(const std::string& path)>;

    AgentScreen(Language language, Style style, TerminalSize size, ReadFile read_file = {})
        : language_(language), style_(style), size_(size), read_file_(std::move(read_file)) {}

    [[nodiscard]] AgentActions start() const;
    [[nodiscard]] AgentActions on_prompt(std::string request, Prompt prompt, SteadyInstant now);
    /// prompt.close; an unknown number changes nothing.
    [[nodiscard]] AgentActions on_close(std::uint64_t prompt, std::string_view reason, SteadyInstant now);
    [[nodiscard]] AgentActions on_key(const Key& key, SteadyInstant now);
    /// At least once a second: countdown, deadline, the end of settling.
    [[nodiscard]] AgentActions on_tick(SteadyInstant now);
    /// The terminal or the agent goes: everything open is refused.
    [[nodiscard]] AgentActions on_end();
    void resize(TerminalSize size) { size_ = size; }

private:
    enum class State {
        idle,
        settling,
        paging,
        choosing,
        deciding,
        typing_window,
        typing_file,
        typing_pin,
        typing_password,
        typing_new_pin,
        repeating_new_pin
    };
    struct Open {
        std::string request;
        Prompt prompt;
        SteadyInstant deadline;
        SteadyInstant shown;
        std::vector<std::string> lines;
        std::size_t next_line = 0;
        std::size_t chosen = none;
        bool remember = false;
        PromptAnswer given{}; ///< what was typed so far
        Secret first_new_pin{};
    };
    struct Waiting {
        std::string request;
        Prompt prompt;
        SteadyInstant deadline;
    };
    /// Of the prompt that was answered last: a repetition after a wrong PIN goes straight to the PIN.
    struct Last {
        Prompt prompt;
        std::size_t chosen = none;
        bool remember = false;
        std::optional<Prompt::Window> window{};
    };
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    void open_next(AgentActions& actions, SteadyInstant now);
    void show_page(AgentActions& actions, SteadyInstant now);
    void after_pages(AgentActions& actions, SteadyInstant now);
    void ask(AgentActions& actions, State state, SteadyInstant now);
    void write_question(AgentActions& actions, SteadyInstant now, bool again);
    [[nodiscard]] std::string question() const;
    void page_key(AgentActions& actions, const Key& key, SteadyInstant now);
    void line_key(AgentActions& actions, const Key& key, SteadyInstant now);
    void entered(AgentActions& actions, SteadyInstant now);
    void entered_certificate(AgentActions& actions, SteadyInstant now);
    void entered_decision(AgentActions& actions, SteadyInstant now);
    void entered_pin(AgentActions& actions, SteadyInstant now);
    void entered_window(AgentActions& actions, SteadyInstant now);
    void entered_file(AgentActions& actions, SteadyInstant now);
    void entered_new_pin(AgentActions& actions, SteadyInstant now);
    void entered_repetition(AgentActions& actions, SteadyInstant now);
    /// Asks for what the answer still lacks, or sends it.
    void go_on(AgentActions& actions, SteadyInstant now);
    [[nodiscard]] bool is_question() const;
    [[nodiscard]] bool is_hidden() const; ///< what is typed is not shown
    void allow(AgentActions& actions, SteadyInstant now);
    void deny(AgentActions& actions, SteadyInstant now);
    void close_open(AgentActions& actions, Text why, SteadyInstant now);
    [[nodiscard]] unsigned usable() const;
    [[nodiscard]] bool can_choose() const { return usable() > 1; }
    void say_line(AgentActions& actions, Text text) const;

    Language language_;
    Style style_;
    TerminalSize size_;
    ReadFile read_file_;
    State state_ = State::idle;
    std::optional<Open> open_;
    std::deque<Waiting> waiting_;
    std::optional<Last> last_;
    LineBuffer line_;
    bool interrupted_ = false; ///< the last key was Ctrl-C
    std::int64_t seconds_written_ = -1;
};

} // namespace mohr::cli
