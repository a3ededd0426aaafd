// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/clock.hpp>
#include <mohr/base/result.hpp>
#include <mohr/base/x509.hpp>

#include <string>
#include <utility>
#include <vector>

/// Making certificates: for the TLS identity and for the test authority of sandboxes.
namespace mohr::core {

struct CertificatePlan {
    std::vector<std::pair<int, std::string>> subject; ///< NID_commonName, … in order
    EVP_PKEY* key = nullptr;                          ///< its public half is certified
    X509* issuer = nullptr;                           ///< null: self-signed
    EVP_PKEY* issuer_key = nullptr;
    Instant not_before{};
    Instant not_after{};
    std::vector<std::pair<int, const char*>> extensions; ///< OpenSSL's configuration syntax
};

/// Signed with SHA-256, version 3, a random serial number of 16 octets (RFC 5280 section 4.1.2.2).
[[nodiscard]] Result<OwnedX509> build_certificate(const CertificatePlan& plan);
[[nodiscard]] Result<OwnedKey> make_p256_key();
[[nodiscard]] Result<Certificate> as_certificate(const OwnedX509& x509);

} // namespace mohr::core
