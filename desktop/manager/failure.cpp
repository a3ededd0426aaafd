// SPDX-License-Identifier: Apache-2.0
#include "manager/failure.hpp"

#include "shared/foreign_text.hpp"
#include "shared/language.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <stdexcept>

namespace mohr::desktop {
namespace {

struct Row {
    const char* code;
    const char* text;
};
/// Codes whose sentence needs nothing else.
constexpr std::array sentences{
    Row{"service_not_running", QT_TRID_NOOP("manager.failure.notRunning")},
    Row{"foreign_service", QT_TRID_NOOP("manager.failure.foreignService")},
    Row{"connection_lost", QT_TRID_NOOP("manager.failure.connectionLost")},
    Row{"service_timeout", QT_TRID_NOOP("manager.failure.timeout")},
    Row{"permission_refused", QT_TRID_NOOP("manager.failure.permission")},
    Row{"protocol_error", QT_TRID_NOOP("manager.failure.protocol")},
    Row{"method_not_found", QT_TRID_NOOP("manager.failure.olderService")},
    Row{"user_cancelled", QT_TRID_NOOP("manager.failure.declined")},
    Row{"consent_timeout", QT_TRID_NOOP("manager.failure.consentTimeout")},
    Row{"cancelled", QT_TRID_NOOP("manager.failure.cancelled")},
    Row{"no_agent", QT_TRID_NOOP("manager.failure.noAgent")},
    Row{"busy", QT_TRID_NOOP("manager.failure.busy")},
    Row{"token_not_activated", QT_TRID_NOOP("M03")},
    Row{"token_not_initialised", QT_TRID_NOOP("M08")},
    Row{"certificate_not_found", QT_TRID_NOOP("manager.failure.noCertificate")},
    Row{"key_usage", QT_TRID_NOOP("manager.failure.keyUsage")},
    Row{"certificate_unusable", QT_TRID_NOOP("manager.failure.certificateUnusable")},
    Row{"unsupported_algorithm", QT_TRID_NOOP("manager.failure.algorithm")},
    Row{"malformed_data", QT_TRID_NOOP("manager.failure.malformed")},
    Row{"decryption_failed", QT_TRID_NOOP("manager.failure.decryption")},
    Row{"not_a_recipient", QT_TRID_NOOP("manager.failure.notRecipient")},
    Row{"login_context", QT_TRID_NOOP("manager.failure.loginContext")},
    Row{"limit_exceeded", QT_TRID_NOOP("manager.failure.limit")},
    Row{"confirmation_needed", QT_TRID_NOOP("manager.failure.confirmation")},
    Row{"wrong_role", QT_TRID_NOOP("manager.failure.wrongRole")},
    Row{"not_found", QT_TRID_NOOP("manager.failure.notFound")},
    Row{"storage_failed", QT_TRID_NOOP("manager.failure.storage")},
    Row{"exists", QT_TRID_NOOP("manager.failure.exists")},
    Row{"wrong_password", QT_TRID_NOOP("manager.failure.wrongPassword")},
};

QString pin_rule_text(const Failure& failure, PinRole role) {
    const bool admin = failure.reason.startsWith(QLatin1String("admin:")) ||
                       (role == PinRole::admin && !failure.reason.startsWith(QLatin1String("user:")));
    if (failure.reason.contains(QLatin1String("length"))) return qtTrId(admin ? "M14" : "M13");
    if (failure.reason.contains(QLatin1String("character"))) return qtTrId(admin ? "M15" : "M10");
    return qtTrId("manager.failure.pinInvalid");
}

QString special_text(const Failure& failure, PinRole role) {
    if (failure.code == QLatin1String("pin_wrong") && failure.tries_left)
        return qtTrId("M18", static_cast<int>(*failure.tries_left));
    if (failure.code == QLatin1String("pin_wrong")) return qtTrId("manager.failure.pinWrong");
    if (failure.code == QLatin1String("pin_blocked")) return qtTrId(role == PinRole::admin ? "M20" : "M19");
    if (failure.code == QLatin1String("pin_invalid")) return pin_rule_text(failure, role);
    if (failure.code == QLatin1String("owner_authentication_needed"))
        return failure.reason == QLatin1String("unavailable") ? qtTrId("M22")
                                                              : qtTrId("manager.failure.ownerRefused");
    if (failure.code == QLatin1String("internal_error") &&
        failure.reason == QLatin1String("done_but_not_logged"))
        return qtTrId("manager.failure.notLogged");
    return {};
}

} // namespace

void throw_exception_from_error(const Failure& failure, const boost::source_location&) {
    throw std::runtime_error(failure.code.toStdString());
}

QString failure_text(const Failure& failure, PinRole role) {
    QString text = special_text(failure, role);
    if (!text.isEmpty()) return text;
    for (const Row& row : sentences)
        if (failure.code == QLatin1String(row.code)) text = qtTrId(row.text);
    if (text.isEmpty()) text = qtTrId("manager.failure.other").arg(isolated_ltr(failure.code));
    // What it was about helps where the sentence is about data; a system's text would only disturb elsewhere.
    const bool about_data =
        failure.code == QLatin1String("limit_exceeded") || failure.code == QLatin1String("malformed_data");
    if (about_data && !failure.detail.isEmpty())
        text = qtTrId("manager.failure.detail").arg(text, isolated_ltr(failure.detail));
    return text;
}

bool is_refusal(const Failure& failure) {
    return failure.code == QLatin1String("user_cancelled") || failure.code == QLatin1String("cancelled");
}

} // namespace mohr::desktop
