// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_server.hpp"
#include "prompt.hpp"
#include <mohr/token/token.hpp>

#include <optional>
#include <string>

namespace mohr::core {

class ParamReader;

/// What stands in the prompt of a method that takes secrets and was called without them.
struct PlannedPrompt {
    PromptRequest prompt; ///< but for who asks
    std::optional<unsigned> tries_at_most;
    std::uint64_t certificates = 0; ///< that are lost: what the method is told of
};

/// Whether a prompt can ask for the secrets of this method.
[[nodiscard]] bool has_prompt(std::string_view method) noexcept;
/// Reads the method's params, which cannot confirm anything in advance, and looks at the token. Pool thread. Fails as the method
/// would: a prompt that can come to nothing is not shown.
[[nodiscard]] protocol::Outcome<PlannedPrompt> plan_prompt(const std::string& method,
                                                           const nlohmann::json& params,
                                                           const token::Token& token,
                                                           const token::PinPolicy& policy);
/// The request with the secrets that the person typed, as a terminal would have sent it; or what is wrong with a new PIN, which
/// costs no try.
[[nodiscard]] protocol::Outcome<std::shared_ptr<ControlRequest>>
completed_request(const ControlRequest& asked, const PlannedPrompt& planned, PromptAnswer answer,
                  const token::PinPolicy& policy);

} // namespace mohr::core
