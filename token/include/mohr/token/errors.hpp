// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/result.hpp>

#include <optional>

namespace mohr::token {

enum class TokenErrc {
    not_activated = 1,   ///< R18; activate first
    not_initialised,     ///< R33; initialise first
    already_initialised, ///< the first reset was done; use reset
    wrong_role,          ///< matrix A15: this role may not do this
    user_pin_invalid,    ///< R42, R43; detail names the rule
    admin_pin_invalid,   ///< R44, R45; detail names the rule
    confirmation_needed, ///< guessable PIN or equal PINs; ask the person again, detail names the reason
    guessable_refused,   ///< an organisation's policy refuses guessable PINs
    admin_not_blocked,   ///< reset_blocked without need
    no_such_key,
    no_matching_key,     ///< an imported certificate fits none of the keys
    key_usage,           ///< R193: the certificate does not allow this purpose
    certificate_pending, ///< no certificate yet
    certificate_on_hold, ///< R124: activate it first
    certificate_expired,
    certificate_revoked,
    unsupported_scheme,          ///< the scheme does not fit the key, or the digest not the scheme
    decryption_failed,           ///< one code for every cryptographic failure
    wrong_password,              ///< of a PKCS#12 file
    malformed,                   ///< input that is not what it should be
    limit,                       ///< too many keys, too long a label
    vault_damaged,               ///< the vault is not consistent; detail says where
    vault_foreign,               ///< R34: made with another device secret
    vault_newer,                 ///< made by a later version
    storage,                     ///< the disk refused; nothing was changed; a retry may help
    owner_authentication_needed, ///< R129
    authority_refused,
};
boost::system::error_code make_error_code(TokenErrc e) noexcept;

enum class PinReason {
    wrong,              ///< tries_left says how many remain
    blocked,            ///< no tries left
    not_set,            ///< the token is not initialised
    admin_needed_first, ///< an older copy is suspected: authorise the admin once (T29)
    unavailable,        ///< the check could not be made (disk full, memory); no try was lost for good
};

/// A refused PIN. `tries_left` is empty only for not_set and unavailable.
struct PinFailure {
    PinReason reason{};
    std::optional<unsigned> tries_left;
    std::string detail; ///< log only
};
[[noreturn]] void throw_exception_from_error(const PinFailure& failure, const boost::source_location& where);

} // namespace mohr::token

template <>
struct boost::system::is_error_code_enum<mohr::token::TokenErrc> : std::true_type {};
