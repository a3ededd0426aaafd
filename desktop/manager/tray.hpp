// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/service_state.hpp"
#include "manager/status_item.hpp"

#include <QMenu>
#include <QObject>
#include <QSystemTrayIcon>
#include <memory>

namespace mohr::desktop {

class ControlClient;

/// The icon by which the service is seen and switched (R13, R14): a StatusNotifierItem, else an old-style tray icon.
class Tray : public QObject {
    Q_OBJECT
public:
    Tray(ControlClient& client, ServiceState& state, QObject* parent = nullptr);

    /// Whether the person can see it now.
    [[nodiscard]] bool available();
    /// The old-style icon, which can show messages of its own; null where there is none.
    [[nodiscard]] QSystemTrayIcon* embedded() const { return embedded_.get(); }
    void retranslate();

Q_SIGNALS:
    void toggled();
    void manager_wanted(const QString& page);
    void quit_wanted();
    void available_changed();

private:
    void show_state();
    void show_embedded();
    void read_recent();

    ControlClient& client_;
    ServiceState& state_;
    QMenu menu_;
    QAction* title_;
    QAction* toggle_;
    QAction* open_;
    QMenu recent_;
    QAction* lock_;
    QAction* quit_;
    StatusItem item_;
    std::unique_ptr<QSystemTrayIcon> embedded_;
};

/// The icon that says it: each has a shape of its own.
[[nodiscard]] QIcon tray_icon(Glance glance);

} // namespace mohr::desktop
