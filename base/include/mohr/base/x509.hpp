// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/clock.hpp>
#include <mohr/base/openssl.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace mohr {

/// keyUsage of RFC 5280 section 4.2.1.3; `present` is false where the extension is absent (everything is
/// allowed then).
struct KeyUsage {
    bool present = false;
    bool digital_signature = false;
    bool non_repudiation = false;
    bool key_encipherment = false;
    bool key_agreement = false;
};

enum class PublicKeyKind { rsa, ec_p256, ec_p384, other };

/// A well-formed X.509 certificate (RFC 5280). Immutable; copies share the DER-parsed object.
class Certificate {
public:
    /// At most 64 KiB, no trailing bytes. Fails with BaseErrc::malformed.
    [[nodiscard]] static Result<Certificate> from_der(ByteView der);

    [[nodiscard]] const Bytes& der() const noexcept { return der_; }
    /// RFC 4514 strings, UTF-8 kept as it is.
    [[nodiscard]] std::string subject() const;
    [[nodiscard]] std::string issuer() const;
    /// The first commonName of the subject, or the whole subject if there is none.
    [[nodiscard]] std::string common_name() const;
    /// Upper-case hexadecimal.
    [[nodiscard]] std::string serial_number() const;
    [[nodiscard]] Bytes issuer_der() const;
    [[nodiscard]] Instant not_before() const noexcept { return not_before_; }
    [[nodiscard]] Instant not_after() const noexcept { return not_after_; }
    [[nodiscard]] KeyUsage key_usage() const;
    [[nodiscard]] PublicKeyKind key_kind() const;
    /// 2048 for RSA-2048, 256 for P-256.
    [[nodiscard]] unsigned key_bits() const;
    [[nodiscard]] bool is_authority() const;
    /// DER of the SubjectPublicKeyInfo.
    [[nodiscard]] Bytes public_key_info() const;
    /// SHA-256 of the DER; 32 bytes.
    [[nodiscard]] Bytes fingerprint() const;

    /// Borrowed; lives as long as this object or any copy of it.
    [[nodiscard]] X509* get0() const noexcept { return x509_.get(); }
    [[nodiscard]] EVP_PKEY* get0_public_key() const noexcept;

private:
    Certificate() = default;
    Bytes der_;
    std::shared_ptr<X509> x509_;
    Instant not_before_{};
    Instant not_after_{};
};

/// DER, PEM (any number) or PKCS#7/CMS certificates-only in DER or PEM; at most 1 MiB and 64 certificates.
/// Fails with BaseErrc::malformed if there is not one certificate.
[[nodiscard]] Result<std::vector<Certificate>> read_certificates(ByteView bytes);

/// "-----BEGIN CERTIFICATE-----…"
[[nodiscard]] std::string to_pem(const Certificate& certificate);

} // namespace mohr
