// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_server.hpp"
#include "prompt.hpp"

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace mohr::core {

/// Whether a process of ours has a controlling terminal (tty_nr of /proc/PID/stat). A pid that is used again in between is
/// noticed: the process is held by a pidfd while it is looked at.
[[nodiscard]] bool has_controlling_terminal(pid_t pid);

/// Draws prompts through the one program that registered for it over the control socket (rule 2). I/O thread only.
class TerminalAgent final : public PromptSurface {
public:
    /// Sends prompt.show and prompt.close; given once the control socket is there.
    void attach(ControlServer& server) { server_ = &server; }

    enum class Registration { done, exists, no_terminal };
    /// Only a process with a terminal, and only while there is no other agent. Nobody can take its place by asking.
    [[nodiscard]] Registration add(std::uint64_t connection, pid_t pid);
    /// The connection ended. True if it was the agent's; its prompt is then answered with nothing.
    bool remove(std::uint64_t connection);

    [[nodiscard]] bool available() const override { return agent_.has_value(); }
    [[nodiscard]] std::string kind() const override { return agent_ ? "terminal" : "none"; }
    void show(const PromptRequest& request, Shown shown, Answered answered) override;
    void close(PromptId prompt, PromptEnd why) override;

private:
    void answered(PromptId prompt, std::optional<ControlAnswer> answer);

    ControlServer* server_ = nullptr;
    std::optional<std::uint64_t> agent_;
    PromptId shown_ = 0;
    PromptPin asked_;
    Answered waiting_;
    std::shared_ptr<int> alive_ = std::make_shared<int>();
};

} // namespace mohr::core
