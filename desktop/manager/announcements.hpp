// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/notifier.hpp"
#include "manager/service_state.hpp"

#include <QObject>
#include <QSet>
#include <QTimer>
#include <optional>

namespace mohr::desktop {

class ControlClient;

/// What the person is told without having asked: the service is stopped (M47) and how to start it (R15), a site may
/// decrypt without prompts, the token was locked, something is wrong.
class Announcements : public QObject {
    Q_OBJECT
public:
    Announcements(ControlClient& client, ServiceState& state, Notifier& notifier, QObject* parent = nullptr);

private:
    void look();
    void tell_stopped();
    void tell_windows();
    void tell_window(const DecryptWindow& window);
    void tell_trouble(const QString& text);

    ControlClient& client_;
    ServiceState& state_;
    Notifier& notifier_;
    std::optional<bool> running_; ///< as told last
    std::optional<bool> unlocked_;
    bool trouble_ = false;
    QSet<QString> windows_;
    QTimer countdown_; ///< runs only while a decrypt window is open
    QTimer patience_;  ///< a restarting service is no trouble yet
};

} // namespace mohr::desktop
