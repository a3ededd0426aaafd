// SPDX-License-Identifier: Apache-2.0
#include "manager/notifier.hpp"

#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QSystemTrayIcon>
#include <utility>

namespace mohr::desktop {
namespace {

const QString service = QStringLiteral("org.freedesktop.Notifications");
const QString path = QStringLiteral("/org/freedesktop/Notifications");
constexpr int call_ms = 5'000;
constexpr int message_ms = 10'000;
constexpr uchar critical = 2;

} // namespace

Notifier::Notifier(std::function<QSystemTrayIcon*()> tray, QObject* parent)
    : QObject(parent), tray_(std::move(tray)) {
    QDBusConnection bus = QDBusConnection::sessionBus();
    bus.connect(service, path, service, QStringLiteral("ActionInvoked"), this,
                SLOT(action_invoked(uint, QString)));
    bus.connect(service, path, service, QStringLiteral("NotificationClosed"), this,
                SLOT(notification_closed(uint, uint)));
}

void Notifier::show(const Notice& notice) {
    Shown& shown = shown_[notice.id];
    shown.closed = false;
    if (shown.on_its_way) {
        shown.next = notice;
        return;
    }
    send(notice, [this, notice](bool done) {
        if (!done) fall_back(notice);
    });
}

void Notifier::try_out(const Notice& notice, std::function<void(bool)> handler) {
    send(notice, std::move(handler));
}

void Notifier::send(const Notice& notice, std::function<void(bool)> handler) {
    QStringList actions;
    if (notice.click) actions = {QStringLiteral("default"), notice.action};
    if (!notice.action.isEmpty()) actions += {QStringLiteral("act"), notice.action};
    QVariantMap hints{{QStringLiteral("desktop-entry"), QStringLiteral("ir.mohr.Desktop")}};
    if (notice.urgent) hints.insert(QStringLiteral("urgency"), QVariant::fromValue(critical));
    QDBusMessage call = QDBusMessage::createMethodCall(service, path, service, QStringLiteral("Notify"));
    // The body may hold markup (Desktop Notifications 1.2): everything in it is text of ours or of others.
    call.setArguments({QStringLiteral("mohr-desktop"), shown_.value(notice.id).number,
                       QStringLiteral("ir.mohr.Desktop"), notice.title, notice.body.toHtmlEscaped(), actions,
                       hints, notice.urgent ? 0 : -1});
    shown_[notice.id].on_its_way = true;
    shown_[notice.id].act = notice.act;
    auto* waiting = new QDBusPendingCallWatcher(QDBusConnection::sessionBus().asyncCall(call, call_ms), this);
    connect(waiting, &QDBusPendingCallWatcher::finished, this,
            [this, waiting, id = notice.id, handler = std::move(handler)] {
                waiting->deleteLater();
                const QDBusPendingReply<uint> reply = *waiting;
                handler(!reply.isError());
                sent(id, reply.isError() ? std::nullopt : std::optional(reply.value()));
            });
}

void Notifier::sent(const QString& id, std::optional<uint> number) {
    Shown& shown = shown_[id];
    shown.on_its_way = false;
    shown.number = number.value_or(0);
    const std::optional<Notice> next = std::exchange(shown.next, std::nullopt);
    if (shown.closed)
        close(id);
    else if (next)
        show(*next);
    else if (!number)
        shown_.remove(id);
}

void Notifier::fall_back(const Notice& notice) {
    if (QSystemTrayIcon* tray = tray_())
        tray->showMessage(notice.title, notice.body, QSystemTrayIcon::Information, message_ms);
}

void Notifier::close(const QString& id) {
    const auto found = shown_.find(id);
    if (found == shown_.end()) return;
    if (found->on_its_way) {
        found->closed = true;
        found->next.reset();
        return;
    }
    const Shown shown = shown_.take(id);
    if (shown.number == 0) return;
    QDBusMessage call =
        QDBusMessage::createMethodCall(service, path, service, QStringLiteral("CloseNotification"));
    call.setArguments({shown.number});
    QDBusConnection::sessionBus().asyncCall(call, call_ms);
}

void Notifier::action_invoked(uint number, const QString&) {
    for (const Shown& shown : std::as_const(shown_)) {
        if (shown.number != number || !shown.act) continue;
        const auto act = shown.act;
        return act();
    }
}

void Notifier::notification_closed(uint number, uint) {
    for (auto it = shown_.begin(); it != shown_.end();)
        it = it->number == number && !it->on_its_way ? shown_.erase(it) : std::next(it);
}

} // namespace mohr::desktop
