// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "token_failures.hpp"

using namespace mohr;
using namespace mohr::core;
using protocol::Code;
using token::PinReason;
using token::TokenErrc;

TEST_CASE("each failure of the token has its stable code", "[core][errors]") {
    struct Row {
        TokenErrc error;
        const char* code;
    };
    const auto row = GENERATE(
        Row{TokenErrc::not_activated, "token_not_activated"},
        Row{TokenErrc::not_initialised, "token_not_initialised"},
        Row{TokenErrc::already_initialised, "exists"}, Row{TokenErrc::wrong_role, "wrong_role"},
        Row{TokenErrc::user_pin_invalid, "pin_invalid"}, Row{TokenErrc::admin_pin_invalid, "pin_invalid"},
        Row{TokenErrc::confirmation_needed, "confirmation_needed"},
        Row{TokenErrc::guessable_refused, "pin_invalid"}, Row{TokenErrc::admin_not_blocked, "wrong_role"},
        Row{TokenErrc::no_such_key, "certificate_not_found"},
        Row{TokenErrc::no_matching_key, "certificate_not_found"}, Row{TokenErrc::key_usage, "key_usage"},
        Row{TokenErrc::certificate_pending, "certificate_unusable"},
        Row{TokenErrc::certificate_on_hold, "certificate_unusable"},
        Row{TokenErrc::certificate_expired, "certificate_unusable"},
        Row{TokenErrc::certificate_revoked, "certificate_unusable"},
        Row{TokenErrc::unsupported_scheme, "unsupported_algorithm"},
        Row{TokenErrc::decryption_failed, "decryption_failed"},
        Row{TokenErrc::wrong_password, "wrong_password"}, Row{TokenErrc::malformed, "malformed_data"},
        Row{TokenErrc::limit, "limit_exceeded"}, Row{TokenErrc::vault_damaged, "storage_failed"},
        Row{TokenErrc::vault_foreign, "storage_failed"}, Row{TokenErrc::vault_newer, "storage_failed"},
        Row{TokenErrc::storage, "storage_failed"},
        Row{TokenErrc::owner_authentication_needed, "owner_authentication_needed"},
        Row{TokenErrc::authority_refused, "user_cancelled"});
    const protocol::Failure failure = token_failure(Error(row.error, "sequence"));
    CHECK(std::string(protocol::row(failure.code).name) == row.code);
    const bool names_rule = failure.code == Code::pin_invalid || failure.code == Code::confirmation_needed;
    CHECK(failure.reason.empty() != names_rule);
}

TEST_CASE("each refused PIN has its stable code, and only a wrong one tells the tries", "[core][errors]") {
    struct Row {
        PinReason reason;
        const char* code;
    };
    const auto row = GENERATE(Row{PinReason::wrong, "pin_wrong"}, Row{PinReason::blocked, "pin_blocked"},
                              Row{PinReason::not_set, "token_not_initialised"},
                              Row{PinReason::admin_needed_first, "pin_blocked"},
                              Row{PinReason::unavailable, "storage_failed"});
    const protocol::Failure failure = token_failure(token::PinFailure{row.reason, 3U, "text"});
    CHECK(std::string(protocol::row(failure.code).name) == row.code);
    CHECK(failure.tries_left.has_value() == (row.reason == PinReason::wrong));
}

TEST_CASE("failures of base/ keep their meaning", "[core][errors]") {
    CHECK(token_failure(Error(BaseErrc::malformed)).code == Code::malformed_data);
    CHECK(token_failure(Error(BaseErrc::unsupported)).code == Code::unsupported_algorithm);
    CHECK(token_failure(Error(BaseErrc::io)).code == Code::storage_failed);
    CHECK(token_failure(Error(BaseErrc::insecure_file)).code == Code::storage_failed);
    CHECK(token_failure(Error(BaseErrc::openssl)).code == Code::internal_error);
    CHECK(token_failure(Error(BaseErrc::out_of_memory)).code == Code::internal_error);
}
