// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/signing/cms_enveloped.hpp>

namespace mohr::signing {

inline constexpr std::size_t max_recipients = 256;

/// KeyTransRecipientInfo (RFC 5652 section 6.2.1); nothing if its key encryption is of another kind.
[[nodiscard]] Result<std::vector<Recipient>> read_key_transport(ByteView ber);
/// KeyAgreeRecipientInfo (section 6.2.2, RFC 5753), one for each of its recipients; nothing if of another
/// kind.
[[nodiscard]] Result<std::vector<Recipient>> read_key_agreement(ByteView ber);

/// Whether this content key can be wrapped for the certificate: SigningErrc::unsupported or key_usage if not.
[[nodiscard]] Result<void> check_recipient(const Certificate& certificate);
/// RecipientInfo for one certificate: OAEP or ECDH with a key pair made for this once.
[[nodiscard]] Result<Bytes> make_recipient_info(const Certificate& certificate, const Secret& content_key);

} // namespace mohr::signing
