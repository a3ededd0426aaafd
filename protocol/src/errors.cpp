// SPDX-License-Identifier: Apache-2.0
#include <mohr/protocol/errors.hpp>

#include <boost/system/system_error.hpp>

#include <array>
#include <stdexcept>

namespace mohr::protocol {
namespace {
constexpr std::array rows{
    CodeRow{Code::parse_error, "parse_error", -32700, "The message is not well-formed JSON."},
    CodeRow{Code::invalid_request, "invalid_request", -32600, "The message is not a JSON-RPC 2.0 request."},
    CodeRow{Code::method_not_found, "method_not_found", -32601, "There is no such method."},
    CodeRow{Code::invalid_params, "invalid_params", -32602, "The parameters do not fit the method."},
    CodeRow{Code::internal_error, "internal_error", -32603,
            "Something failed on this side; nothing was changed."},
    CodeRow{Code::user_cancelled, "user_cancelled", -32001, "The person declined."},
    CodeRow{Code::consent_timeout, "consent_timeout", -32002, "The person did not answer in time."},
    CodeRow{Code::cancelled, "cancelled", -32003, "The request was cancelled."},
    CodeRow{Code::origin_denied, "origin_denied", -32010, "This site has no permission."},
    CodeRow{Code::blind_denied, "blind_denied", -32011,
            "This site may not ask for signatures over what cannot be shown."},
    CodeRow{Code::no_agent, "no_agent", -32012,
            "Nobody can be asked: there is no display and no terminal agent."},
    CodeRow{Code::busy, "busy", -32013, "This site already has a prompt waiting."},
    CodeRow{Code::pin_wrong, "pin_wrong", -32020, "The PIN was wrong."},
    CodeRow{Code::pin_blocked, "pin_blocked", -32021, "The PIN is blocked."},
    CodeRow{Code::token_not_activated, "token_not_activated", -32022, "The token has not been activated."},
    CodeRow{Code::token_not_initialised, "token_not_initialised", -32023,
            "The token has not been initialised."},
    CodeRow{Code::certificate_not_found, "certificate_not_found", -32030, "There is no such certificate."},
    CodeRow{Code::key_usage, "key_usage", -32031, "The certificate does not allow this use."},
    CodeRow{Code::certificate_unusable, "certificate_unusable", -32032,
            "The certificate is expired, on hold or revoked."},
    CodeRow{Code::unsupported_algorithm, "unsupported_algorithm", -32033,
            "The algorithm is not supported here."},
    CodeRow{Code::malformed_data, "malformed_data", -32034, "The data is not what it should be."},
    CodeRow{Code::decryption_failed, "decryption_failed", -32035, "The content could not be decrypted."},
    CodeRow{Code::not_a_recipient, "not_a_recipient", -32036, "No key of the token fits the envelope."},
    CodeRow{Code::login_context, "login_context", -32037,
            "Data that begins with the login context cannot be signed as a document."},
    CodeRow{Code::limit_exceeded, "limit_exceeded", -32040, "A limit was passed."},
    CodeRow{Code::stream_error, "stream_error", -32041, "The stream was not used as agreed."},
    CodeRow{Code::pin_invalid, "pin_invalid", -32050, "The new PIN breaks a rule."},
    CodeRow{Code::confirmation_needed, "confirmation_needed", -32051, "This needs a second confirmation."},
    CodeRow{Code::wrong_role, "wrong_role", -32052, "This role may not do this."},
    CodeRow{Code::no_terminal, "no_terminal", -32053, "An agent needs a terminal."},
    CodeRow{Code::agent_exists, "agent_exists", -32054, "Another agent is registered."},
    CodeRow{Code::not_found, "not_found", -32055, "There is no such thing."},
    CodeRow{Code::storage_failed, "storage_failed", -32056, "The disk refused; nothing was changed."},
    CodeRow{Code::exists, "exists", -32057, "It exists already."},
    CodeRow{Code::owner_authentication_needed, "owner_authentication_needed", -32058,
            "The owner of this device must be authenticated."},
    CodeRow{Code::wrong_password, "wrong_password", -32059, "The password does not open the file."},
};
constexpr bool in_order() {
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (static_cast<std::size_t>(rows[i].code) != i) return false;
    return true;
}
static_assert(in_order());
} // namespace

const CodeRow& row(Code code) noexcept {
    return rows[static_cast<std::size_t>(code)];
}
std::size_t code_count() noexcept {
    return rows.size();
}

std::optional<Code> code_from_name(std::string_view name) noexcept {
    for (const CodeRow& r : rows)
        if (r.name == name) return r.code;
    return std::nullopt;
}

void throw_exception_from_error(const Failure& failure, const boost::source_location&) {
    throw std::runtime_error(std::string(row(failure.code).name) + ": " + failure.detail);
}

} // namespace mohr::protocol
