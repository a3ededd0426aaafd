// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/clock.hpp>
#include <mohr/base/digest.hpp>
#include <mohr/base/secret.hpp>
#include <mohr/base/x509.hpp>
#include <mohr/token/errors.hpp>
#include <mohr/token/pin_policy.hpp>

#include <array>
#include <compare>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mohr::token {

/// The two access levels of R38: PKCS#11's CKU_USER and CKU_SO.
enum class Role : std::uint8_t { user, admin };

enum class TokenState : std::uint8_t { not_activated, activated, initialised };

enum class KeyAlgorithm : std::uint8_t { rsa_2048, rsa_3072, rsa_4096, ec_p256, ec_p384 };

enum class CertificateState : std::uint8_t { pending, on_hold, active, expired, revoked };

/// CKA_ID of a key and its certificate: the SHA-1 of the public key's BIT STRING content, as RFC 5280
/// section 4.2.1.2 (1) makes key identifiers, so that other programs find the pair.
struct KeyId {
    std::array<std::uint8_t, 20> bytes{};
    auto operator<=>(const KeyId&) const = default;
    [[nodiscard]] std::string text() const;
    [[nodiscard]] static std::optional<KeyId> from_text(std::string_view hex);
};

/// A key with what is known of it; holds nothing secret.
struct TokenObject {
    KeyId id;
    std::string label;
    KeyAlgorithm algorithm{};
    CertificateState state{}; ///< computed against the clock: an active one past its end is expired
    std::optional<Certificate> certificate; ///< absent while pending
    std::vector<Certificate> chain;         ///< issuers, nearest first; may be empty
    Bytes public_key_info;                  ///< DER SubjectPublicKeyInfo
    Instant created{};
    bool replaced = false; ///< a newer certificate took its place: decryption only
};

struct RoleInfo {
    bool set = false;
    unsigned tries_left = 0;
    unsigned tries_at_most = 0;
    [[nodiscard]] bool blocked() const noexcept { return set && tries_left == 0; }
};

struct TokenInfo {
    TokenState state{};
    std::string label;
    std::string serial; ///< 16 hexadecimal digits, made at first start
    RoleInfo user;
    RoleInfo admin;
    bool unlocked = false;
    std::string
        device_secret; ///< name of the provider that binds the vault: "file", later "tpm2", "secret-service"
    bool older_copy_suspected =
        false; ///< epochs disagree: the lower counter holds and the admin PIN is needed once
    std::uint64_t epoch = 0;
    std::uint64_t argon2_memory_kib = 0;
    std::uint64_t argon2_passes = 0;
    unsigned vault_version = 0;
    std::size_t keys = 0;
    std::size_t certificates = 0;
};

/// Proof that a PIN was right just now. Moves with one decision of the person and dies with it; what it may
/// do follows from its role (matrix A15). Outlives lock(): an operation that has begun may end.
class Authorisation {
public:
    Authorisation(Authorisation&&) noexcept;
    Authorisation& operator=(Authorisation&&) noexcept;
    ~Authorisation();
    [[nodiscard]] Role role() const noexcept;

    struct State; ///< known to the token alone

private:
    friend class SoftToken;
    explicit Authorisation(std::unique_ptr<State> state) noexcept;
    std::unique_ptr<State> state_;
};

/// What a key is used for; checked against the certificate's keyUsage and state (R74, R124, R193).
enum class Purpose : std::uint8_t {
    sign_document, ///< needs digitalSignature or nonRepudiation
    authenticate,  ///< needs digitalSignature
    decrypt, ///< needs keyEncipherment (RSA) or keyAgreement or keyEncipherment (EC); also with expired or
             ///< replaced certificates
    activation_proof,      ///< R130: the one use of a certificate on hold
    certification_request, ///< proof of possession while pending
};

enum class SignatureScheme : std::uint8_t {
    rsa_pkcs1_v15, ///< RFC 8017 section 8.2; the token builds DigestInfo from the digest
    rsa_pss,       ///< RFC 8017 section 8.1; MGF1 with the same digest, salt as long as the digest
    ecdsa,         ///< DER Ecdsa-Sig-Value (RFC 3279 section 2.2.3)
};

