// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/clock.hpp>
#include <mohr/base/result.hpp>
#include <mohr/base/secret.hpp>
#include <mohr/base/x509.hpp>

#include <cstdint>
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

/// Which names the root may certify and the leaf is for: localhost, 127.0.0.1 and ::1, and with the person's
/// agreement protocol::dastine_hosts.
enum class TlsNames : std::uint8_t { loopback, with_dastine };

/// A P-256 root, name-constrained to exactly those names (RFC 5280 section 4.2.1.10), path length 0,
/// serverAuth only, and the one leaf that it ever signs. The root's key is gone when this returns.
[[nodiscard]] Result<TlsIdentity> make_tls_identity(Instant now, TlsNames names = TlsNames::loopback);

[[nodiscard]] TlsNames names_of(const TlsIdentity& identity);
/// Whether the person should be asked to renew it: its time has begun to run out, or has run out.
[[nodiscard]] bool needs_renewal(const TlsIdentity& identity, Instant now);

/// Replaces what `directory` holds.
[[nodiscard]] Result<void> store_tls_identity(const std::filesystem::path& directory,
                                              const TlsIdentity& identity);

/// What `directory` (0700) holds: `key.der` (0600) and `chain.pem`, with `root.pem` for the browsers' trust
/// stores. Made if there is none or if its time is over: before that the person renews it, since a new root
/// is good for nothing until the browsers know it. The names stay what they were. Fails with BaseErrc::insecure_file if
/// others could read the key; BaseErrc::malformed if the files do not fit together.
[[nodiscard]] Result<TlsIdentity> load_or_make_tls_identity(const std::filesystem::path& directory,
                                                            Instant now);

} // namespace mohr::core
