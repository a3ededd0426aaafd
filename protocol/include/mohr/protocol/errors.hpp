// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/result.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mohr::protocol {

/// The one table of stable codes, shared by /v1, the control socket and the link, and later mapped to the
/// Dastine numbers. When each happens is in docs/protocol.md and docs/control-api.md.
enum class Code : std::uint8_t {
    parse_error,
    invalid_request,
    method_not_found,
    invalid_params,
    internal_error,
    user_cancelled,
    consent_timeout,
    cancelled,
    origin_denied,
    blind_denied,
    no_agent,
    busy,
    pin_wrong,
    pin_blocked,
    token_not_activated,
    token_not_initialised,
    certificate_not_found,
    key_usage,
    certificate_unusable,
    unsupported_algorithm,
    malformed_data,
    decryption_failed,
    not_a_recipient,
    login_context,
    limit_exceeded,
    stream_error,
    // control socket only
    pin_invalid,
    confirmation_needed,
    wrong_role,
    no_terminal,
    agent_exists,
    not_found,
    storage_failed,
    exists,
    owner_authentication_needed,
    wrong_password,
};

struct CodeRow {
    Code code;
    std::string_view name;    ///< error.data.code
    int number;               ///< error.code of JSON-RPC
    std::string_view message; ///< error.message: one generic sentence
};
[[nodiscard]] const CodeRow& row(Code code) noexcept;
[[nodiscard]] std::optional<Code> code_from_name(std::string_view name) noexcept;
[[nodiscard]] std::size_t code_count() noexcept;

/// A failure as it goes to a peer. `detail` never does: it is for the log.
struct Failure {
    Code code{Code::internal_error};
    std::string detail;                       ///< log only
    std::optional<unsigned> tries_left;       ///< pin_wrong
    std::optional<std::uint64_t> retry_after; ///< seconds; origin_denied while silenced
    std::string path;                         ///< member that is wrong: invalid_params, malformed_data
    std::string limit;                        ///< limit_exceeded: its name …
    std::optional<std::uint64_t> max;         ///< … and value
    std::string reason;                       ///< confirmation_needed, pin_invalid

    Failure() = default;
    Failure(Code c, std::string d = {}) : code(c), detail(std::move(d)) {}
};
[[noreturn]] void throw_exception_from_error(const Failure& failure, const boost::source_location& where);

template <class T>
using Outcome = Result<T, Failure>;

} // namespace mohr::protocol
