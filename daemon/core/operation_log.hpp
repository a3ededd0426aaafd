// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "activity_log.hpp"
#include "operations.hpp"

#include <string>
#include <string_view>

namespace mohr::core {

/// How a program is named in the log and the site list: its path, else its name.
[[nodiscard]] std::string program_text(const Program& program);

/// The line of one decision: who asked, what was shown, which certificate, what was decided.
[[nodiscard]] LogEntry make_log_entry(const Requester& who, const PromptRequest& shown, std::string decision,
                                      const Bytes& certificate_fingerprint, std::string_view detail);

} // namespace mohr::core