struct RsaOaep {
    DigestAlgorithm digest = DigestAlgorithm::sha256;
    DigestAlgorithm mgf1 = DigestAlgorithm::sha256;
};
/// Implicit rejection: a wrong padding gives a random-looking answer of `expected_size` bytes, in constant
/// time. 0: the message may have any length, and the answer to a wrong padding has a length of its own, which
/// asking twice does not change.
struct RsaPkcs1 {
    std::size_t expected_size = 32;
};
using RsaUnwrap = std::variant<RsaOaep, RsaPkcs1>;

/// Where the activity log stood at the last committed operation (design rule 8).
struct LogHead {
    std::uint64_t count = 0;
    std::array<std::uint8_t, 32> head{};
};

/// R149: what the authority said to an activation; brought in by enrolment, or by a test.
struct ActivationAnswer {
    bool accepted = false;
    Instant at{};
};

/// Why a certificate's key may no longer sign.
enum class Retirement : std::uint8_t {
    replaced, ///< a newer certificate took its place: decryption only
    revoked,  ///< the authority withdrew it: no use at all
};

/// A subjectAltName of a certification request (RFC 5280 section 4.2.1.6). `upn` is Microsoft's otherName,
/// `directory` RFC 4514 text, `identifier` a dotted registeredID.
struct AlternativeName {
    enum class Kind : std::uint8_t { upn, email, dns, directory, uri, ip, identifier };
    Kind kind{};
    std::string value;
};

/// The second confirmations that R51, R57 and R59 and the guessable-PIN rule ask for.
struct PinConfirmations {
    bool guessable = false;
    bool equal = false;
};

/// One thing the token can do. Interface so that hardware tokens can stand beside the soft one.
/// Every call may block (disk, Argon2id) and none may be made on an I/O thread, but where it says so. All calls may come from any
/// thread. Whatever was acknowledged is durable before the call returns (rule 6).
class Token {
public:
    virtual ~Token() = default;

    /// Whether info() and objects() come from memory and may be called on an I/O thread.
    [[nodiscard]] virtual bool answers_at_once() const noexcept { return false; }
    [[nodiscard]] virtual TokenInfo info() const = 0;
    /// Everything on the token, oldest first. Needs no PIN (R143).
    [[nodiscard]] virtual Result<std::vector<TokenObject>> objects() const = 0;
    /// Of these, the one with this id, if there is one.
    [[nodiscard]] virtual Result<std::vector<TokenObject>> object(const KeyId& id) const {
        auto all = objects();
        if (all) std::erase_if(*all, [&](const TokenObject& one) { return one.id != id; });
        return all;
    }

    /// First reset (R144): both PINs are new. Fails with TokenErrc::already_initialised, pin_* or
    /// confirmation_needed.
    [[nodiscard]] virtual Result<void> initialise(Secret user_pin, Secret admin_pin, std::string label,
                                                  PinConfirmations confirmed) = 0;
    /// R51, R145: destroys every key. `admin` must come from authorise(Role::admin, …).
    [[nodiscard]] virtual Result<void> reset(Authorisation admin, Secret user_pin, Secret admin_pin,
                                             PinConfirmations confirmed) = 0;
    /// R57, R146: only while the admin PIN is blocked; the caller has authenticated the device's owner.
    [[nodiscard]] virtual Result<void> reset_blocked(Secret user_pin, Secret admin_pin,
                                                     PinConfirmations confirmed) = 0;

    /// Checks a PIN: takes a try durably, checks, gives it back (rule 5). While unlocked the check of the
    /// user PIN costs no Argon2id. A right user PIN unlocks the token until idle, lock or stop.
    [[nodiscard]] virtual Result<Authorisation, PinFailure> authorise(Role role, const Secret& pin) = 0;

    /// The user PIN where it is right and nothing has to be written or waited for; may be called on an I/O
    /// thread. After nothing came back authorise() decides, and must be asked.
    [[nodiscard]] virtual std::optional<Authorisation> authorise_at_once(const Secret& user_pin) {
        (void)user_pin;
        return std::nullopt;
    }

