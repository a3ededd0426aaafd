// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/secret.hpp>
#include <mohr/token/soft_token.hpp>

#include <chrono>
#include <filesystem>

namespace mohr::token {

inline constexpr std::size_t salt_bytes = 16;
/// Longer ones cannot be right: the policy's bounds are far below.
inline constexpr std::size_t max_pin_bytes = 128;

/// Argon2id over a PIN; 32 bytes. What it gives must still be mixed with the device secret.
class PinKdf {
public:
    virtual ~PinKdf() = default;
    /// `salt` of 16 bytes, `pin` of at most 128. Fails with TokenErrc::storage if it could not be computed.
    [[nodiscard]] virtual Result<Secret> derive(const Argon2Parameters& parameters, ByteView salt,
                                                const Secret& pin) = 0;
};

/// Starts mohr-kdf for each derivation: the 64 MiB and more that hold traces of the PIN are in a process that
/// ends at once.
class HelperKdf final : public PinKdf {
public:
    explicit HelperKdf(std::filesystem::path program,
                       std::chrono::milliseconds limit = std::chrono::seconds(60));
    [[nodiscard]] Result<Secret> derive(const Argon2Parameters& parameters, ByteView salt,
                                        const Secret& pin) override;

private:
    std::filesystem::path program_;
    std::chrono::milliseconds limit_;
};

/// Computes in this process; only behind SoftTokenOptions::unsafe_test_kdf.
class InProcessKdf final : public PinKdf {
public:
    [[nodiscard]] Result<Secret> derive(const Argon2Parameters& parameters, ByteView salt,
                                        const Secret& pin) override;
};

/// Memory for three passes that takes about `target` on this machine, between the floor and the smaller of
/// the ceiling and a quarter of the machine's memory.
[[nodiscard]] Result<Argon2Parameters> calibrate(PinKdf& kdf, std::chrono::milliseconds target);

} // namespace mohr::token
