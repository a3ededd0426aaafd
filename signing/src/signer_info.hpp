// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "algorithms.hpp"
#include <mohr/base/clock.hpp>
#include <mohr/base/x509.hpp>

#include <optional>
#include <variant>

namespace mohr::signing {

/// Names a certificate in SignerInfo and RecipientInfo (RFC 5652 sections 5.3 and 6.2); borrows its bytes.
struct IssuerAndSerial {
    ByteView issuer; ///< DER Name
    ByteView serial; ///< DER INTEGER
};
[[nodiscard]] Result<IssuerAndSerial> read_issuer_and_serial(const der::Element& sequence);
[[nodiscard]] bool names(const IssuerAndSerial& id, const Certificate& certificate);
[[nodiscard]] bool has_key_identifier(const Certificate& certificate, ByteView identifier);

/// One SignerInfo, well-formed. Views point into `encoding`, whose heap block moves along.
struct SignerInfo {
    Bytes encoding;
    std::variant<IssuerAndSerial, ByteView> id; ///< the latter: subjectKeyIdentifier
    AlgorithmIdentifier digest;
    AlgorithmIdentifier signature_algorithm;
    std::optional<Bytes> signed_attributes; ///< as the SET OF that is digested
    ByteView signature;

    [[nodiscard]] bool is_by(const Certificate& certificate) const;
};
[[nodiscard]] Result<SignerInfo> read_signer_info(ByteView ber);

/// Hash of the signer's certificate in signing-certificate (RFC 2634) or signing-certificate-v2 (RFC 5035).
struct EssIdentifier {
    DigestAlgorithm algorithm{};
    ByteView hash;
    std::optional<ByteView> issuer; ///< DER Name …
    ByteView serial;                ///< … and INTEGER, if issuerSerial is there
};

/// The signed attributes that count. Borrows from the SET OF.
struct SignedAttributes {
    der::Element content_type; ///< OBJECT IDENTIFIER
    ByteView message_digest;
    std::optional<Instant> signing_time;
    std::vector<EssIdentifier> ess; ///< of each of the two attributes the first identifier
};
/// Fails with SigningErrc::malformed (missing, doubled or many-valued where one is due) or unsupported.
[[nodiscard]] Result<SignedAttributes> read_signed_attributes(ByteView set);
/// Whether content could be mistaken for signed attributes: a signature over attributes also fits their
/// encoding as content of a message without attributes.
[[nodiscard]] bool looks_like_signed_attributes(ByteView content);

} // namespace mohr::signing
