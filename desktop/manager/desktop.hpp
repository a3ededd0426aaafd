// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/announcements.hpp"
#include "manager/command_line.hpp"
#include "manager/control_client.hpp"
#include "manager/interface_settings.hpp"
#include "manager/main_window.hpp"
#include "manager/notifier.hpp"
#include "manager/permission.hpp"
#include "manager/service_state.hpp"
#include "manager/single_instance.hpp"
#include "manager/tray.hpp"

#include <QObject>

namespace mohr::desktop {

/// The whole program: puts its parts together and carries out what it is started with.
class Desktop : public QObject {
    Q_OBJECT
public:
    explicit Desktop(const CommandLine& line);

    /// Takes over from the command line: false if another one has it now and this one ends.
    [[nodiscard]] bool start(const QStringList& arguments);

private:
    void called(const QStringList& arguments);
    void carry_out(const CommandLine& line);
    void switch_service(bool running);
    void follow_tray();
    void first_steps();
    void look_at_permission();

    CommandLine line_;
    SingleInstance instance_;
    ControlClient client_;
    ServiceState state_;
    InterfaceSettings settings_;
    Permission permission_;
    Tray tray_;
    Notifier notifier_;
    MainWindow window_;
    Announcements announcements_;
    bool first_steps_done_ = false;
    bool permission_told_ = false;
};

} // namespace mohr::desktop
