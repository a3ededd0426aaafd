// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_connection.hpp"
#include "door_process.hpp"
#include "prompt.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

namespace mohr::core {

/// Draws each decision in a mohr-prompt of its own, which we start and which speaks to nobody but us, over an inherited
/// socket ("mohr-prompt" of docs/control-api.md). Whatever that process does, a prompt is answered once. I/O thread only.
class PromptWindow final : public PromptSurface {
public:
    struct Settings {
        std::filesystem::path program; ///< empty: not installed
        std::chrono::milliseconds shown_within = std::chrono::seconds(10);
        std::chrono::milliseconds end_within = std::chrono::seconds(2);
    };
    using Environment = std::function<std::vector<std::string>()>; ///< "NAME=value"; empty: no display
    using Interface = std::function<nlohmann::json()>;             ///< language, theme and the person's mark

    PromptWindow(IoLoop& loop, std::shared_ptr<spdlog::logger> log, Settings settings,
                 Environment environment, Interface interface);
    /// Ends whatever process is left.
    ~PromptWindow() override;
    PromptWindow(const PromptWindow&) = delete;
    PromptWindow& operator=(const PromptWindow&) = delete;

    [[nodiscard]] bool installed() const noexcept { return !settings_.program.empty(); }
    [[nodiscard]] bool available() const override { return installed() && !environment_().empty(); }
    [[nodiscard]] std::string kind() const override { return available() ? "window" : "none"; }
    void show(const PromptRequest& request, Shown shown, Answered answered) override;
    void settled(PromptId prompt) override;
    void close(PromptId prompt, PromptEnd why) override;

private:
    struct Process;
    using ProcessPointer = std::shared_ptr<Process>;

    [[nodiscard]] ProcessPointer start();
    void ask(const PromptRequest& request);
    void on_notification(const ProcessPointer& process, const std::string& method,
                         const nlohmann::json& params);
    void on_answer(const ProcessPointer& process, PromptId prompt, std::optional<ControlAnswer> answer);
    /// The prompt has no answer and gets none.
    void give_up(const ProcessPointer& process, const char* why);
    /// It has nothing more to show: it ends by itself, or is ended.
    void dismiss();

    IoLoop& loop_;
    std::shared_ptr<spdlog::logger> log_;
    Settings settings_;
    Environment environment_;
    Interface interface_;
    ProcessPointer current_;
    std::list<ProcessPointer> ending_;
    PromptId prompt_ = 0; ///< the last one that current_ was given
    PromptPin asked_;
    Shown shown_; ///< empty once it is on the screen
    Answered waiting_;
    std::uint64_t processes_ = 0;
    std::shared_ptr<int> alive_ = std::make_shared<int>();
};

} // namespace mohr::core
