// SPDX-License-Identifier: Apache-2.0
#include <mohr/cli/exit_code.hpp>

#include <array>

namespace mohr::cli {
namespace {
constexpr std::array rows{
    ExitRow{Exit::ok, "ok", "done"},
    ExitRow{Exit::failed, "failed", "failed; the message says why"},
    ExitRow{Exit::usage, "usage", "the command line was not understood"},
    ExitRow{Exit::not_running, "not_running", "the service is not running"},
    ExitRow{Exit::declined, "declined", "declined, cancelled, or not answered in time by the person"},
    ExitRow{Exit::pin_wrong, "pin_wrong", "wrong PIN or password"},
    ExitRow{Exit::pin_blocked, "pin_blocked", "the PIN is blocked"},
    ExitRow{Exit::not_found, "not_found", "no such key, certificate, site or file"},
    ExitRow{Exit::invalid, "invalid", "the signature is not valid, or the activity log is not intact"},
    ExitRow{Exit::exists, "exists", "it exists already: an output file, an agent, an initialised token"},
    ExitRow{Exit::confirmation, "confirmation", "a confirmation is needed and nobody could give it"},
    ExitRow{Exit::token_not_ready, "token_not_ready", "the token is not activated or not initialised"},
    ExitRow{Exit::nobody_to_ask, "nobody_to_ask",
            "there is no agent and no terminal that could ask the person"},
    ExitRow{Exit::no_answer, "no_answer", "the service broke off or did not answer in time"},
    ExitRow{Exit::unreadable, "unreadable", "the input is not what it should be, or cannot be decrypted"},
    ExitRow{Exit::attention, "attention",
            "something needs attention: a browser without the trust, a warning of doctor"},
    ExitRow{Exit::faulty, "faulty", "doctor found a fault that keeps Mohr from working"},
};
constexpr bool in_order() {
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (static_cast<std::size_t>(rows[i].exit) != i) return false;
    return true;
}
static_assert(in_order());
} // namespace

std::span<const ExitRow> exit_rows() noexcept {
    return rows;
}

std::string_view exit_name(Exit exit) noexcept {
    return rows[static_cast<std::size_t>(exit)].name;
}

Exit exit_for(protocol::Code code) noexcept {
    using protocol::Code;
    switch (code) {
    case Code::parse_error:
    case Code::invalid_request:
    case Code::method_not_found:
    case Code::invalid_params:
    case Code::internal_error:
    case Code::busy:
    case Code::key_usage:
    case Code::certificate_unusable:
    case Code::unsupported_algorithm:
    case Code::login_context:
    case Code::limit_exceeded:
    case Code::stream_error:
    case Code::pin_invalid:
    case Code::wrong_role:
    case Code::storage_failed:
        return Exit::failed;
    case Code::user_cancelled:
    case Code::consent_timeout:
    case Code::cancelled:
    case Code::origin_denied:
    case Code::blind_denied:
        return Exit::declined;
    case Code::no_agent:
    case Code::no_terminal:
        return Exit::nobody_to_ask;
    case Code::pin_wrong:
    case Code::wrong_password:
        return Exit::pin_wrong;
    case Code::pin_blocked:
        return Exit::pin_blocked;
    case Code::token_not_activated:
    case Code::token_not_initialised:
        return Exit::token_not_ready;
    case Code::certificate_not_found:
    case Code::not_found:
        return Exit::not_found;
    case Code::malformed_data:
    case Code::decryption_failed:
    case Code::not_a_recipient:
        return Exit::unreadable;
    case Code::confirmation_needed:
    case Code::owner_authentication_needed:
        return Exit::confirmation;
    case Code::agent_exists:
    case Code::exists:
        return Exit::exists;
    }
    return Exit::failed;
}

} // namespace mohr::cli
