// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/bytes.hpp>
#include <mohr/base/result.hpp>

#include <string>
#include <string_view>

namespace mohr {

/// Base64 of RFC 4648 section 4, with padding, on one line.
[[nodiscard]] std::string to_base64(ByteView bytes);
/// Only the canonical form: no white space, right padding, zero spare bits. Fails with BaseErrc::malformed.
[[nodiscard]] Result<Bytes> from_base64(std::string_view text);

/// Lower-case hexadecimal.
[[nodiscard]] std::string to_hex(ByteView bytes);
/// Takes both cases, an even number of digits. Fails with BaseErrc::malformed.
[[nodiscard]] Result<Bytes> from_hex(std::string_view text);

/// Whether `text` is well-formed UTF-8 (RFC 3629).
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Foreign text for a log line or a terminal: control characters, bidirectional controls and invalid UTF-8
/// become \xNN or \u{N}; cut to `max_bytes` with "…".
[[nodiscard]] std::string printable(std::string_view text, std::size_t max_bytes = 200);
/// The same for text of several lines that is shown to a person: whole, line ends and tabs stay.
[[nodiscard]] std::string printable_lines(std::string_view text);

} // namespace mohr
