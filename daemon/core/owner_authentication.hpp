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

/// Through PAM, in mohr-owner-auth, a process of its own: modules run there, not in the core. The user's systemd starts it
/// for each connection to `socket`, since a child of ours could start none of PAM's setuid helpers, which pam_unix needs.
/// Where nobody listens there, `helper` is started as a child; modules that need no such helper work in it.
class PamOwnerAuthentication final : public OwnerAuthentication {
public:
    PamOwnerAuthentication(std::filesystem::path socket, std::filesystem::path helper, std::string service)
        : socket_(std::move(socket)), helper_(std::move(helper)), service_(std::move(service)) {}
    [[nodiscard]] Verdict check(const Secret& password) override;

private:
    std::filesystem::path socket_;
    std::filesystem::path helper_;
    std::string service_;
};

} // namespace mohr::core
