// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fake_clock.hpp"
#include <mohr/base/openssl.hpp>
#include <mohr/token/soft_token.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace mohr::test {

/// A directory under /dev/shm (or the temporary directory) that goes with the object.
class ScratchDirectory {
public:
    ScratchDirectory();
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;
    ~ScratchDirectory();
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
};

[[nodiscard]] inline Secret pin(std::string_view text) {
    return Secret(as_bytes(text));
}

inline constexpr std::string_view user_pin = "741852";
inline constexpr std::string_view admin_pin = "Adm1n2580";

/// Computes Argon2id in this process, however cheap.
[[nodiscard]] token::PinKdf& in_process_kdf();

/// A soft token in a scratch directory, with Argon2id at its cheapest, a fake clock and no activation.
struct TokenFixture {
    ScratchDirectory scratch;
    FakeClock clock;
    token::FileDeviceSecret device{scratch.path() / "secret" / "device.key"};
    std::unique_ptr<token::SoftToken> token;

    [[nodiscard]] token::SoftTokenOptions options();
    /// Closes the token, if open, and opens it again.
    void open();
    void open(token::SoftTokenOptions with);
    void initialise(std::string_view user = user_pin, std::string_view admin = admin_pin);
    [[nodiscard]] token::Authorisation user(std::string_view with = user_pin);
    [[nodiscard]] token::Authorisation admin(std::string_view with = admin_pin);
};

struct CertificateRequestOptions {
    std::string common_name = "Test Person";
    const char* key_usage =
        nullptr; ///< OpenSSL's text, such as "critical,digitalSignature"; null: no extension
    Instant not_before{};
    Instant not_after{};
    bool authority = false;
};

/// A certificate over `public_key_info`, signed by `issuer_key` in the name of `issuer` (null: in its own
/// name).
[[nodiscard]] Certificate make_certificate(ByteView public_key_info, EVP_PKEY* issuer_key,
                                           const Certificate* issuer,
                                           const CertificateRequestOptions& options);

/// A CA for tests: P-256, valid around the fake clock's time.
class TestAuthority {
public:
    explicit TestAuthority(const Clock& clock, std::string name = "Test CA");
    [[nodiscard]] Certificate issue(ByteView public_key_info, const char* key_usage = nullptr,
                                    std::chrono::hours lifetime = std::chrono::hours(24 * 365)) const;
    [[nodiscard]] const Certificate& certificate() const noexcept { return *certificate_; }

private:
    const Clock& clock_;
    OwnedKey key_;
    std::optional<Certificate> certificate_;
};

/// Runs a shell command in `directory`; what it printed and its exit status.
struct CommandResult {
    int status = -1;
    std::string output;
};
[[nodiscard]] CommandResult run(const std::string& command, const std::filesystem::path& directory);

void write_file(const std::filesystem::path& path, ByteView content);
[[nodiscard]] Bytes read_file(const std::filesystem::path& path);

} // namespace mohr::test
