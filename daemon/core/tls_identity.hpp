// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/clock.hpp>
#include <mohr/base/result.hpp>
#include <mohr/base/secret.hpp>
#include <mohr/base/x509.hpp>

#include <filesystem>
#include <vector>

namespace mohr::core {

/// Who the front door is over TLS: made on this machine for this user, never shared (T36, T37).
struct TlsIdentity {
    Secret key;                     ///< PKCS#8 DER of the leaf key; the only key the door ever gets
    std::vector<Certificate> chain; ///< leaf first, then the root
    [[nodiscard]] const Certificate& leaf() const { return chain.front(); }
    [[nodiscard]] const Certificate& root() const { return chain.back(); }
};

inline constexpr std::chrono::days tls_lifetime{800};
inline constexpr std::chrono::days tls_renew_before{30};

/// A P-256 root, name-constrained to the loopback names (RFC 5280 section 4.2.1.10), path length 0,
/// serverAuth only, and the one leaf that it ever signs: localhost, 127.0.0.1, ::1. The root's key is gone
/// when this returns.
[[nodiscard]] Result<TlsIdentity> make_tls_identity(Instant now);

/// What `directory` (0700) holds: `key.der` (0600) and `chain.pem`, with `root.pem` for the browsers' trust
/// stores. Made if there is none or if less than 30 days are left. Fails with BaseErrc::insecure_file if
/// others could read the key; BaseErrc::malformed if the files do not fit together.
[[nodiscard]] Result<TlsIdentity> load_or_make_tls_identity(const std::filesystem::path& directory,
                                                            Instant now);

} // namespace mohr::core
