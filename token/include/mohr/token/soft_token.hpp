// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/token/device_secret.hpp>
#include <mohr/token/token.hpp>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

namespace mohr::token {

/// Cost of Argon2id (RFC 9106) with one lane.
struct Argon2Parameters {
    std::uint64_t memory_kib = 64 * 1024;
    std::uint64_t passes = 3;
    bool operator==(const Argon2Parameters&) const = default;
};
/// No vault with cheaper parameters is made or opened (T28).
inline constexpr Argon2Parameters argon2_floor{};
/// At most 1 GiB and 16 passes: what a vault's header says must not be able to take the machine down.
inline constexpr Argon2Parameters argon2_ceiling{1024 * 1024, 16};

/// What activation left behind; asked at every start and before each operation, so it must be quick.
class ActivationStatement {
public:
    virtual ~ActivationStatement() = default;
    /// Whether a statement is there, is signed by the authority and names this device.
    [[nodiscard]] virtual bool valid() const = 0;
};

/// The small file operations of the second epoch file; the tests bring a disk that loses or refuses writes.
class StateFile {
public:
    virtual ~StateFile() = default;
    /// At most 4 KiB; nothing if there is no such file.
    [[nodiscard]] virtual Result<std::optional<Bytes>> read() = 0;
    /// Replaces the content; durable before it returns. On failure the old content stays.
    [[nodiscard]] virtual Result<void> write(ByteView content) = 0;
};

/// Argon2id over a PIN; 32 bytes. What it gives must still be mixed with the device secret.
class PinKdf {
public:
    virtual ~PinKdf() = default;
    /// `salt` of 16 bytes, `pin` of at most 128. Fails with TokenErrc::storage if it could not be computed.
    [[nodiscard]] virtual Result<Secret> derive(const Argon2Parameters& parameters, ByteView salt,
                                                const Secret& pin) = 0;
};

struct SoftTokenOptions {
    std::filesystem::path data_directory;  ///< holds vault.db; made with mode 0700
    std::filesystem::path state_directory; ///< holds the second epoch file; made with mode 0700
    DeviceSecretProvider& device_secret;   ///< outlives the token
    const Clock& clock;                    ///< outlives the token
    std::filesystem::path kdf_program;     ///< mohr-kdf, which computes Argon2id in a process of its own
    PinPolicy policy{};
    /// Parameters of a new vault; nothing: calibrated to `calibration_target` at initialise, never below the
    /// floor.
    std::optional<Argon2Parameters> argon2;
    std::chrono::milliseconds calibration_target{800};
    std::chrono::milliseconds idle_time{std::chrono::minutes(5)};
    bool activation_required = true;
    const ActivationStatement* activation =
        nullptr; ///< outlives the token; may be absent if activation is not required
    bool kernel_keyring = true;
    std::size_t max_keys = 64;       ///< Q26: never below 16
    StateFile* state_file = nullptr; ///< instead of the file in `state_directory`; for tests
    /// Instead of `kdf_program`, for tests alone, and outlives the token: with it Argon2 parameters may be below the
    /// floor. Without it a vault made this way is refused.
    PinKdf* test_kdf = nullptr;
};

/// The soft token of one person: a vault on disk, the counters that guard it, and the keys while unlocked.
class SoftToken final : public Token {
public:
    /// Opens the vault or makes an empty one; takes it for this process alone. Fails with vault_foreign,
    /// vault_damaged, vault_newer, storage (also while another process holds it), or BaseErrc::insecure_file.
    [[nodiscard]] static Result<std::unique_ptr<SoftToken>> open(SoftTokenOptions options);
    ~SoftToken() override;

    [[nodiscard]] bool answers_at_once() const noexcept override { return true; }
    [[nodiscard]] TokenInfo info() const override;
    [[nodiscard]] Result<std::vector<TokenObject>> objects() const override;
    [[nodiscard]] Result<std::vector<TokenObject>> object(const KeyId& id) const override;
    [[nodiscard]] Result<void> initialise(Secret user_pin, Secret admin_pin, std::string label,
                                          PinConfirmations confirmed) override;
    [[nodiscard]] Result<void> reset(Authorisation admin, Secret user_pin, Secret admin_pin,
                                     PinConfirmations confirmed) override;
    [[nodiscard]] Result<void> reset_blocked(Secret user_pin, Secret admin_pin,
                                             PinConfirmations confirmed) override;
    [[nodiscard]] Result<Authorisation, PinFailure> authorise(Role role, const Secret& pin) override;
    [[nodiscard]] std::optional<Authorisation> authorise_at_once(const Secret& user_pin) override;
    [[nodiscard]] Result<void> change_pin(Authorisation proof, Secret new_pin,
                                          PinConfirmations confirmed) override;
    [[nodiscard]] Result<void> unblock_user(Authorisation admin, Secret new_user_pin,
                                            PinConfirmations confirmed) override;
    [[nodiscard]] Result<void> set_label(Authorisation admin, std::string label) override;
    [[nodiscard]] Result<TokenObject> generate_key(const Authorisation& user, KeyAlgorithm algorithm,
                                                   std::string label) override;
    [[nodiscard]] Result<Bytes> certification_request(const Authorisation& user, const KeyId& key,
                                                      std::string_view subject,
                                                      const std::vector<AlternativeName>& names) override;
    using Token::certification_request;
    [[nodiscard]] Result<TokenObject> import_certificate(const Authorisation& user,
                                                         const std::vector<Certificate>& certificates,
                                                         CertificateState state) override;
    [[nodiscard]] Result<TokenObject> import_pkcs12(const Authorisation& user, ByteView file,
                                                    Secret password) override;
    [[nodiscard]] Result<TokenObject> activate_certificate(const Authorisation& user, const KeyId& key,
                                                           bool owner_authenticated,
                                                           const ActivationAnswer& answer) override;
    [[nodiscard]] Result<void> retire(const KeyId& key, Retirement why) override;
    [[nodiscard]] Result<void> remove(const Authorisation& user, const KeyId& key) override;
    [[nodiscard]] bool signs_at_once(const TokenObject& object) const noexcept override {
        return object.algorithm == KeyAlgorithm::ec_p256;
    }
    [[nodiscard]] Result<Bytes> sign(const Authorisation& user, const KeyId& key, Purpose purpose,
                                     SignatureScheme scheme, DigestAlgorithm algorithm,
                                     ByteView digest) override;
    [[nodiscard]] Result<Secret> unwrap(const Authorisation& user, const KeyId& key, const RsaUnwrap& how,
                                        ByteView encrypted) override;
    [[nodiscard]] Result<Secret> agree(const Authorisation& user, const KeyId& key, ByteView peer) override;
    void lock() override;
    std::optional<SteadyInstant> lock_if_idle() override;
    [[nodiscard]] Result<Secret> log_key() const override;
    [[nodiscard]] LogHead log_head() const override;
    [[nodiscard]] Result<void> commit_log_head(const LogHead& head) override;

private:
    struct Impl;
    explicit SoftToken(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

} // namespace mohr::token
