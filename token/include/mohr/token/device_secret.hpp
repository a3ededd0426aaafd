// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/secret.hpp>

#include <filesystem>
#include <string>

namespace mohr::token {

inline constexpr std::size_t device_secret_bytes = 32;

/// Keeps the 32 random bytes that bind a vault to this machine. Implementations differ in what an attacker
/// who can copy the person's files still lacks: with "file" nothing, with "tpm2" the machine itself.
class DeviceSecretProvider {
public:
    virtual ~DeviceSecretProvider() = default;
    /// "file", later "tpm2", "secret-service".
    [[nodiscard]] virtual std::string name() const = 0;
    /// The stored secret. Fails with TokenErrc::vault_foreign if this machine holds none.
    [[nodiscard]] virtual Result<Secret> load() = 0;
    /// The stored secret, made durably first if there is none. Only for a vault that does not exist yet.
    [[nodiscard]] virtual Result<Secret> load_or_create() = 0;
};

/// A 0600 file: the last rung of the ladder.
class FileDeviceSecret final : public DeviceSecretProvider {
public:
    explicit FileDeviceSecret(std::filesystem::path path);
    [[nodiscard]] std::string name() const override;
    [[nodiscard]] Result<Secret> load() override;
    [[nodiscard]] Result<Secret> load_or_create() override;

private:
    std::filesystem::path path_;
};

} // namespace mohr::token
