// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/bytes.hpp>

#include <cstddef>

namespace mohr::signing {

/// As much of a document's beginning as signs_for_another_protocol() looks at.
inline constexpr std::size_t other_protocol_head_bytes = 98;

/// Whether a bare signature over a document that begins with `head` would be worth something elsewhere: as a
/// CMS signature over content that nobody was shown, or as a login at a server of TLS or SSH (T19). CMS
/// signatures, whose attributes we write ourselves, cannot be mistaken so.
///   SET OF Attribute, in any encoding of its lengths (RFC 5652 section 5.3)
///   64 spaces ‖ "TLS 1.3, client CertificateVerify" ‖ 00, or "server" (RFC 8446 section 4.4.3)
///   01 ‖ length (3 bytes, below 64 KiB) ‖ 03 03: the ClientHello that opens the handshake messages which a
///   TLS 1.2 CertificateVerify signs (RFC 5246 section 7.4.8)
///   string session_id ‖ 50: the SSH user authentication request (RFC 4252 section 7)
[[nodiscard]] bool signs_for_another_protocol(ByteView head) noexcept;

} // namespace mohr::signing
