// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/x509.hpp>
#include <mohr/signing/cms_enveloped.hpp>
#include <mohr/signing/cms_signed.hpp>

#include <string>

namespace mohr::test {

/// A software key and its certificate: what the token is to the product.
struct Identity {
    Certificate certificate;
    std::shared_ptr<EVP_PKEY> key;
    [[nodiscard]] Bytes private_key_pem() const;
};

enum class KeyType { rsa_2048, rsa_1024, p256, p384, p521 };

struct IssueOptions {
    std::string name = "Test Signer";
    const char* key_usage = "critical,digitalSignature,nonRepudiation,keyEncipherment,keyAgreement";
    int valid_from_days = -1;
    int valid_days = 365;
    const char* basic_constraints = "CA:FALSE";
};

/// A root with one key, P-256 unless said otherwise.
[[nodiscard]] Identity make_root(const std::string& name = "Test Root", KeyType type = KeyType::p256);
[[nodiscard]] Identity issue(const Identity& issuer, KeyType type, const IssueOptions& options = {});

/// One root and one end entity per key type for the whole program: RSA keys take time to make.
[[nodiscard]] const Identity& root();
[[nodiscard]] const Identity& identity(KeyType type);

/// The raw operation that the product asks a token for: the digest of `message` signed.
[[nodiscard]] Bytes raw_signature(const Identity& signer, signing::SignatureAlgorithm algorithm,
                                  DigestAlgorithm digest, ByteView message);

/// A whole signer over a content digest.
[[nodiscard]] signing::SignerPart signer_part(const Identity& signer, signing::SignatureAlgorithm algorithm,
                                              DigestAlgorithm digest, ByteView content_digest,
                                              std::optional<Instant> signing_time = std::nullopt);

/// What the token and the daemon do between them: RSA unwrapping or ECDH, then the content key. A failed
/// unwrapping gives a random key, as implicit rejection does.
[[nodiscard]] Secret content_key(const Identity& recipient, const signing::EnvelopeHeader& header);
[[nodiscard]] Secret content_key(const Identity& recipient, const signing::Recipient& how,
                                 std::size_t key_size);

[[nodiscard]] Instant now();
/// Bytes that compress badly and differ everywhere, the same in each run.
[[nodiscard]] Bytes sample(std::size_t size, std::uint32_t seed = 1);

} // namespace mohr::test
