// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "der.hpp"
#include <mohr/base/digest.hpp>
#include <mohr/signing/cms_signed.hpp>

#include <optional>

namespace mohr::signing {

/// AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL }; borrows its
/// bytes.
struct AlgorithmIdentifier {
    int nid = 0;
    std::optional<der::Element> parameters;
    ByteView whole;

    /// Absent, or the NULL that older encoders write.
    [[nodiscard]] bool without_parameters() const noexcept;
};
[[nodiscard]] Result<AlgorithmIdentifier> read_algorithm(const der::Element& sequence);

[[nodiscard]] int nid_of(DigestAlgorithm algorithm) noexcept;
[[nodiscard]] std::optional<DigestAlgorithm> digest_algorithm(const AlgorithmIdentifier& identifier) noexcept;
/// RFC 5754 section 2: parameters absent.
[[nodiscard]] Bytes digest_identifier(DigestAlgorithm algorithm);

/// What RSASSA-PSS-params and RSAES-OAEP-params (RFC 4055) have in common, and the salt length of the former.
struct MaskedDigests {
    DigestAlgorithm digest = DigestAlgorithm::sha1;
    DigestAlgorithm mgf1 = DigestAlgorithm::sha1;
    int salt_length = 20;
};
/// Fails with SigningErrc::unsupported for digests or labels that we do not take.
[[nodiscard]] Result<MaskedDigests> read_pss(const AlgorithmIdentifier& identifier);
[[nodiscard]] Result<MaskedDigests> read_oaep(const AlgorithmIdentifier& identifier);
[[nodiscard]] Bytes oaep_identifier(DigestAlgorithm algorithm);

[[nodiscard]] Bytes signature_identifier(SignatureAlgorithm algorithm, DigestAlgorithm digest);

/// How a signature was made.
struct SignatureMethod {
    SignatureAlgorithm algorithm{};
    std::optional<DigestAlgorithm> digest; ///< where the identifier names one
    std::optional<MaskedDigests> pss;
};
/// Fails with SigningErrc::unsupported.
[[nodiscard]] Result<SignatureMethod> read_signature_method(const AlgorithmIdentifier& identifier);

} // namespace mohr::signing
