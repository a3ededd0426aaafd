// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "counters.hpp"
#include <mohr/token/soft_token.hpp>

#include <string>

namespace mohr::token {

/// The second file under the state directory, with base's durable replacement.
class PrivateStateFile final : public StateFile {
public:
    explicit PrivateStateFile(std::filesystem::path path);
    [[nodiscard]] Result<std::optional<Bytes>> read() override;
    [[nodiscard]] Result<void> write(ByteView content) override;

private:
    std::filesystem::path path_;
};

/// A key of type "user" in the kernel's keyring of this uid: gone after a reboot, not in any backup. Every
/// failure is tolerated, because containers and hardened kernels have no keyring.
class KeyringRecord {
public:
    KeyringRecord(bool enabled, std::string_view serial);
    [[nodiscard]] std::optional<Bytes> read() const;
    void write(ByteView content) const noexcept;
    void forget() const noexcept;

private:
    bool enabled_;
    std::string description_;
};

} // namespace mohr::token
