// SPDX-License-Identifier: Apache-2.0
#include "chosen_surface.hpp"

#include <utility>

namespace mohr::core {

ChosenSurface::ChosenSurface(SurfaceChoice choice, SessionDisplay& display, PromptWindow& window,
                             TerminalAgent& terminal)
    : choice_(choice), display_(display), window_(window), terminal_(terminal) {}

bool ChosenSurface::may_use_window() const {
    return choice_ != SurfaceChoice::terminal && window_.installed() && display_.possible();
}

bool ChosenSurface::available() const {
    return may_use_window() || (may_use_terminal() && terminal_.available());
}

std::string ChosenSurface::kind() const {
    if (may_use_window() && display_.known()) return "window";
    return may_use_terminal() ? terminal_.kind() : "none";
}

void ChosenSurface::refresh() {
    // A display of our own is tried when there is a prompt for it, not each time that somebody asks after the service.
    if (may_use_window() && !display_.has_own()) display_.look([] {});
}

void ChosenSurface::show(const PromptRequest& request, Shown shown, Answered answered) {
    const auto draw = [this, request, shown = std::move(shown), answered = std::move(answered)] {
        const bool window = may_use_window() && display_.known();
        const bool terminal = may_use_terminal() && terminal_.available() && !request.window_only;
        if (!window && !terminal) return answered(std::nullopt);
        showing_ = window ? static_cast<PromptSurface*>(&window_) : &terminal_;
        showing_->show(request, shown, answered);
    };
    if (!may_use_window()) return draw();
    looking_ = request.prompt;
    display_.look([this, alive = std::weak_ptr(alive_), prompt = request.prompt, draw] {
        if (alive.expired() || looking_ != prompt) return; // closed meanwhile
        looking_ = 0;
        draw();
    });
}

void ChosenSurface::settled(PromptId prompt) {
    if (showing_ != nullptr) showing_->settled(prompt);
}

void ChosenSurface::close(PromptId prompt, PromptEnd why) {
    if (looking_ == prompt) looking_ = 0;
    if (showing_ != nullptr) showing_->close(prompt, why);
}

} // namespace mohr::core
