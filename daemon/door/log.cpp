// SPDX-License-Identifier: Apache-2.0
#include "log.hpp"

#include <mohr/base/encoding.hpp>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace mohr::door {

Log::Log()
    : logger_(std::make_shared<spdlog::logger>("door", std::make_shared<spdlog::sinks::stderr_sink_st>())) {
    // No time: the journal has it, and local time would need a file that the sandbox denies.
    logger_->set_pattern("mohr-door: %l: %v");
    logger_->flush_on(spdlog::level::info);
}
Log::~Log() = default;

void Log::info(std::string_view event, std::string_view detail) {
    logger_->info("{}{}{}", event, detail.empty() ? "" : " ", printable(detail));
}
void Log::error(std::string_view event, std::string_view detail) {
    logger_->error("{}{}{}", event, detail.empty() ? "" : " ", printable(detail));
}
void Log::request_failed(std::string_view method, std::string_view correlation,
                         const protocol::Failure& failure) {
    const bool bug = failure.code == protocol::Code::internal_error;
    logger_->log(bug ? spdlog::level::err : spdlog::level::debug, "request {} {} {} {}", correlation,
                 method.empty() ? "-" : method, protocol::row(failure.code).name, printable(failure.detail));
}

} // namespace mohr::door
