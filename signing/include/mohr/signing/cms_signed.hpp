// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/clock.hpp>
#include <mohr/base/digest.hpp>
#include <mohr/base/x509.hpp>
#include <mohr/signing/sink.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace mohr::signing {

enum class SignatureAlgorithm : std::uint8_t { rsa_pkcs1_v15, rsa_pss, ecdsa };

/// The signed attributes of one SignerInfo (RFC 5652 section 5.3), as the DER SET OF whose digest is signed:
/// contentType id-data, messageDigest, ESS signing-certificate-v2 (RFC 5035) and, if given, signing-time.
/// Small and strict: this runs in the core, from the digest that was shown.
[[nodiscard]] Result<Bytes> signed_attributes(DigestAlgorithm algorithm, ByteView content_digest,
                                              const Certificate& signer, std::optional<Instant> signing_time);

/// What a finished signer brings.
struct SignerPart {
    Certificate certificate;
    std::vector<Certificate> chain;
    DigestAlgorithm digest_algorithm{};
    SignatureAlgorithm signature_algorithm{};
    Bytes signed_attributes; ///< as signed_attributes() made them
    Bytes signature;         ///< raw RSA, or DER Ecdsa-Sig-Value
};

/// Detached SignedData (DER), id-signedData ContentInfo.
[[nodiscard]] Result<Bytes> detached_signed_data(const std::vector<SignerPart>& signers);

/// Attached SignedData as a stream: definite lengths, so the content's length is known first.
class AttachedSignedDataWriter {
public:
    AttachedSignedDataWriter(std::vector<SignerPart> signers, std::uint64_t content_size, Sink& sink);
    ~AttachedSignedDataWriter();
    /// Exactly content_size bytes in all, then finish().
    [[nodiscard]] Result<void> write(ByteView content);
    [[nodiscard]] Result<void> finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

enum class SignerVerdict : std::uint8_t {
    valid,           ///< signature, digest, attributes and (if anchors were given) the chain are right
    digest_mismatch, ///< the content is not what was signed
    signature_invalid,
    attributes_invalid, ///< missing or contradicting signed attributes, or ESS certificate mismatch
    certificate_missing,
    chain_invalid, ///< detail says why (expired, unknown issuer, …)
    unsupported,
};

struct SignerReport {
    SignerVerdict verdict{};
    std::optional<Certificate> certificate;
    DigestAlgorithm digest_algorithm{};
    std::optional<Instant> signing_time;
    bool chain_checked = false;
    std::string detail; ///< for people; holds no content
};

struct SignedDataReport {
    bool detached = false;
    std::uint64_t content_size = 0;
    std::vector<SignerReport> signers;
    /// At least one signer, and all of them valid.
    [[nodiscard]] bool valid() const noexcept;
};

/// Verifies SignedData (BER or DER, definite or indefinite) of any size with flat memory.
/// Attached: feed the CMS through write(); the content goes to `content` if given.
/// Detached: feed the CMS (at most 4 MiB) through write(), and the content through write_content(), in any
/// order; all four digests are computed as it streams.
class SignedDataReader {
public:
    /// `anchors` empty: the chain is not checked. `at`: time of the chain check.
    SignedDataReader(std::vector<Certificate> anchors, Instant at, Sink* content);
    ~SignedDataReader();
    [[nodiscard]] Result<void> write(ByteView cms);
    [[nodiscard]] Result<void> write_content(ByteView content);
    [[nodiscard]] Result<SignedDataReport> finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace mohr::signing
