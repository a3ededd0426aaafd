// SPDX-License-Identifier: Apache-2.0
#include "manager/autostart.hpp"

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QSaveFile>
#include <QStandardPaths>

namespace mohr::desktop {
namespace {

const QString file_name = QStringLiteral("/autostart/ir.mohr.Desktop.desktop");
constexpr qint64 max_bytes = 64 * 1024;

QString own_file() {
    return QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation) + file_name;
}

bool enables(const QByteArray& entry) {
    for (const QByteArray& line : entry.split('\n')) {
        const QByteArray plain = line.trimmed().toLower();
        if (plain == "hidden=true" || plain == "x-gnome-autostart-enabled=false") return false;
    }
    return entry.contains("Exec=");
}

/// As a desktop entry quotes it (Desktop Entry Specification, "The Exec key").
QString quoted(const QString& path) {
    QString out = QStringLiteral("\"");
    for (const QChar c : path) {
        if (QStringLiteral("\"`$\\").contains(c)) out += QStringLiteral("\\\\");
        out += c;
        if (c == QLatin1Char('%')) out += c;
    }
    return out + QLatin1Char('"');
}

} // namespace

bool autostart_enabled() {
    // In the order of precedence: the first file that is there decides.
    for (const QString& directory :
         QStandardPaths::standardLocations(QStandardPaths::GenericConfigLocation)) {
        QFile file(directory + file_name);
        if (file.open(QIODevice::ReadOnly)) return enables(file.read(max_bytes));
    }
    return false;
}

Outcome<void> set_autostart(bool enabled) {
    const QString path = own_file();
    QDir().mkpath(QFileInfo(path).path());
    QSaveFile file(path);
    const QString entry =
        QStringLiteral(
            "[Desktop Entry]\nType=Application\nName=Mohr\nIcon=ir.mohr.Desktop\nExec=%1 --background\n"
            "NoDisplay=true\nX-GNOME-Autostart-enabled=%2\nHidden=%3\n")
            .arg(quoted(QCoreApplication::applicationFilePath()),
                 enabled ? QStringLiteral("true") : QStringLiteral("false"),
                 enabled ? QStringLiteral("false") : QStringLiteral("true"));
    const QByteArray bytes = entry.toUtf8();
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit())
        return Failure(QStringLiteral("storage_failed"), path);
    return {};
}

} // namespace mohr::desktop
