// SPDX-License-Identifier: Apache-2.0
#include "scripted_consent.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

namespace mohr::core {

namespace {

using Json = nlohmann::json;

constexpr std::int64_t max_delay_ms = 10 * 60 * 1000;

/// A PIN of the right length that is not the right one.
Secret wrong_pin(const Secret& right) {
    auto pin = right.duplicate();
    auto& last = pin.reveal_mutable().back();
    last = last == '0' ? '1' : '0';
    return pin;
}

Result<ScriptedConsent::Line> parse_line(std::string_view text, std::size_t number) {
    const auto wrong = [&](const std::string& what) {
        return Error(BaseErrc::malformed, "consent script, line " + std::to_string(number) + ": " + what);
    };
    const Json object = Json::parse(text, nullptr, false);
    if (!object.is_object()) return wrong("not a JSON object");
    ScriptedConsent::Line line;
    bool decided = false;
    for (const auto& [name, value] : object.items()) {
        if (name == "decision" && (value == "allow" || value == "deny")) {
            line.allow = value == "allow";
            decided = true;
        } else if (name == "pin" && value.is_string() && !value.get_ref<const std::string&>().empty()) {
            line.pin = value.get<std::string>();
        } else if (name == "certificate" && value.is_string()) {
            line.certificate = value.get<std::string>();
        } else if (name == "delay_ms" && value.is_number_unsigned() && value <= max_delay_ms) {
            line.delay = std::chrono::milliseconds(value.get<std::int64_t>());
        } else if (name == "remember" && value.is_boolean()) {
            line.remember = value.get<bool>();
        } else if (name == "new_pin" && value.is_string()) {
            line.new_pin = value.get<std::string>();
        } else if (name == "file" && value.is_string()) {
            line.file = value.get<std::string>();
        } else if (name == "password" && value.is_string()) {
            line.password = value.get<std::string>();
        } else if (name == "confirmed" && value.is_boolean()) {
            line.confirmed = value.get<bool>();
        } else if (name == "window" && value.is_object() && value.size() == 2 &&
                   value.value("items", Json()).is_number_unsigned() &&
                   value.value("minutes", Json()).is_number_unsigned()) {
            line.window = WindowTerms{value["items"].get<unsigned>(), value["minutes"].get<unsigned>()};
        } else if (name == "expect" && value.is_object() && value.size() == 1 && value.contains("kind") &&
                   value["kind"].is_string()) {
            line.expected_kind = value["kind"].get<std::string>();
        } else {
            return wrong("\"" + name + "\" is unknown or has a wrong value");
        }
    }
    if (!decided) return wrong("\"decision\" is missing");
    return line;
}

} // namespace

Result<std::vector<ScriptedConsent::Line>> ScriptedConsent::read_mode(std::string_view mode) {
    constexpr std::string_view script = "script:";
    if (mode == "allow" || mode == "deny") {
        Line line;
        line.allow = mode == "allow";
        return std::vector<Line>{std::move(line)};
    }
    if (!mode.starts_with(script))
        return Error(BaseErrc::malformed, "consent is \"allow\", \"deny\" or \"script:FILE\"");
    const std::string path(mode.substr(script.size()));
    std::ifstream file(path, std::ios::binary);
    if (!file) return Error(BaseErrc::io, path + ": " + std::strerror(errno));
    std::string content(max_script_bytes + 1, '\0');
    file.read(content.data(), static_cast<std::streamsize>(content.size()));
    content.resize(static_cast<std::size_t>(file.gcount()));
    if (content.size() > max_script_bytes) return Error(BaseErrc::malformed, path + ": over 1 MiB");
    return parse(content);
}

Result<std::vector<ScriptedConsent::Line>> ScriptedConsent::parse(std::string_view script) {
    std::vector<Line> lines;
    for (std::size_t number = 1; !script.empty(); ++number) {
        const auto end = std::min(script.find('\n'), script.size());
        const auto text = script.substr(0, end);
        script.remove_prefix(std::min(end + 1, script.size()));
        if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        if (lines.size() >= max_lines) return Error(BaseErrc::malformed, "consent script: too many lines");
        auto line = parse_line(text, number);
        if (!line) return line.error();
        lines.push_back(std::move(*line));
    }
    if (lines.empty()) return Error(BaseErrc::malformed, "consent script: no line");
    return lines;
}

ScriptedConsent::ScriptedConsent(std::vector<Line> lines, Secret right_pin, Secret right_admin_pin,
                                 Executor& executor)
    : lines_(std::move(lines)), right_pin_(std::move(right_pin)),
      right_admin_pin_(std::move(right_admin_pin)), executor_(executor) {}

void ScriptedConsent::show(const PromptRequest& request, Shown shown, Answered answered) {
    shown();
    const auto& line = lines_[next_];
    if (next_ + 1 < lines_.size()) ++next_;
    auto answer = std::make_shared<PromptAnswer>(answer_to(request, line));
    waiting_ = std::make_shared<Answered>(std::move(answered));
    const auto tell = [answer, weak = std::weak_ptr(waiting_)] {
        if (const auto waiting = weak.lock()) (*waiting)(std::move(*answer));
    };
    if (line.delay.count() > 0)
        executor_.call_after(line.delay, tell);
    else
        tell();
}

void ScriptedConsent::close(PromptId, PromptEnd) {
    waiting_.reset();
}

PromptAnswer ScriptedConsent::answer_to(const PromptRequest& request, const Line& line) const {
    PromptAnswer answer;
    answer.remember = line.remember;
    // A script that meets another prompt than it was written for must not let it pass.
    const bool unexpected = line.expected_kind && *line.expected_kind != prompt_kind_name(request.kind);
    answer.allow = line.allow && !unexpected;
    if (!answer.allow) return answer;
    const auto pick = [&](auto wanted) {
        const auto found = std::find_if(request.certificates.begin(), request.certificates.end(),
                                        [&](const auto& one) { return one.usable && wanted(one); });
        if (found == request.certificates.end()) return false;
        answer.certificate = found->id;
        return true;
    };
    if (!request.certificates.empty()) {
        const bool named = !line.certificate.empty();
        const bool found = named ? pick([&](const auto& one) {
            return one.common_name.find(line.certificate) != std::string::npos;
        })
                                 : pick([](const auto& one) { return one.preselected; }) ||
                                       pick([](const auto&) { return true; });
        if (!found) answer.allow = request.kind == PromptKind::listing;
    }
    if (request.window) answer.window = line.window;
    if (!request.pin.needed) return answer;
    const auto& right = request.pin.admin ? right_admin_pin_ : right_pin_;
    if (request.pin.renewed && !line.new_pin.empty()) answer.new_pin = Secret(as_bytes(line.new_pin));
    answer.confirmed = line.confirmed;
    if (request.file && !line.file.empty()) {
        std::ifstream file(line.file, std::ios::binary);
        answer.file.assign(std::istreambuf_iterator<char>(file), {});
        answer.password = Secret(as_bytes(line.password));
    }
    if (line.pin == "right")
        answer.pin = right.duplicate();
    else if (line.pin == "wrong")
        answer.pin = wrong_pin(right);
    else
        answer.pin = Secret(as_bytes(line.pin));
    return answer;
}

} // namespace mohr::core
