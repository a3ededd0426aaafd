// SPDX-License-Identifier: Apache-2.0
#include <mohr/token/errors.hpp>

#include <stdexcept>

namespace mohr::token {
namespace {

std::string message_of(TokenErrc code) {
    switch (code) {
    case TokenErrc::not_activated:
        return "the token is not activated";
    case TokenErrc::not_initialised:
        return "the token is not initialised";
    case TokenErrc::already_initialised:
        return "the token is initialised already";
    case TokenErrc::wrong_role:
        return "this role may not do this";
    case TokenErrc::user_pin_invalid:
        return "the user PIN breaks a rule";
    case TokenErrc::admin_pin_invalid:
        return "the admin PIN breaks a rule";
    case TokenErrc::confirmation_needed:
        return "the person must confirm this PIN";
    case TokenErrc::guessable_refused:
        return "policy refuses a PIN that is easy to guess";
    case TokenErrc::admin_not_blocked:
        return "the admin PIN is not blocked";
    case TokenErrc::no_such_key:
        return "no such key";
    case TokenErrc::no_matching_key:
        return "the certificate fits none of the keys";
    case TokenErrc::key_usage:
        return "the certificate does not allow this use";
    case TokenErrc::certificate_pending:
        return "the key has no certificate yet";
    case TokenErrc::certificate_on_hold:
        return "the certificate is not activated";
    case TokenErrc::certificate_expired:
        return "the certificate has expired or was replaced";
    case TokenErrc::certificate_revoked:
        return "the certificate is revoked";
    case TokenErrc::unsupported_scheme:
        return "scheme, digest and key do not fit together";
    case TokenErrc::decryption_failed:
        return "decryption failed";
    case TokenErrc::wrong_password:
        return "wrong password";
    case TokenErrc::malformed:
        return "malformed input";
    case TokenErrc::limit:
        return "a limit is reached";
    case TokenErrc::vault_damaged:
        return "the vault is damaged";
    case TokenErrc::vault_foreign:
        return "the vault belongs to another device";
    case TokenErrc::vault_newer:
        return "the vault was made by a later version";
    case TokenErrc::storage:
        return "the vault could not be read or written";
    case TokenErrc::owner_authentication_needed:
        return "the device's owner is not authenticated";
    case TokenErrc::authority_refused:
        return "the authority refused";
    }
    return "unknown";
}

class TokenCategory final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "mohr.token"; }
    [[nodiscard]] std::string message(int value) const override {
        return message_of(static_cast<TokenErrc>(value));
    }
};

} // namespace

boost::system::error_code make_error_code(TokenErrc e) noexcept {
    static const TokenCategory category;
    return {static_cast<int>(e), category};
}

void throw_exception_from_error(const PinFailure& failure, const boost::source_location&) {
    throw std::runtime_error("a PIN was refused: " + failure.detail);
}

} // namespace mohr::token
