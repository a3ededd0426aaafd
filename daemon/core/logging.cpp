// SPDX-License-Identifier: Apache-2.0
#include "logging.hpp"

#include <mohr/base/clock.hpp>

#include <nlohmann/json.hpp>
#include <spdlog/formatter.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace mohr::core {
namespace {

class LineFormatter final : public spdlog::formatter {
public:
    explicit LineFormatter(LogFormat format) : format_(format) {}

    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
        const std::string time =
            to_rfc3339(std::chrono::time_point_cast<std::chrono::milliseconds>(message.time));
        const auto level = spdlog::level::to_string_view(message.level);
        const std::string_view level_text(level.data(), level.size());
        const std::string_view text(message.payload.data(), message.payload.size());
        std::string line;
        if (format_ == LogFormat::json)
            line = json_log_line(time, level_text, text);
        else
            line = time + " " + std::string(level_text) + " " + std::string(text);
        line += '\n';
        out.append(line.data(), line.data() + line.size());
    }

    [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
        return std::make_unique<LineFormatter>(format_);
    }

private:
    LogFormat format_;
};

spdlog::level::level_enum spdlog_level(LogLevel level) {
    switch (level) {
    case LogLevel::error:
        return spdlog::level::err;
    case LogLevel::warn:
        return spdlog::level::warn;
    case LogLevel::info:
        return spdlog::level::info;
    case LogLevel::debug:
        return spdlog::level::debug;
    }
    return spdlog::level::info;
}

} // namespace

std::string json_log_line(std::string_view time, std::string_view level, std::string_view message) {
    nlohmann::ordered_json line;
    line["time"] = time;
    line["level"] = level;
    line["message"] = message;
    return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::shared_ptr<spdlog::logger> make_logger(LogLevel level, LogFormat format) {
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    auto logger = std::make_shared<spdlog::logger>("mohrd", std::move(sink));
    logger->set_formatter(std::make_unique<LineFormatter>(format));
    logger->set_level(spdlog_level(level));
    logger->flush_on(spdlog::level::trace);
    return logger;
}

} // namespace mohr::core
