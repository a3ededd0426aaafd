// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/clock.hpp>
#include <mohr/base/digest.hpp>
#include <mohr/base/x509.hpp>
#include <mohr/signing/sink.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mohr::signing {

enum class SignatureAlgorithm : std::uint8_t { rsa_pkcs1_v15, rsa_pss, ecdsa };

/// The signed attributes of one SignerInfo (RFC 5652 section 5.3), as the DER SET OF whose digest is signed:
/// contentType id-data, messageDigest, ESS signing-certificate-v2 (RFC 5035) and, if given, signing-time.
/// Small and strict: this runs in the core, from the digest that was shown. `more` are DER Attributes that a
/// page asked for, each with a type of its own; those that say what was signed, when and by whom are ours alone
/// and refused, as are those that belong outside the signature: SigningErrc::malformed. SHA-1 is for who decided
/// to let it through to here.
[[nodiscard]] Result<Bytes> signed_attributes(DigestAlgorithm algorithm, ByteView content_digest,
                                              const Certificate& signer, std::optional<Instant> signing_time,
                                              const std::vector<Bytes>& more = {});

/// "1.2.840…" of a DER Attribute that signed_attributes() takes as one of `more`, for people. Fails as it does.
[[nodiscard]] Result<std::string> attribute_type(ByteView attribute);

/// Largest content that the attached writer takes: 2^62 bytes leave room for every length around it.
inline constexpr std::uint64_t max_attached_bytes = std::uint64_t{1} << 62;

/// What a finished signer brings. The signature algorithm has to fit the certificate's key; RSASSA-PSS uses
/// the same digest in MGF1 and a salt as long as the digest.
struct SignerPart {
    Certificate certificate;
    std::vector<Certificate> chain;
    DigestAlgorithm digest_algorithm{};
    SignatureAlgorithm signature_algorithm{};
    Bytes signed_attributes;                  ///< as signed_attributes() made them
    Bytes signature;                          ///< raw RSA, or DER Ecdsa-Sig-Value
    std::vector<Bytes> unsigned_attributes{}; ///< as encode_attribute() made them, each of another type
};

/// Attribute ::= SEQUENCE { attrType, attrValues SET OF } with one value (RFC 5652 section 5.3). `type` is
/// dotted, `value` one DER element. Fails with SigningErrc::malformed, also for the types that
/// signed_attributes() writes itself.
[[nodiscard]] Result<Bytes> encode_attribute(const std::string& type, ByteView value);

/// Detached SignedData (DER), id-signedData ContentInfo; 1 to 64 signers. Fails with SigningErrc::limit or
/// malformed (no signed attributes or no signature). SHA-1 is written as well: who lets it through to here has
/// decided so.
[[nodiscard]] Result<Bytes> detached_signed_data(const std::vector<SignerPart>& signers);

/// Attached SignedData as a stream: definite lengths, so the content's length is known first.
class AttachedSignedDataWriter {
public:
    AttachedSignedDataWriter(const std::vector<SignerPart>& signers, std::uint64_t content_size, Sink& sink);
    ~AttachedSignedDataWriter();
    /// Exactly content_size bytes in all, then finish(). Fails as detached_signed_data() does, with
    /// SigningErrc::malformed for more bytes than announced, truncated for fewer, and with what the sink
    /// says.
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
    unsupported,   ///< an algorithm we do not take, SHA-1 unless allowed, RSA below 2048 bits
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
    std::string content_type; ///< dotted; "1.2.840.113549.1.7.1" is id-data
    std::uint64_t content_size = 0;
    std::vector<SignerReport> signers;
    /// At least one signer, and all of them valid.
    [[nodiscard]] bool valid() const noexcept;
};

/// Whether signatures over SHA-1 can be valid.
enum class Sha1 : std::uint8_t { refused, allowed };

/// Verifies SignedData (BER or DER, definite or indefinite) of any size with flat memory.
/// Attached: feed the CMS through write(); the content goes to `content` if given, before anything is known
/// about its signatures. Detached: feed the CMS through write(), and the content through write_content(), in
/// any order. It is fastest with the CMS first: content that comes earlier is digested with every algorithm
/// that could turn out to be needed. All but the content may take 4 MiB, with at most 64 signers and 64
/// certificates of 64 KiB.
class SignedDataReader {
public:
    /// `anchors` empty: the chain is not checked. Otherwise it must end in a self-signed anchor, be valid at
    /// `at`, and the signer's keyUsage must allow digitalSignature or nonRepudiation; revocation is not
    /// looked at.
    SignedDataReader(std::vector<Certificate> anchors, Instant at, Sink* content, Sha1 sha1 = Sha1::refused);
    ~SignedDataReader();
    /// Fails with SigningErrc::malformed, unsupported, limit or content_missing, or with what the sink says;
    /// finish() then says the same.
    [[nodiscard]] Result<void> write(ByteView cms);
    [[nodiscard]] Result<void> write_content(ByteView content);
    /// What is wrong with a signature is in the report; an error means that the structure could not be read:
    /// those above, truncated, or content_missing.
    [[nodiscard]] Result<SignedDataReport> finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace mohr::signing
