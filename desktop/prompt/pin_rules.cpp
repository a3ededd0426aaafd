// SPDX-License-Identifier: Apache-2.0
#include "prompt/pin_rules.hpp"

namespace mohr::desktop {
namespace {

constexpr bool is_digit(char32_t c) noexcept {
    return c >= U'0' && c <= U'9';
}
constexpr bool is_letter(char32_t c) noexcept {
    return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z');
}

} // namespace

bool may_stand_in(SecretKind kind, char32_t character) noexcept {
    switch (kind) {
    case SecretKind::user_pin:
        return is_digit(character);
    case SecretKind::admin_pin:
        return is_digit(character) || is_letter(character);
    case SecretKind::password:
        return character >= U' ' && character != 0x7F;
    }
    return false;
}

PinFault check_length(std::size_t length, std::size_t least, std::size_t most) noexcept {
    if (length < least) return PinFault::too_short;
    return length > most ? PinFault::too_long : PinFault::none;
}

const char* message_of(SecretKind kind, PinFault fault) noexcept {
    if (fault == PinFault::none || kind == SecretKind::password) return nullptr;
    const bool user = kind == SecretKind::user_pin;
    if (fault == PinFault::characters) return user ? "M10" : "M15";
    return user ? "M13" : "M14";
}

} // namespace mohr::desktop
