// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "prompt/channel.hpp"
#include <mohr/protocol/prompt.hpp>

#include <optional>
#include <string>
#include <vector>

namespace mohr::desktop {

/// What the person decided, as "Prompts" of docs/control-api.md has it.
struct Answer {
    bool allow = false;
    std::string certificate;
    bool remember = false;
    bool confirmed = false;
    std::optional<protocol::Prompt::Window> window;
    std::optional<std::size_t> confirm_loss; ///< how many names of what is lost were shown and confirmed
    std::optional<Bytes> file;
    std::optional<std::string> phrase; ///< mark
    std::optional<Bytes> picture;      ///< mark: PNG, empty for none
    std::vector<NamedSecret> secrets;
};

/// The reply to the request `id` (JSON text), without the secrets, which it names.
[[nodiscard]] std::string to_json(const Answer& answer, const std::string& id);

} // namespace mohr::desktop
