// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_connection.hpp"
#include "prompt.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>

/// "Prompts" of docs/control-api.md, to and from JSON.
namespace mohr::core {

[[nodiscard]] nlohmann::json to_control_json(const PromptRequest& request);

/// What was answered, without its secrets. Nothing if it is no answer.
[[nodiscard]] std::optional<PromptAnswer> prompt_answer_from(const nlohmann::json& result);

/// The decision of a terminal agent or a mohr-prompt, with the secrets that came along where it allows. What is no answer is
/// a refusal.
[[nodiscard]] PromptAnswer decision_of(ControlAnswer answer, const PromptPin& asked);

} // namespace mohr::core
