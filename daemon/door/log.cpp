// SPDX-License-Identifier: Apache-2.0
#include "log.hpp"

#include <mohr/base/encoding.hpp>

#include <string>
#include <unistd.h>

namespace mohr::door {
namespace {

/// No time: the journal has it, and local time would need a file that the sandbox denies. Lines go out whole.
void write_line(std::string_view level, std::string_view text) {
    const std::string line = "mohr-door: " + std::string(level) + ": " + std::string(text) + "\n";
    // Where nobody takes the log any more, there is nobody to tell.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

std::string event_text(std::string_view event, std::string_view detail) {
    std::string text(event);
    if (!detail.empty()) text += ' ' + printable(detail);
    return text;
}

} // namespace

void Log::info(std::string_view event, std::string_view detail) {
    write_line("info", event_text(event, detail));
}
void Log::error(std::string_view event, std::string_view detail) {
    write_line("error", event_text(event, detail));
}
void Log::request_failed(std::string_view method, std::string_view correlation,
                         const protocol::Failure& failure) {
    if (failure.code != protocol::Code::internal_error) return;
    std::string text = "request " + std::string(correlation);
    text += ' ' + std::string(method.empty() ? "-" : method);
    text += ' ' + std::string(protocol::row(failure.code).name);
    write_line("error", event_text(text, failure.detail));
}

} // namespace mohr::door
