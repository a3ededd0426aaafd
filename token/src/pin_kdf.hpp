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

/// Memory for three passes that takes about `target` on this machine, between the floor and the smaller of
/// the ceiling and a quarter of the machine's memory.
[[nodiscard]] Result<Argon2Parameters> calibrate(PinKdf& kdf, std::chrono::milliseconds target);

} // namespace mohr::token
