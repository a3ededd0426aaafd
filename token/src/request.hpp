// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/openssl.hpp>

#include <string_view>

namespace mohr::token {

inline constexpr std::size_t max_subject_bytes = 1024;

/// A distinguished name from its RFC 4514 text. Values become UTF8String, where their type demands no other:
/// countryName and serialNumber PrintableString, domainComponent and emailAddress IA5String. Fails with
/// TokenErrc::malformed.
[[nodiscard]] Result<OwnedX509Name> parse_subject(std::string_view text);

/// DER PKCS#10 (RFC 2986), signed with SHA-256, for P-384 with SHA-384.
[[nodiscard]] Result<Bytes> make_request(EVP_PKEY* key, std::string_view subject);

} // namespace mohr::token
