// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QStringList>

namespace mohr::desktop {

/// `mohr-desktop [OPTIONS] [VERB [FILE…]]`
struct CommandLine {
    bool help = false;
    bool version = false;
    bool background = false; ///< the tray alone, where there is one
    QString socket;          ///< of the core; empty: the usual one
    QString page;            ///< to open, by its id
    QString verb;            ///< start, stop, sign, verify, seal, open; empty: show the window
    QStringList files;       ///< absolute
    QString wrong;           ///< the argument that is not understood
};

/// `arguments` without the program's name; files are taken relative to `directory`.
[[nodiscard]] CommandLine read_command_line(const QStringList& arguments, const QString& directory);

} // namespace mohr::desktop
