// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/clock.hpp>
#include <mohr/base/result.hpp>
#include <mohr/base/secret.hpp>
#include <mohr/base/x509.hpp>
#include <mohr/token/token.hpp>

#include <filesystem>

namespace mohr::core {

/// A throw-away profile in a directory of its own (rule 9). The PINs open nothing but the vault that it made
/// itself.
class SandboxDirectory {
public:
    static constexpr const char* mark = ".mohr-sandbox";

    /// Takes an empty directory (made if there is none) or one that holds the mark; any other is refused and
    /// not touched. Fails with BaseErrc::insecure_file or io.
    [[nodiscard]] static Result<SandboxDirectory> take(const std::filesystem::path& directory);

    /// At the first start: random PINs, keys, and certificates of a test authority. Later: nothing. Blocks.
    [[nodiscard]] Result<void> provision(token::Token& token, Instant now);

    /// ca.pem: the test authority and the root of the TLS identity, for a portal's trust file.
    [[nodiscard]] Result<void> write_trust_file(const Certificate& tls_root) const;

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
    [[nodiscard]] std::filesystem::path trust_file() const { return path_ / "ca.pem"; }
    [[nodiscard]] const Secret& user_pin() const noexcept { return user_pin_; }
    [[nodiscard]] const Secret& admin_pin() const noexcept { return admin_pin_; }

private:
    explicit SandboxDirectory(std::filesystem::path path) : path_(std::move(path)) {}
    [[nodiscard]] Result<void> issue_all(token::Token& token, Instant now) const;
    std::filesystem::path path_;
    Secret user_pin_;
    Secret admin_pin_;
};

} // namespace mohr::core
