// SPDX-License-Identifier: Apache-2.0
#include "manager/tray.hpp"

#include "manager/activity.hpp"
#include "manager/control_client.hpp"
#include "manager/values.hpp"

#include <QGuiApplication>

namespace mohr::desktop {
namespace {

constexpr int recent_entries = 5;

QString icon_name(Glance glance) {
    switch (glance) {
    case Glance::off:
        return QStringLiteral("tray-off");
    case Glance::asking:
        return QStringLiteral("tray-asking");
    case Glance::locked:
        return QStringLiteral("tray-locked");
    case Glance::on:
        return QStringLiteral("tray-on");
    case Glance::trouble:
        break;
    }
    return QStringLiteral("tray-trouble");
}

/// Menu texts mark access keys with an ampersand.
QString menu_text(QString text) {
    return text.replace(QLatin1Char('&'), QLatin1String("&&"));
}

} // namespace

QIcon tray_icon(Glance glance) {
    return QIcon(QStringLiteral(":/icons/%1.svg").arg(icon_name(glance)));
}

Tray::Tray(ControlClient& client, ServiceState& state, QObject* parent)
    : QObject(parent), client_(client), state_(state), title_(menu_.addAction(QString())),
      toggle_((menu_.addSeparator(), menu_.addAction(QString()))), open_(menu_.addAction(QString())),
      lock_((menu_.addMenu(&recent_), menu_.addAction(QString()))),
      quit_((menu_.addSeparator(), menu_.addAction(QString()))), item_(menu_) {
    title_->setEnabled(false);
    connect(&item_, &StatusItem::activated, this, &Tray::toggled);
    connect(&item_, &StatusItem::shown_changed, this, [this] {
        show_embedded();
        Q_EMIT available_changed();
    });
    connect(toggle_, &QAction::triggered, this, &Tray::toggled);
    connect(open_, &QAction::triggered, this, [this] { Q_EMIT manager_wanted(QString()); });
    connect(lock_, &QAction::triggered, &state_, &ServiceState::lock_token);
    connect(quit_, &QAction::triggered, this, &Tray::quit_wanted);
    connect(&state_, &ServiceState::changed, this, &Tray::show_state);
    connect(&client_, &ControlClient::notified, this, [this](const QString& method) {
        if (method == QLatin1String("activity.added")) read_recent();
    });
    connect(&client_, &ControlClient::connected_changed, this, [this](bool connected) {
        if (connected) read_recent();
    });
    retranslate();
}

bool Tray::available() {
    if (item_.shown()) return true;
    show_embedded();
    return embedded_ && QSystemTrayIcon::isSystemTrayAvailable();
}

void Tray::show_embedded() {
    if (item_.shown()) return embedded_.reset();
    // Only now: at its first use Qt looks once for the other kind of tray, and never again.
    if (embedded_ || QGuiApplication::platformName() != QLatin1String("xcb")) return;
    embedded_ = std::make_unique<QSystemTrayIcon>();
    embedded_->setContextMenu(&menu_);
    connect(embedded_.get(), &QSystemTrayIcon::activated, this,
            [this](QSystemTrayIcon::ActivationReason reason) {
                if (reason == QSystemTrayIcon::Trigger) Q_EMIT toggled();
            });
    show_state();
    embedded_->show();
}

void Tray::show_state() {
    const Glance glance = state_.glance();
    const QString name = state_.name();
    const QString text = state_.explanation();
    const bool attention = glance == Glance::asking || glance == Glance::trouble;
    item_.set_look({tray_icon(glance), name, text, attention});
    if (embedded_) {
        embedded_->setIcon(tray_icon(glance));
        embedded_->setToolTip(name + QLatin1Char('\n') + text);
    }
    title_->setText(menu_text(name));
    toggle_->setText(state_.running() ? qtTrId("manager.switch.off") : qtTrId("manager.switch.on"));
    toggle_->setEnabled(state_.reachable());
    lock_->setEnabled(state_.status() && state_.status()->unlocked);
    item_.menu_changed();
}

void Tray::retranslate() {
    open_->setText(qtTrId("manager.tray.open"));
    recent_.setTitle(qtTrId("manager.tray.recent"));
    lock_->setText(qtTrId("manager.tray.lock"));
    quit_->setText(qtTrId("manager.tray.quit"));
    show_state();
    read_recent();
}

void Tray::read_recent() {
    if (!client_.connected()) return;
    read_newest(client_, this, recent_entries, [this](const Outcome<std::vector<ActivityEntry>>& entries) {
        recent_.clear();
        if (entries)
            for (const ActivityEntry& entry : *entries)
                connect(recent_.addAction(menu_text(entry.summary())), &QAction::triggered, this,
                        [this] { Q_EMIT manager_wanted(QStringLiteral("activity")); });
        if (recent_.isEmpty()) recent_.addAction(qtTrId("manager.tray.nothing"))->setEnabled(false);
        item_.menu_changed();
    });
}

} // namespace mohr::desktop
