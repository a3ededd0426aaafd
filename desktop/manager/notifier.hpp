// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDBusVariant>
#include <QHash>
#include <QObject>
#include <QString>
#include <functional>
#include <optional>

class QSystemTrayIcon;

namespace mohr::desktop {

struct Notice {
    QString id;     ///< a later notice with the same id takes its place
    QString title;  ///< plain text
    QString body;   ///< plain text; it is escaped where markup is understood
    QString action; ///< its button; empty: none
    std::function<void()> act;
    bool urgent = false; ///< stays until it is closed
    bool click = false;  ///< a click anywhere on it does the same as its button
};

/// Messages of the desktop (org.freedesktop.Notifications), else of the old-style tray icon.
class Notifier : public QObject {
    Q_OBJECT
public:
    explicit Notifier(std::function<QSystemTrayIcon*()> tray, QObject* parent = nullptr);

    void show(const Notice& notice);
    void close(const QString& id);
    /// Whether the desktop answers that it showed one; `handler` is called once.
    void try_out(const Notice& notice, std::function<void(bool shown)> handler);

private Q_SLOTS:
    void action_invoked(uint number, const QString& action);
    void notification_closed(uint number, uint reason);

private:
    void send(const Notice& notice, std::function<void(bool)> handler);
    void fall_back(const Notice& notice);

    /// One notice on the screen, or on its way there: the next with its id waits for the number of this one.
    struct Shown {
        uint number = 0;
        std::function<void()> act;
        bool on_its_way = false;
        bool closed = false; ///< before its number was known
        std::optional<Notice> next;
    };
    void sent(const QString& id, std::optional<uint> number);
    std::function<QSystemTrayIcon*()> tray_;
    QHash<QString, Shown> shown_;
};

} // namespace mohr::desktop
