// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/bytes.hpp>

#include <cstdint>

namespace mohr::desktop {

/// What may stand in a field that takes a secret.
enum class SecretKind : std::uint8_t {
    user_pin,  ///< R42: ASCII digits
    admin_pin, ///< R45, R46: ASCII letters and digits, case kept
    password,  ///< of a file or an account: whatever it is
};

enum class PinFault : std::uint8_t { none, characters, too_short, too_long };

[[nodiscard]] bool may_stand_in(SecretKind kind, char32_t character) noexcept;
/// `length` in characters. Bytes are those of the field, so that only the length can be wrong.
[[nodiscard]] PinFault check_length(std::size_t length, std::size_t least, std::size_t most) noexcept;
/// The key of the message for a fault (M10, M13, M14, M15); nullptr where there is none to show.
[[nodiscard]] const char* message_of(SecretKind kind, PinFault fault) noexcept;

} // namespace mohr::desktop
