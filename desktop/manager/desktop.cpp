// SPDX-License-Identifier: Apache-2.0
#include "manager/desktop.hpp"

#include <QApplication>
#include <QDir>

namespace mohr::desktop {

Desktop::Desktop(const CommandLine& line)
    : line_(line), instance_(instance_socket_path(control_socket_path(line.socket))),
      client_(control_socket_path(line.socket)), state_(client_), settings_(client_),
      window_(client_, state_, settings_) {
    connect(&instance_, &SingleInstance::called, this, &Desktop::called);
    connect(&window_, &MainWindow::closed, qApp, &QApplication::quit);
    connect(qApp, &QApplication::aboutToQuit, &window_, &MainWindow::settle);
}

bool Desktop::start(const QStringList& arguments) {
    // The directory goes first, so that the first program finds the files where the second was started.
    if (instance_.hand_over(QStringList{QDir::currentPath()} + arguments)) return false;
    if (!instance_.listen()) qWarning("a second start will open a second window");
    client_.start();
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
