// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <QString>
#include <cstdint>

/// What the core tells of the token (`token.info`), and what follows for the person.
namespace mohr::desktop {

struct RoleFacts {
    bool set = false;
    bool blocked = false;
    qint64 tries_left = 0;
    qint64 tries_at_most = 0;
};

struct TokenFacts {
    bool known = false; ///< the core has told them
    QString state;      ///< not_activated, activated, initialised
    QString label;
    QString serial;
    RoleFacts user;
    RoleFacts admin;
    bool unlocked = false;
    bool older_copy_suspected = false;
    QString device_secret; ///< its provider: "file", "secret-service", "tpm2"
    qint64 keys = 0;
    qint64 certificates = 0;
};
[[nodiscard]] TokenFacts token_facts(const nlohmann::json& info);

/// The one state that the person is told, the gravest first.
enum class TokenCondition : std::uint8_t {
    unknown,
    not_activated,
    not_initialised,
    admin_blocked,
    user_blocked,
    locked,
    ready
};
[[nodiscard]] TokenCondition condition_of(const TokenFacts& facts);

[[nodiscard]] QString condition_word(TokenCondition condition);
/// One or two sentences: what it means and what can be done.
[[nodiscard]] QString condition_text(const TokenFacts& facts);
/// Its picture among the icons; the shapes differ, not the colours alone.
[[nodiscard]] QString condition_icon(TokenCondition condition);
/// Where the device secret is kept, and what that means for the person.
[[nodiscard]] QString device_secret_text(const QString& provider);

} // namespace mohr::desktop
