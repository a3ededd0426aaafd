// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/secret.hpp>

#include <filesystem>
#include <string>

namespace mohr::core {

/// Whether the person before the machine is its owner (R57, R146). Blocks; call on the pool.
class OwnerAuthentication {
public:
    enum class Verdict { right, wrong, unavailable };
    virtual ~OwnerAuthentication() = default;
    [[nodiscard]] virtual Verdict check(const Secret& password) = 0;
};

/// Through PAM, in a process of its own: mohr-owner-auth takes the service's name as its argument and the password on
/// standard input. Modules run there, not in the core.
class PamOwnerAuthentication final : public OwnerAuthentication {
public:
    PamOwnerAuthentication(std::filesystem::path helper, std::string service)
        : helper_(std::move(helper)), service_(std::move(service)) {}
    [[nodiscard]] Verdict check(const Secret& password) override;

private:
    std::filesystem::path helper_;
    std::string service_;
};

} // namespace mohr::core
