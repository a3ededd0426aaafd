// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/clock.hpp>
#include <mohr/base/result.hpp>
#include <mohr/base/x509.hpp>

#include <optional>
#include <string>

namespace mohr::core {

/// The certificate profiles of R74: bronze commits only; silver also logs in and keeps secrets (RSA unwraps,
/// EC agrees).
enum class TestProfile { silver, bronze };

/// A certificate authority for sandboxes: its key lives as long as the object and is never stored.
class TestAuthority {
public:
    [[nodiscard]] static Result<TestAuthority> make(Instant now);

    [[nodiscard]] const Certificate& root() const { return *root_; }
    /// A certificate for the key of a PKCS#10 request, whose proof of possession is checked.
    [[nodiscard]] Result<Certificate> issue(ByteView request, const std::string& common_name,
                                            TestProfile profile, Instant not_before, Instant not_after) const;

private:
    TestAuthority() = default;
    OwnedKey key_;
    std::optional<Certificate> root_;
};

} // namespace mohr::core
