// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/protocol/dastine.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mohr::protocol::dastine {

/// The members that any command looks at. Everything else is skipped while reading: unknown ones, and those
/// that hold a PIN, a password, a PKCS#12 or an image.
enum class Slot : std::uint8_t {
    command,
    info,
    config,
    issuer,
    key_usages,
    subject_dn,
    thumbprint,
    hash_alg,
    hash,
    attach,
    authenticated,
    unauthenticated,
    key_len,
    token,
    upn,
    rfc822,
    dns,
    directory,
    uri,
    ip,
    id,
    certificate,
    data,
    cipher,
};
inline constexpr std::size_t slot_count = 24;

struct SlotRow {
    std::string_view name;
    std::size_t max_bytes; ///< of the text; what is longer is cut and marked
};
inline constexpr std::array<SlotRow, slot_count> slot_rows{{
    {"command", max_command_bytes},
    {"info", max_info_bytes},
    {"config", max_config_bytes},
    {"issuer", max_text_bytes},
    {"keyUsages", max_text_bytes},
    {"subjectDn", max_text_bytes},
    {"Thumbprint", max_text_bytes},
    {"hashAlg", max_text_bytes},
    {"hash", max_text_bytes},
    {"attach", max_text_bytes},
    {"AuthenticatedAttributes", max_attributes_text_bytes},
    {"UnAuthenticatedAttributes", max_attributes_text_bytes},
    {"keyLen", max_text_bytes},
    {"token", max_text_bytes},
    {"upn", max_text_bytes},
    {"rfc822", max_text_bytes},
    {"dns", max_text_bytes},
    {"directory", max_text_bytes},
    {"uri", max_text_bytes},
    {"ip", max_text_bytes},
    {"id", max_text_bytes},
    {"certificate", max_certificate_text_bytes},
    {"data", 0}, // decoded on the way
    {"cipher", 0},
}};

struct Value {
    enum class Kind : std::uint8_t { absent, null, boolean, number, text, other };
    Kind kind = Kind::absent;
    bool cut = false;
    std::string text; ///< of a text, a number or a boolean
};

/// How a document went through base64.
enum class Content : std::uint8_t { absent, empty, not_base64, good };

/// One message, read to its end.
struct Members {
    std::array<Value, slot_count> values;
    Content content = Content::absent;
    Slot content_slot = Slot::data;

    [[nodiscard]] Value& at(Slot slot) { return values[static_cast<std::size_t>(slot)]; }
    [[nodiscard]] const Value& at(Slot slot) const { return values[static_cast<std::size_t>(slot)]; }
    /// null, absent and what is no scalar are empty.
    [[nodiscard]] std::string_view text(Slot slot) const { return at(slot).text; }
};

/// Whether `command` works on the bytes of that member.
[[nodiscard]] bool takes_content(std::string_view command, Slot slot) noexcept;
[[nodiscard]] Result<Command, ResultCode> decode_command(std::string_view name, const Members& members);

} // namespace mohr::protocol::dastine
