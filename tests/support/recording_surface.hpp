// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "prompt.hpp"
#include <mohr/base/bytes.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mohr::test {

/// The screen and the person in one: keeps what was shown, and answers when the test says so.
class RecordingSurface final : public core::PromptSurface {
public:
    struct Closed {
        core::PromptId prompt;
        core::PromptEnd why;
    };

    [[nodiscard]] bool available() const override { return present; }
    [[nodiscard]] std::string kind() const override { return present ? "terminal" : "none"; }
    void show(const core::PromptRequest& request, Shown on_screen, Answered answered) override {
        if (open) ++overlaps;
        open = true;
        drawn = std::move(on_screen);
        if (!slow) drawn();
        shown.push_back(request);
        answers.push_back(std::move(answered));
    }
    void settled(core::PromptId prompt) override { settlements.push_back(prompt); }
    void close(core::PromptId prompt, core::PromptEnd why) override {
        open = false;
        closed.push_back({prompt, why});
    }

    [[nodiscard]] const core::PromptRequest& last() const { return shown.at(shown.size() - 1); }

    static core::PromptAnswer allowing(std::string_view pin = {}, std::string certificate = {},
                                       bool remember = false) {
        core::PromptAnswer answer;
        answer.allow = true;
        answer.certificate = std::move(certificate);
        answer.remember = remember;
        if (!pin.empty()) answer.pin = Secret(as_bytes(pin));
        return answer;
    }
    void allow(std::string_view pin = {}, std::string certificate = {}, bool remember = false) {
        open = false;
        answers.back()(allowing(pin, std::move(certificate), remember));
    }
    void answer(core::PromptAnswer given) {
        open = false;
        answers.back()(std::move(given));
    }
    void deny(bool remember = false) {
        open = false;
        core::PromptAnswer answer;
        answer.remember = remember;
        answers.back()(std::move(answer));
    }
    void die() {
        open = false;
        present = false;
        answers.back()(std::nullopt);
    }

    bool present = true;
    bool open = false;
    bool slow = false; ///< a prompt is on the screen only once the test calls drawn()
    Shown drawn;
    int overlaps = 0; ///< prompts shown while another was on screen: never
    std::vector<core::PromptRequest> shown;
    std::vector<Answered> answers;
    std::vector<Closed> closed;
    std::vector<core::PromptId> settlements;
};

} // namespace mohr::test
