// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/bytes.hpp>

#include <optional>

namespace mohr::token {

/// Bounds of R43 and R44; PKCS#11 ulMinPinLen and ulMaxPinLen. One object for agent, daemon and module.
struct PinPolicy {
    unsigned user_min = 4;
    unsigned user_max = 24;
    unsigned admin_min = 4;
    unsigned admin_max = 24;
    unsigned user_hint_below = 6;  ///< shorter is accepted with a hint (Q7)
    bool refuse_guessable = false; ///< an organisation may turn the second confirmation into a refusal
    unsigned user_tries = 5;       ///< R55
    unsigned admin_tries = 10;     ///< R55
};

enum class PinProblem { characters, length };
/// Why a PIN is easy to guess; names the reason of the second confirmation.
enum class Guessable { repeated_digit, sequence, repeated_pattern, date, common };

/// R42, R43: ASCII digits only. Nothing if the PIN is accepted.
[[nodiscard]] std::optional<PinProblem> check_user_pin(ByteView pin, const PinPolicy& policy) noexcept;
/// R44–R46: ASCII letters and digits, case kept.
[[nodiscard]] std::optional<PinProblem> check_admin_pin(ByteView pin, const PinPolicy& policy) noexcept;
[[nodiscard]] std::optional<Guessable> guessable(ByteView pin) noexcept;
/// "characters", "length": the detail of TokenErrc::user_pin_invalid and admin_pin_invalid.
[[nodiscard]] std::string_view name_of(PinProblem problem) noexcept;
/// "repeated_digit", "sequence", "repeated_pattern", "date", "common". The detail of
/// TokenErrc::confirmation_needed lists what to confirm, separated by commas: "user:sequence",
/// "admin:common", "equal".
[[nodiscard]] std::string_view name_of(Guessable reason) noexcept;

} // namespace mohr::token
