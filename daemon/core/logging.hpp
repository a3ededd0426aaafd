// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config.hpp"

#include <memory>

namespace spdlog {
class logger;
}

namespace mohr::core {

/// The diagnostic log, on standard error: one line an event, as text or as JSON objects. It never holds
/// secrets, digests or personal data (rule 8); foreign text goes through printable() first.
[[nodiscard]] std::shared_ptr<spdlog::logger> make_logger(LogLevel level, LogFormat format);

/// One line of the JSON format, without the line's end.
[[nodiscard]] std::string json_log_line(std::string_view time, std::string_view level,
                                        std::string_view message);

} // namespace mohr::core
