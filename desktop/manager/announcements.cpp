// SPDX-License-Identifier: Apache-2.0
#include "manager/announcements.hpp"

#include "manager/control_client.hpp"
#include "manager/durations.hpp"
#include "manager/values.hpp"
#include "shared/foreign_text.hpp"
#include "shared/language.hpp"

namespace mohr::desktop {
namespace {

constexpr std::chrono::seconds countdown_step{15};
constexpr std::chrono::seconds patience{15};

QString window_id(const QString& origin) {
    return QStringLiteral("window:") + origin;
}

} // namespace

Announcements::Announcements(ControlClient& client, ServiceState& state, Notifier& notifier, QObject* parent)
    : QObject(parent), client_(client), state_(state), notifier_(notifier) {
    countdown_.setInterval(countdown_step);
    connect(&countdown_, &QTimer::timeout, &state_, &ServiceState::refresh);
    patience_.setSingleShot(true);
    connect(&patience_, &QTimer::timeout, this, [this] {
        if (!state_.reachable()) tell_trouble(state_.explanation());
    });
    connect(&state_, &ServiceState::changed, this, &Announcements::look);
    patience_.start(patience);
}

void Announcements::look() {
    const auto& status = state_.status();
    if (!status) {
        if (!trouble_ && !patience_.isActive()) patience_.start(patience);
        countdown_.stop();
        return;
    }
    patience_.stop();
    if (running_ != status->running) {
        if (!status->running)
            tell_stopped();
        else
            notifier_.close(QStringLiteral("stopped"));
        running_ = status->running;
    }
    if (unlocked_.value_or(false) && !status->unlocked && status->running)
        notifier_.show({QStringLiteral("locked"),
                        qtTrId("manager.notice.locked"),
                        qtTrId("manager.notice.lockedText"),
                        {},
                        {},
                        false});
    unlocked_ = status->unlocked;
    tell_windows();
    if (state_.glance() == Glance::trouble)
        tell_trouble(state_.explanation());
    else if (std::exchange(trouble_, false))
        notifier_.close(QStringLiteral("trouble"));
}

void Announcements::tell_stopped() {
    notifier_.show({QStringLiteral("stopped"), qtTrId("M47"), qtTrId("manager.notice.howToStart"),
                    qtTrId("manager.switch.on"), [this] { state_.set_running(true); }, false, true});
}

void Announcements::tell_windows() {
    QSet<QString> open;
    for (const DecryptWindow& window : state_.status()->windows) {
        open.insert(window.origin);
        tell_window(window);
    }
    for (const QString& gone : windows_ - open) notifier_.close(window_id(gone));
    windows_ = open;
    if (open.isEmpty())
        countdown_.stop();
    else if (!countdown_.isActive())
        countdown_.start();
}

void Announcements::tell_window(const DecryptWindow& window) {
    const qint64 seconds = std::max<qint64>((window.ends - state_.now() + 999) / 1000, 0);
    const auto end = [this, origin = window.origin] {
        client_.request(this, "site.endWindow", {{"origin", origin.toStdString()}}, [](const Reply&) {});
    };
    notifier_.show(
        {window_id(window.origin), qtTrId("manager.notice.window").arg(isolated_ltr(window.origin)),
         qtTrId("manager.notice.windowText").arg(number_text(window.items_left), duration_text(seconds)),
         qtTrId("manager.window.end"), end, true});
}

void Announcements::tell_trouble(const QString& text) {
    if (std::exchange(trouble_, true)) return;
    notifier_.show({QStringLiteral("trouble"), qtTrId("manager.notice.trouble"), text, {}, {}, false});
}

} // namespace mohr::desktop
