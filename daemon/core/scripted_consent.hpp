// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor.hpp"
#include "prompt.hpp"
#include <mohr/base/result.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mohr::core {

/// Answers prompts by a script instead of a person: for sandboxes only, which make their own throw-away vault
/// (rule 9). "allow" and "deny" answer every prompt so; a script is JSON lines as docs/control-api.md has
/// them, one a prompt, the last one for all that follow.
class ScriptedConsent final : public PromptSurface {
public:
    static constexpr std::size_t max_script_bytes = 1024 * 1024;
    static constexpr std::size_t max_lines = 10000;

    struct Line {
        bool allow = false;
        std::string pin = "right"; ///< "right", "wrong", or the digits themselves; these belong to a sandbox
        std::string certificate;   ///< part of the subject's common name
        std::chrono::milliseconds delay{0};
        std::optional<std::string> expected_kind;
        bool remember = false;
        std::optional<WindowTerms> window; ///< asked for where a prompt offers one
        std::string new_pin;               ///< digits, where a new user PIN is asked for
        std::string file;                  ///< path of a PKCS#12 file …
        std::string password;              ///< … and its password; both belong to a sandbox
        bool confirmed = false;
    };

    /// `mode`: "allow", "deny" or "script:FILE". Fails with BaseErrc::malformed (the detail has the line).
    [[nodiscard]] static Result<std::vector<Line>> read_mode(std::string_view mode);
    [[nodiscard]] static Result<std::vector<Line>> parse(std::string_view script);

    /// `lines` is not empty.
    ScriptedConsent(std::vector<Line> lines, Secret right_pin, Secret right_admin_pin, Executor& executor);

    [[nodiscard]] bool available() const override { return true; }
    [[nodiscard]] std::string kind() const override { return "scripted"; }
    void show(const PromptRequest& request, Shown shown, Answered answered) override;
    void close(PromptId prompt, PromptEnd why) override;

private:
    [[nodiscard]] PromptAnswer answer_to(const PromptRequest& request, const Line& line) const;

    std::vector<Line> lines_;
    std::size_t next_ = 0;
    Secret right_pin_;
    Secret right_admin_pin_;
    Executor& executor_;
    /// Of the prompt that waits for its delay; gone once it is closed.
    std::shared_ptr<Answered> waiting_;
};

} // namespace mohr::core
