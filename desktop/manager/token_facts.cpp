// SPDX-License-Identifier: Apache-2.0
#include "manager/token_facts.hpp"

#include "manager/values.hpp"

#include <QtCore>

namespace mohr::desktop {
namespace {

RoleFacts role_facts(const nlohmann::json& role) {
    return {flag_member(role, "set"), flag_member(role, "blocked"), number_of(role, "triesLeft"),
            number_of(role, "triesAtMost")};
}

} // namespace

TokenFacts token_facts(const nlohmann::json& info) {
    TokenFacts facts;
    facts.state = text_of(info, "state");
    facts.known = !facts.state.isEmpty();
    facts.label = text_of(info, "label");
    facts.serial = text_of(info, "serial");
    facts.user = role_facts(member(info, "user"));
    facts.admin = role_facts(member(info, "admin"));
    facts.unlocked = flag_member(info, "unlocked");
    facts.older_copy_suspected = flag_member(info, "olderCopySuspected");
    facts.device_secret = text_of(info, "deviceSecret");
    facts.keys = number_of(info, "keys");
    facts.certificates = number_of(info, "certificates");
    return facts;
}

TokenCondition condition_of(const TokenFacts& facts) {
    if (!facts.known) return TokenCondition::unknown;
    if (facts.state == QLatin1String("not_activated")) return TokenCondition::not_activated;
    if (facts.state != QLatin1String("initialised")) return TokenCondition::not_initialised;
    if (facts.admin.blocked) return TokenCondition::admin_blocked;
    if (facts.user.blocked) return TokenCondition::user_blocked;
    return facts.unlocked ? TokenCondition::ready : TokenCondition::locked;
}

QString condition_word(TokenCondition condition) {
    switch (condition) {
    case TokenCondition::unknown:
        return qtTrId("token.state.unknown");
    case TokenCondition::not_activated:
        return qtTrId("token.state.notActivated");
    case TokenCondition::not_initialised:
        return qtTrId("token.state.notInitialised");
    case TokenCondition::admin_blocked:
        return qtTrId("token.state.adminBlocked");
    case TokenCondition::user_blocked:
        return qtTrId("token.state.userBlocked");
    case TokenCondition::locked:
        return qtTrId("token.state.locked");
    case TokenCondition::ready:
        return qtTrId("token.state.ready");
    }
    return {};
}

QString condition_text(const TokenFacts& facts) {
    switch (condition_of(facts)) {
    case TokenCondition::unknown:
        return qtTrId("token.about.unknown");
    case TokenCondition::not_activated:
        return qtTrId("M03");
    case TokenCondition::not_initialised:
        return qtTrId("token.about.notInitialised");
    case TokenCondition::admin_blocked:
        return facts.user.blocked
                   ? qtTrId("M20")
                   : qtTrId("M20") + QLatin1Char(' ') + qtTrId("token.about.adminBlockedUserWorks");
    case TokenCondition::user_blocked:
        return qtTrId("M19");
    case TokenCondition::locked:
        return qtTrId("token.about.locked");
    case TokenCondition::ready:
        return qtTrId("token.about.ready");
    }
    return {};
}

QString condition_icon(TokenCondition condition) {
    switch (condition) {
    case TokenCondition::unknown:
    case TokenCondition::not_activated:
    case TokenCondition::not_initialised:
        return QStringLiteral("token-new");
    case TokenCondition::admin_blocked:
    case TokenCondition::user_blocked:
        return QStringLiteral("token-blocked");
    case TokenCondition::locked:
        return QStringLiteral("token-locked");
    case TokenCondition::ready:
        return QStringLiteral("token-ready");
    }
    return {};
}

QString device_secret_text(const QString& provider) {
    if (provider == QLatin1String("tpm2")) return qtTrId("token.secret.tpm2");
    if (provider == QLatin1String("secret-service")) return qtTrId("token.secret.secretService");
    return qtTrId("token.secret.file");
}

} // namespace mohr::desktop
