// SPDX-License-Identifier: Apache-2.0
#include "manager/desktop.hpp"

#include "manager/permission_request.hpp"
#include "manager/tour_page.hpp"

#include <QApplication>
#include <QDir>
#include <QTimer>

namespace mohr::desktop {
namespace {

constexpr std::chrono::seconds tray_patience{3};
constexpr std::chrono::milliseconds permission_patience{1'000};

} // namespace

Desktop::Desktop(const CommandLine& line)
    : line_(line), instance_(instance_socket_path(control_socket_path(line.socket))),
      client_(control_socket_path(line.socket)), state_(client_), settings_(client_), permission_(state_),
      tray_(client_, state_), notifier_([this] { return tray_.embedded(); }),
      window_(client_, state_, settings_, permission_, notifier_),
      announcements_(client_, state_, notifier_) {
    connect(&tray_, &Tray::toggled, &window_, &MainWindow::toggle_service);
    connect(&tray_, &Tray::quit_wanted, qApp, &QApplication::quit);
    connect(&tray_, &Tray::manager_wanted, this, [this](const QString& page) {
        if (!page.isEmpty()) window_.open(page);
        window_.come_forward();
    });
    connect(&tray_, &Tray::available_changed, this, &Desktop::follow_tray);
    connect(&permission_, &Permission::changed, this, &Desktop::look_at_permission);
    connect(&permission_, &Permission::failed, this,
            [this](const Failure& failure) { window_.complain(failure_text(failure)); });
    connect(&state_, &ServiceState::changed, this, &Desktop::first_steps);
    connect(&settings_, &InterfaceSettings::changed, &tray_, &Tray::retranslate);
    connect(&instance_, &SingleInstance::called, this, &Desktop::called);
    connect(&window_, &MainWindow::closed, qApp, &QApplication::quit);
    connect(qApp, &QApplication::aboutToQuit, &window_, &MainWindow::settle);
}

bool Desktop::start(const QStringList& arguments) {
    // The directory goes first, so that the first program finds the files where the second was started.
    if (instance_.hand_over(QStringList{QDir::currentPath()} + arguments)) return false;
    if (!instance_.listen()) qWarning("a second start will open a second window");
    client_.start();
    // Once there was time to connect: what runs by other means is allowed to.
    QTimer::singleShot(permission_patience, &permission_, &Permission::refresh);
    carry_out(line_);
    return true;
}

void Desktop::called(const QStringList& arguments) {
    if (arguments.isEmpty()) return;
    const CommandLine line = read_command_line(arguments.mid(1), arguments.first());
    if (line.wrong.isEmpty()) carry_out(line);
}

void Desktop::carry_out(const CommandLine& line) {
    if (line.verb == QLatin1String("start") || line.verb == QLatin1String("stop"))
        return switch_service(line.verb == QLatin1String("start"));
    if (!line.page.isEmpty()) window_.open(line.page);
    if (!line.verb.isEmpty()) window_.open(QStringLiteral("files"), line.verb, line.files);
    if (!line.background) window_.come_forward();
    // At login the panel may come after this program.
    QTimer::singleShot(tray_patience, this, &Desktop::follow_tray);
}

void Desktop::follow_tray() {
    const bool available = tray_.available();
    window_.set_hides(available);
    if (!available && !window_.isVisible()) window_.show(); // the switch must be somewhere
}

/// Once after each start, when the core has answered: the tour for a new person, then the reset while the token is not
/// initialised (R40).
void Desktop::first_steps() {
    if (!state_.reachable() || std::exchange(first_steps_done_, true)) return;
    if (!line_.page.isEmpty() || !line_.verb.isEmpty()) return;
    if (!tour_was_seen() && !line_.background) return window_.open(QStringLiteral("tour"));
    if (state_.status()->token != QLatin1String("activated")) return;
    const auto offer = [this] { window_.open(QStringLiteral("token"), QStringLiteral("offer-reset")); };
    if (window_.isVisible()) return offer();
    const auto come_and_offer = [this, offer] {
        window_.come_forward();
        offer();
    };
    notifier_.show({QStringLiteral("reset"), qtTrId("app.name"), qtTrId("M08"), qtTrId("reset.title"),
                    come_and_offer, true, true});
}

void Desktop::look_at_permission() {
    if (permission_.state()->granted()) return notifier_.close(QStringLiteral("permission"));
    if (std::exchange(permission_told_, true)) return;
    const auto open_settings = [this] {
        window_.open(QStringLiteral("permission"));
        window_.come_forward();
    };
    if (window_.isVisible()) return show_permission_message(window_, open_settings);
    notifier_.show({QStringLiteral("permission"), qtTrId("app.name"), qtTrId("M02"),
                    qtTrId("svc.openSettings"), open_settings, true, true});
}

void Desktop::switch_service(bool running) {
    // At the program's own start there is no connection yet.
    if (state_.reachable()) {
        if (state_.running() != running) window_.toggle_service();
        return;
    }
    connect(
        &state_, &ServiceState::changed, this, [this, running] { switch_service(running); },
        Qt::SingleShotConnection);
}

} // namespace mohr::desktop
