// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config.hpp"
#include "prompt_window.hpp"
#include "session_display.hpp"
#include "terminal_agent.hpp"

#include <memory>

namespace mohr::core {

/// Where a person's prompts go: the window wherever it can be drawn, whoever else has registered; the terminal agent where
/// there is no display. I/O thread only.
class ChosenSurface final : public PromptSurface {
public:
    ChosenSurface(SurfaceChoice choice, SessionDisplay& display, PromptWindow& window,
                  TerminalAgent& terminal);

    [[nodiscard]] bool available() const override;
    /// As of the last look for a display.
    [[nodiscard]] std::string kind() const override;
    [[nodiscard]] bool may_draw_windows() const override { return may_use_window(); }
    void refresh() override;
    void show(const PromptRequest& request, Shown shown, Answered answered) override;
    void settled(PromptId prompt) override;
    void close(PromptId prompt, PromptEnd why) override;

private:
    [[nodiscard]] bool may_use_window() const;
    [[nodiscard]] bool may_use_terminal() const noexcept { return choice_ != SurfaceChoice::window; }

    SurfaceChoice choice_;
    SessionDisplay& display_;
    PromptWindow& window_;
    TerminalAgent& terminal_;
    PromptId looking_ = 0; ///< waits for the look
    PromptSurface* showing_ = nullptr;
    std::shared_ptr<int> alive_ = std::make_shared<int>();
};

} // namespace mohr::core
