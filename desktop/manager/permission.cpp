// SPDX-License-Identifier: Apache-2.0
#include "manager/permission.hpp"

#include "manager/autostart.hpp"
#include "manager/service_state.hpp"

#include <QCoreApplication>
#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusObjectPath>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDBusVariant>
#include <QFileInfo>
#include <QProcess>
#include <QTimer>

namespace mohr::desktop {
namespace {

const QString systemd = QStringLiteral("org.freedesktop.systemd1");
const QString systemd_path = QStringLiteral("/org/freedesktop/systemd1");
const QString manager = QStringLiteral("org.freedesktop.systemd1.Manager");
const QString properties = QStringLiteral("org.freedesktop.DBus.Properties");
const QString unit_name = QStringLiteral("mohrd.service");
const QString portal = QStringLiteral("org.freedesktop.portal.Desktop");
const QString portal_path = QStringLiteral("/org/freedesktop/portal/desktop");
constexpr int call_ms = 10'000;

using Answer = std::function<void(const QDBusMessage&)>;

void call(QObject* context, const QString& service, const QString& path, const QString& interface,
          const char* method, const QVariantList& arguments, Answer answer) {
    QDBusMessage message =
        QDBusMessage::createMethodCall(service, path, interface, QString::fromLatin1(method));
    message.setArguments(arguments);
    message.setAutoStartService(service != systemd); // a user manager is there or is not
    auto* waiting =
        new QDBusPendingCallWatcher(QDBusConnection::sessionBus().asyncCall(message, call_ms), context);
    QObject::connect(waiting, &QDBusPendingCallWatcher::finished, context,
                     [waiting, answer = std::move(answer)] {
                         waiting->deleteLater();
                         answer(waiting->reply());
                     });
}

bool is_error(const QDBusMessage& reply) {
    return reply.type() == QDBusMessage::ErrorMessage;
}

/// No user manager, or none that we may talk to; any other error is its own about the unit.
bool nobody_there(const QDBusMessage& reply) {
    return is_error(reply) && !reply.errorName().startsWith(systemd) &&
           reply.errorName() != QLatin1String("org.freedesktop.DBus.Error.FileNotFound");
}

UnitState unit_state(const QDBusMessage& reply) {
    if (nobody_there(reply)) return UnitState::no_manager;
    if (is_error(reply)) return UnitState::not_installed;
    const QString state = reply.arguments().value(0).toString();
    const bool on = state.startsWith(QLatin1String("enabled")) || state.startsWith(QLatin1String("linked")) ||
                    state == QLatin1String("static") || state == QLatin1String("generated");
    return on ? UnitState::enabled : UnitState::disabled;
}

} // namespace

bool PermissionState::service_allowed() const {
    if (unit == UnitState::enabled) return running;
    // Without a user manager this program starts the service itself, at login.
    return unit != UnitState::disabled && running;
}

Permission::Permission(ServiceState& state, QObject* parent) : QObject(parent), service_(state) {}

void Permission::refresh() {
    call(this, systemd, systemd_path, manager, "GetUnitFileState", {unit_name},
         [this](const QDBusMessage& reply) {
             const UnitState unit = unit_state(reply);
             if (unit == UnitState::no_manager || unit == UnitState::not_installed)
                 return finish(unit, false);
             read_active(unit);
         });
}

void Permission::read_active(UnitState unit) {
    call(this, systemd, systemd_path, manager, "LoadUnit", {unit_name},
         [this, unit](const QDBusMessage& reply) {
             if (is_error(reply)) return finish(unit, false);
             const QString path = reply.arguments().value(0).value<QDBusObjectPath>().path();
             call(this, systemd, path, properties, "Get",
                  {QStringLiteral("org.freedesktop.systemd1.Unit"), QStringLiteral("ActiveState")},
                  [this, unit](const QDBusMessage& state) {
                      const QString active =
                          state.arguments().value(0).value<QDBusVariant>().variant().toString();
                      finish(unit,
                             active == QLatin1String("active") || active == QLatin1String("activating"));
                  });
         });
}

void Permission::finish(UnitState unit, bool active) {
    read_ = PermissionState{unit, active || service_.reachable(), autostart_enabled()};
    Q_EMIT changed();
}

void Permission::grant() {
    const UnitState unit = read_ ? read_->unit : UnitState::no_manager;
    if (unit == UnitState::enabled || unit == UnitState::disabled)
        enable_unit();
    else
        start_by_hand();
    ask_portal();
}

void Permission::enable_unit() {
    call(this, systemd, systemd_path, manager, "EnableUnitFiles", {QStringList{unit_name}, false, false},
         [this](const QDBusMessage& reply) {
             if (is_error(reply))
                 Q_EMIT failed(Failure(QStringLiteral("permission_refused"), reply.errorMessage()));
             call(this, systemd, systemd_path, manager, "Reload", {},
                  [this](const QDBusMessage&) { start_unit(); });
         });
}

void Permission::start_unit() {
    call(this, systemd, systemd_path, manager, "StartUnit", {unit_name, QStringLiteral("replace")},
         [this](const QDBusMessage& reply) {
             if (is_error(reply))
                 Q_EMIT failed(Failure(QStringLiteral("permission_refused"), reply.errorMessage()));
             refresh();
         });
}

void Permission::start_by_hand() {
    if (service_.reachable()) return;
    const QString program =
        QFileInfo(QCoreApplication::applicationFilePath()).path() + QStringLiteral("/mohrd");
    if (!QFileInfo(program).isExecutable() || !QProcess::startDetached(program, {}))
        Q_EMIT failed(Failure(QStringLiteral("service_not_running"), program));
}

void Permission::ask_portal() {
    const QVariantMap options{
        {QStringLiteral("reason"), qtTrId("M02")},
        {QStringLiteral("autostart"), true},
        {QStringLiteral("commandline"),
         QStringList{QCoreApplication::applicationFilePath(), QStringLiteral("--background")}}};
    call(this, portal, portal_path, QStringLiteral("org.freedesktop.portal.Background"), "RequestBackground",
         {QString(), options}, [this](const QDBusMessage&) {
             // What it grants shows in the autostart entry. Where there is no portal, or none for programs outside of
             // a sandbox, the entry is written here.
             ensure_autostart();
         });
}

void Permission::ensure_autostart() {
    if (!autostart_enabled())
        if (const auto done = set_autostart(true); !done) Q_EMIT failed(done.error());
    refresh();
}

} // namespace mohr::desktop
