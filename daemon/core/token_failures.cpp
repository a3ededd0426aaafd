// SPDX-License-Identifier: Apache-2.0
#include "token_failures.hpp"

namespace mohr::core {

using protocol::Code;
using protocol::Failure;
using token::PinReason;
using token::TokenErrc;

Code code_of(TokenErrc error) noexcept {
    switch (error) {
    case TokenErrc::not_activated:
        return Code::token_not_activated;
    case TokenErrc::not_initialised:
        return Code::token_not_initialised;
    case TokenErrc::already_initialised:
        return Code::exists;
    case TokenErrc::wrong_role:
        return Code::wrong_role;
    case TokenErrc::user_pin_invalid:
        return Code::pin_invalid;
    case TokenErrc::admin_pin_invalid:
        return Code::pin_invalid;
    case TokenErrc::confirmation_needed:
        return Code::confirmation_needed;
    case TokenErrc::guessable_refused:
        return Code::pin_invalid;
    case TokenErrc::admin_not_blocked:
        return Code::wrong_role;
    case TokenErrc::no_such_key:
        return Code::certificate_not_found;
    case TokenErrc::no_matching_key:
        return Code::certificate_not_found;
    case TokenErrc::key_usage:
        return Code::key_usage;
    case TokenErrc::certificate_pending:
        return Code::certificate_unusable;
    case TokenErrc::certificate_on_hold:
        return Code::certificate_unusable;
    case TokenErrc::certificate_expired:
        return Code::certificate_unusable;
    case TokenErrc::certificate_revoked:
        return Code::certificate_unusable;
    case TokenErrc::unsupported_scheme:
        return Code::unsupported_algorithm;
    case TokenErrc::decryption_failed:
        return Code::decryption_failed;
    case TokenErrc::wrong_password:
        return Code::wrong_password;
    case TokenErrc::malformed:
        return Code::malformed_data;
    case TokenErrc::limit:
        return Code::limit_exceeded;
    case TokenErrc::vault_damaged:
        return Code::storage_failed;
    case TokenErrc::vault_foreign:
        return Code::storage_failed;
    case TokenErrc::vault_newer:
        return Code::storage_failed;
    case TokenErrc::storage:
        return Code::storage_failed;
    case TokenErrc::owner_authentication_needed:
        return Code::owner_authentication_needed;
    case TokenErrc::authority_refused:
        return Code::user_cancelled;
    }
    return Code::internal_error;
}

Code code_of(PinReason reason) noexcept {
    switch (reason) {
    case PinReason::wrong:
        return Code::pin_wrong;
    case PinReason::blocked:
        return Code::pin_blocked;
    case PinReason::not_set:
        return Code::token_not_initialised;
    case PinReason::admin_needed_first:
        return Code::pin_blocked;
    case PinReason::unavailable:
        return Code::storage_failed;
    }
    return Code::internal_error;
}

Failure token_failure(const Error& error) {
    static const boost::system::error_category& token_category =
        make_error_code(TokenErrc::malformed).category();
    static const boost::system::error_category& base_category =
        make_error_code(BaseErrc::malformed).category();
    Failure failure(Code::internal_error, error.describe());
    if (error.code.category() == token_category) {
        const auto reason = static_cast<TokenErrc>(error.code.value());
        failure.code = code_of(reason);
        if (failure.code == Code::pin_invalid || failure.code == Code::confirmation_needed)
            failure.reason = reason == TokenErrc::guessable_refused ? "guessable_refused" : error.detail;
        if (failure.code == Code::limit_exceeded) failure.limit = "token";
    } else if (error.code.category() == base_category) {
        switch (static_cast<BaseErrc>(error.code.value())) {
        case BaseErrc::malformed:
            failure.code = Code::malformed_data;
            break;
        case BaseErrc::unsupported:
            failure.code = Code::unsupported_algorithm;
            break;
        case BaseErrc::io:
            failure.code = Code::storage_failed;
            break;
        case BaseErrc::insecure_file:
            failure.code = Code::storage_failed;
            break;
        case BaseErrc::openssl:
        case BaseErrc::out_of_memory:
            break;
        }
    }
    return failure;
}

Failure token_failure(const token::PinFailure& failure) {
    Failure out(code_of(failure.reason), failure.detail);
    if (out.code == Code::pin_wrong) out.tries_left = failure.tries_left;
    if (failure.reason == PinReason::admin_needed_first) out.reason = "older_copy_suspected";
    return out;
}

} // namespace mohr::core
