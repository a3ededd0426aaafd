// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "operations.hpp"
#include "prompt.hpp"
#include "prompt_budget.hpp"

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace mohr::core {

/// Puts one prompt at a time on the screen and lets origins take turns (design section 4, T14, T15, T20).
/// It knows nothing of keys: whoever asks gets the answer together with the very request that was shown, and
/// holds the screen until it says that the answer is settled. I/O thread only.
class ConsentBroker {
public:
    using Ticket = std::uint64_t;

    /// How a prompt ended without an answer that allows.
    struct Ended {
        enum class How : std::uint8_t { refused, expired, no_agent, silenced };
        How how{};
        bool remember = false; ///< refused, and to be remembered
        PromptRequest request;
        protocol::Failure failure; ///< what the asker is told
    };
    /// Never called inside ask(). After `ended`, or after withdraw(), nothing more comes.
    struct Hooks {
        std::function<void()> shown; ///< again for each repetition
        /// The person allowed exactly `shown`. The screen stays taken until settle() or repeat().
        std::function<void(PromptRequest shown, PromptAnswer answer)> allowed;
        std::function<void(Ended)> ended;
    };

    ConsentBroker(Executor& executor, PromptSurface& surface, SitePermissions& sites, const Clock& clock,
                  const PolicyConfig& config);
    ~ConsentBroker();
    ConsentBroker(const ConsentBroker&) = delete;
    ConsentBroker& operator=(const ConsentBroker&) = delete;

    /// Fails with no_agent, busy (this origin has one waiting, or this computer's programs their number), or origin_denied
    /// (silenced).
    [[nodiscard]] protocol::Outcome<Ticket> ask(PromptRequest request, Hooks hooks);
    /// The answer was taken: the next prompt may come. Does nothing for a ticket that is over.
    void settle(Ticket ticket);
    /// The same prompt again, at once (wrong PIN).
    void repeat(Ticket ticket, PromptRequest request);
    /// The asker is gone. Counts as abandoned if it was on screen and the page itself is the cause.
    void withdraw(Ticket ticket, PromptEnd why);

    void surface_changed();
    void tick();
    /// The prompt on the screen, with how many others wait; nothing while nobody is asked.
    struct Asking {
        std::string origin;
        PromptKind kind{};
        std::size_t waiting = 0;
    };
    [[nodiscard]] std::optional<Asking> asking() const;
    /// Told, later, when asking() has become another; once for changes that come together.
    void on_change(std::function<void()> changed) { changed_ = std::move(changed); }
    [[nodiscard]] PromptBudget& budget() noexcept { return budget_; }
    [[nodiscard]] const PromptBudget& budget() const noexcept { return budget_; }

private:
    struct Entry {
        Ticket ticket = 0;
        PromptRequest request;
        Hooks hooks;
    };
    enum class Phase : std::uint8_t { shown, answered };
    struct OnScreen {
        Entry entry;
        PromptId prompt = 0;
        std::string origin;
        PromptKind kind{};
        Phase phase{};
        bool visible = false; ///< the surface has said so
        SteadyInstant deadline{};
    };

    [[nodiscard]] std::optional<protocol::Failure> full(const PromptRequest& request) const;
    void wake_at(SteadyInstant deadline);
    void pump_later();
    void pump();
    void show_next();
    void show(Entry entry);
    void on_shown(PromptId prompt);
    void on_answer(PromptId prompt, std::optional<PromptAnswer> answer);
    void end(Entry entry, Ended::How how, protocol::Failure failure, bool remember = false);
    void drop_waiting(protocol::Code code);
    [[nodiscard]] bool is_shown(PromptId prompt) const noexcept;
    void tell_change();

    Executor& executor_;
    PromptSurface& surface_;
    const Clock& clock_;
    const PolicyConfig& config_;
    PromptBudget budget_;
    std::optional<OnScreen> on_screen_;
    std::list<Entry> waiting_;                       ///< in order of arrival
    std::map<std::string, std::uint64_t> last_turn_; ///< of origins that wait or were shown lately
    std::uint64_t turns_ = 0;
    std::uint64_t tickets_ = 0;
    PromptId prompts_ = 0;
    bool pump_posted_ = false;
    bool pumping_ = false;
    bool change_posted_ = false;
    std::function<void()> changed_;
    bool timer_set_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace mohr::core
