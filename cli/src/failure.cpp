// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/encoding.hpp>
#include <mohr/cli/failure.hpp>
#include <mohr/protocol/members.hpp>

#include <nlohmann/json.hpp>

#include <stdexcept>

namespace mohr::cli {
namespace {

/// The rule that a new PIN breaks, as the catalogue says it.
std::optional<Text> pin_rule(const Failure& failure) {
    const bool admin = failure.reason.starts_with("admin:") ||
                       (failure.role == PinRole::admin && !failure.reason.starts_with("user:"));
    if (failure.reason.find("length") != std::string::npos)
        return admin ? Text::admin_pin_length : Text::user_pin_length;
    if (failure.reason.find("character") != std::string::npos)
        return admin ? Text::admin_pin_characters : Text::user_pin_characters;
    return std::nullopt;
}

std::optional<Text> catalogue_text(const Failure& failure) {
    if (failure.code == "service_not_running") return Text::not_running;
    if (failure.code == "service_timeout") return Text::no_answer;
    if (failure.code == "connection_lost") return Text::broke_off;
    if (failure.code == "interrupted") return Text::interrupted;
    if (failure.code == "declined") return Text::declined;
    if (failure.code == "token_not_activated") return Text::not_activated;
    if (failure.code == "token_not_initialised") return Text::not_initialised;
    if (failure.code == "pin_needs_terminal") return Text::pin_needs_terminal;
    if (failure.code == "confirmation_needs_terminal") return Text::confirmation_needs_terminal;
    if (failure.code == "owner_authentication_needed")
        return failure.reason == "unavailable" ? Text::owner_unavailable : Text::owner_refused;
    if (failure.code == "pin_invalid") return pin_rule(failure);
    if (failure.code == "pin_wrong" && failure.tries_left) return Text::pin_wrong;
    if (failure.code == "pin_blocked" && failure.role != PinRole::none)
        return failure.role == PinRole::admin ? Text::admin_pin_blocked : Text::user_pin_blocked;
    return std::nullopt;
}

} // namespace

void throw_exception_from_error(const Failure& failure, const boost::source_location&) {
    throw std::runtime_error(failure.code + ": " + failure.message);
}

Failure failure_from_error(const nlohmann::json& error) {
    const nlohmann::json& data = member(error, "data");
    Failure failure(Exit::failed, text_member(data, "code", "unknown"),
                    text_member(error, "message", "The service refused."));
    if (const auto code = protocol::code_from_name(failure.code)) failure.exit = exit_for(*code);
    failure.reason = text_member(data, "reason");
    if (is_count(member(data, "triesLeft")))
        failure.tries_left = static_cast<unsigned>(number_member(data, "triesLeft"));
    failure.detail = text_member(data, "path", text_member(data, "limit"));
    return failure;
}

Failure failure_from(const Error& error, std::string what) {
    return {Exit::failed, "failed", std::move(what), error.detail.empty() ? error.describe() : error.detail};
}

Failure interrupted() {
    return {Exit::declined, "interrupted", "Interrupted."};
}

std::string describe(const Failure& failure, Language language) {
    std::string out;
    if (const auto text = catalogue_text(failure))
        out = say(*text, language, {{"n", number(failure.tries_left.value_or(0), language)}});
    else
        out = printable(failure.message, 400);
    if (!failure.detail.empty()) out += "\n  " + printable(failure.detail, 400);
    const bool told = failure.code == "pin_invalid" || failure.code == "owner_authentication_needed";
    if (!failure.reason.empty() && !told) out += "\n  " + printable(failure.reason);
    return out;
}

nlohmann::json to_document(const Failure& failure) {
    nlohmann::json error{{"code", failure.code},
                         {"message", failure.message},
                         {"exit", static_cast<int>(failure.exit)},
                         {"exitName", exit_name(failure.exit)}};
    if (!failure.detail.empty()) error["detail"] = failure.detail;
    if (!failure.reason.empty()) error["reason"] = failure.reason;
    if (failure.tries_left) error["triesLeft"] = *failure.tries_left;
    return {{"error", std::move(error)}};
}

} // namespace mohr::cli