    /// R58, R151, R153. `proof` is of the role whose PIN changes.
    [[nodiscard]] virtual Result<void> change_pin(Authorisation proof, Secret new_pin,
                                                  PinConfirmations confirmed) = 0;
    /// R56, R152: the admin sets a new user PIN; keys stay usable.
    [[nodiscard]] virtual Result<void> unblock_user(Authorisation admin, Secret new_user_pin,
                                                    PinConfirmations confirmed) = 0;
    [[nodiscard]] virtual Result<void> set_label(Authorisation admin, std::string label) = 0;

    [[nodiscard]] virtual Result<TokenObject> generate_key(const Authorisation& user, KeyAlgorithm algorithm,
                                                           std::string label) = 0;
    /// DER PKCS#10 (RFC 2986) with proof of possession. `subject` is RFC 4514 text, at most 1 KiB; may be
    /// empty. `names` become an extensionRequest (RFC 2985). Fails with malformed.
    [[nodiscard]] virtual Result<Bytes> certification_request(const Authorisation& user, const KeyId& key,
                                                              std::string_view subject,
                                                              const std::vector<AlternativeName>& names) = 0;
    [[nodiscard]] Result<Bytes> certification_request(const Authorisation& user, const KeyId& key,
                                                      std::string_view subject) {
        return certification_request(user, key, subject, {});
    }
    /// Stores an issued certificate with the key it fits, and any others in `certificates` as its chain.
    /// `on_hold` for those of our own authority (R124), else usable at once (Q25). Fails with
    /// no_matching_key.
    [[nodiscard]] virtual Result<TokenObject> import_certificate(const Authorisation& user,
                                                                 const std::vector<Certificate>& certificates,
                                                                 CertificateState state) = 0;
    /// Key and certificates of a PKCS#12 file (RFC 7292), at most 1 MiB. Fails with wrong_password.
    [[nodiscard]] virtual Result<TokenObject> import_pkcs12(const Authorisation& user, ByteView file,
                                                            Secret password) = 0;
    [[nodiscard]] virtual Result<TokenObject> activate_certificate(const Authorisation& user,
                                                                   const KeyId& key, bool owner_authenticated,
                                                                   const ActivationAnswer& answer) = 0;
    /// What was learnt of a certificate: renewed, or revoked. Needs no PIN, because it only ever takes rights
    /// away.
    [[nodiscard]] virtual Result<void> retire(const KeyId& key, Retirement why) = 0;
    /// Key and certificate are gone for good (R150).
    [[nodiscard]] virtual Result<void> remove(const Authorisation& user, const KeyId& key) = 0;

    /// Signature over a digest. Takes no lock while it computes: many threads may sign under one
    /// Authorisation.
    [[nodiscard]] virtual Result<Bytes> sign(const Authorisation& user, const KeyId& key, Purpose purpose,
                                             SignatureScheme scheme, DigestAlgorithm algorithm,
                                             ByteView digest) = 0;
    /// Whether sign() with this key takes microseconds and waits for nothing: then it may be called on an I/O
    /// thread.
    [[nodiscard]] virtual bool signs_at_once(const TokenObject& object) const noexcept {
        (void)object;
        return false;
    }
    /// RSA key transport. Every cryptographic failure is TokenErrc::decryption_failed, whatever its cause
    /// (T21).
    [[nodiscard]] virtual Result<Secret> unwrap(const Authorisation& user, const KeyId& key,
                                                const RsaUnwrap& how, ByteView encrypted) = 0;
    /// ECDH (SP 800-56A section 5.7.1.2): the shared x coordinate. `peer` is DER SubjectPublicKeyInfo on the
    /// key's curve.
    [[nodiscard]] virtual Result<Secret> agree(const Authorisation& user, const KeyId& key,
                                               ByteView peer) = 0;

    /// Drops the master key from memory: idle, screen lock, suspend, stop.
    virtual void lock() = 0;
    /// Locks if the idle time is over. Returns when to look again; nothing if locked.
    virtual std::optional<SteadyInstant> lock_if_idle() = 0;

    /// Key of the activity log's authentication, derived from the device secret; 32 bytes.
    [[nodiscard]] virtual Result<Secret> log_key() const = 0;
    [[nodiscard]] virtual LogHead log_head() const = 0;
    /// Durable before it returns. Heads of several threads that come together cost one write; a head with a
    /// lower count than the durable one is taken as committed with it.
    [[nodiscard]] virtual Result<void> commit_log_head(const LogHead& head) = 0;
};

} // namespace mohr::token
