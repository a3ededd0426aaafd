// SPDX-License-Identifier: Apache-2.0
#include "manager/command_line.hpp"
#include "manager/desktop.hpp"
#include "shared/accessible_areas.hpp"

#include <QApplication>
#include <QDir>
#include <QIcon>
#include <cstdio>

namespace {

constexpr const char* usage = R"(Usage: mohr-desktop [OPTIONS] [VERB [FILE…]]

  start | stop                     switch the service on or off
  sign | verify | seal | open FILE…  do that with files

  --background     only the icon in the tray, where there is a tray
  --page ID        open that page of the window
  --socket PATH    the control socket ($XDG_RUNTIME_DIR/mohr/control.sock)
  --version, --help
)";

} // namespace

int main(int argc, char** argv) {
    QStringList arguments;
    for (int i = 1; i < argc; ++i) arguments += QString::fromLocal8Bit(argv[i]);
    const auto line = mohr::desktop::read_command_line(arguments, QDir::currentPath());
    if (!line.wrong.isEmpty()) {
        std::fprintf(stderr, "mohr-desktop: cannot use \"%s\"\n%s", qPrintable(line.wrong), usage);
        return 64;
    }
    if (line.help) return std::fputs(usage, stdout) < 0 ? 1 : 0;
    if (line.version) return std::puts("mohr-desktop " MOHR_VERSION) < 0 ? 1 : 0;

    QApplication application(argc, argv);
    mohr::desktop::install_accessible_areas();
    QApplication::setApplicationName(QStringLiteral("mohr-desktop"));
    QApplication::setApplicationVersion(QStringLiteral(MOHR_VERSION));
    QApplication::setDesktopFileName(QStringLiteral("ir.mohr.Desktop"));
    QApplication::setWindowIcon(QIcon(QStringLiteral(":/icons/mohr.svg")));
    QApplication::setQuitOnLastWindowClosed(false);
    mohr::desktop::Desktop desktop(line);
    if (!desktop.start(arguments)) return 0;
    return QApplication::exec();
}
