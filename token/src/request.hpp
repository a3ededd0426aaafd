// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/openssl.hpp>
#include <mohr/token/token.hpp>

#include <string_view>
#include <vector>

namespace mohr::token {

inline constexpr std::size_t max_subject_bytes = 1024;

inline void free_extensions(STACK_OF(X509_EXTENSION) * all) noexcept {
    sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
}

/// A distinguished name from its RFC 4514 text. Values become UTF8String, where their type demands no other:
/// countryName and serialNumber PrintableString, domainComponent and emailAddress IA5String. Fails with
/// TokenErrc::malformed.
[[nodiscard]] Result<OwnedX509Name> parse_subject(std::string_view text);

/// The subjectAltName extension. Fails with TokenErrc::malformed, also for no name at all.
using OwnedExtensions = Owned<STACK_OF(X509_EXTENSION), free_extensions>;
[[nodiscard]] Result<OwnedExtensions> alternative_names(const std::vector<AlternativeName>& names);

/// DER PKCS#10 (RFC 2986), signed with SHA-256, for P-384 with SHA-384.
[[nodiscard]] Result<Bytes> make_request(EVP_PKEY* key, std::string_view subject,
                                         const std::vector<AlternativeName>& names = {});

} // namespace mohr::token
