// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/digest.hpp>
#include <mohr/base/secret.hpp>
#include <mohr/base/x509.hpp>
#include <mohr/signing/errors.hpp>
#include <mohr/signing/sink.hpp>

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mohr::signing {

enum class ContentCipher : std::uint8_t {
    aes_256_gcm, ///< AuthEnvelopedData (RFC 5083, RFC 5084)
    aes_256_cbc, ///< EnvelopedData; for readers that know nothing newer; not tamper-proof
};

/// Writes AuthEnvelopedData or EnvelopedData for RSA (OAEP, SHA-256) and EC (ECDH one-pass, X9.63 KDF
/// SHA-256, AES-256 wrap; RFC 5753) recipients as a stream (BER indefinite length: the size need not be known
/// first). Recipients are named by issuer and serial number.
class EnvelopeWriter {
public:
    /// 1 to 64 recipients with RSA keys of 2048 bits and more, or P-256 or P-384 keys.
    EnvelopeWriter(std::vector<Certificate> recipients, ContentCipher cipher, Sink& sink);
    ~EnvelopeWriter();
    /// Once, first. Fails with SigningErrc::limit (number of recipients), unsupported (kind of key) or
    /// key_usage (the certificate does not allow it: keyEncipherment for RSA, that or keyAgreement for EC),
    /// or with what the sink says.
    [[nodiscard]] Result<void> start();
    /// Fails with SigningErrc::limit past the 2^36 - 32 bytes that one GCM key may protect.
    [[nodiscard]] Result<void> write(ByteView content);
    [[nodiscard]] Result<void> finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// How one recipient's content key is wrapped; what the core needs to unwrap it.
struct RsaRecipient {
    bool oaep = false; ///< else PKCS#1 v1.5
    DigestAlgorithm oaep_digest = DigestAlgorithm::sha1;
    DigestAlgorithm oaep_mgf1 = DigestAlgorithm::sha1;
    Bytes encrypted_key;
};
struct EcRecipient {
    Bytes originator_public_key;                        ///< DER SubjectPublicKeyInfo on the recipient's curve
    DigestAlgorithm kdf_digest = DigestAlgorithm::sha1; ///< X9.63 KDF
    unsigned wrap_bits = 256;                           ///< AES key wrap (RFC 3394): 128, 192 or 256
    Bytes shared_info;                                  ///< DER ECC-CMS-SharedInfo (RFC 5753 section 7.2)
    Bytes encrypted_key;
};
struct Recipient {
    Bytes issuer_der;             ///< issuerAndSerialNumber …
    std::string serial_number;    ///< … upper-case hexadecimal, as Certificate::serial_number()
    Bytes subject_key_identifier; ///< … or this
    std::variant<RsaRecipient, EcRecipient> key;
    [[nodiscard]] bool fits(const Certificate& certificate) const;
};

struct EnvelopeHeader {
    std::vector<Recipient> recipients; ///< at most 256; those of unknown kinds are left out
    std::string
        content_cipher; ///< OpenSSL's name: "AES-256-GCM", "AES-256-CBC", "AES-128-CBC", "DES-EDE3-CBC", …
    bool authenticated = false; ///< a tag protects the content
    std::size_t content_key_size = 0;
};

/// Finishes the key agreement: KDF and key unwrap over the shared secret that the token gave. One error for
/// every failure.
[[nodiscard]] Result<Secret> ec_content_key(const EcRecipient& recipient, const Secret& shared);

/// Reads AuthEnvelopedData and EnvelopedData (BER or DER) of any size with flat memory.
/// write() until header() is there; give the key with set_content_key(), go on with write(), then finish().
/// Without the key it keeps up to max_ahead_bytes of ciphertext. Plaintext goes to the sink as it is
/// decrypted: the sink must not release it before finish() has said that the tag holds.
class EnvelopeReader {
public:
    static constexpr std::size_t max_ahead_bytes = 1024 * 1024;

    explicit EnvelopeReader(Sink& plaintext);
    ~EnvelopeReader();
    /// Fails with SigningErrc::malformed, unsupported or limit (also: too much ahead of the key), or with
    /// what the sink says; finish() then says the same.
    [[nodiscard]] Result<void> write(ByteView cms);
    /// Null until it has been read; then stays where it is.
    [[nodiscard]] const EnvelopeHeader* header() const noexcept;
    /// Once, after header() is there. A key of a wrong size is taken like any wrong key: finish() fails.
    /// Ciphertext that came before is decrypted now.
    [[nodiscard]] Result<void> set_content_key(Secret key);
    /// Fails with SigningErrc::truncated, no_recipient (no key was given) or decryption_failed: one error,
    /// the same in every bit, whatever was wrong with key, tag, padding or length (T21).
    [[nodiscard]] Result<void> finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace mohr::signing
