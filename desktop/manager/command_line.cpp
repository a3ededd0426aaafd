// SPDX-License-Identifier: Apache-2.0
#include "manager/command_line.hpp"

#include <QDir>
#include <QUrl>

namespace mohr::desktop {
namespace {

const QStringList file_verbs{QStringLiteral("sign"), QStringLiteral("verify"), QStringLiteral("seal"),
                             QStringLiteral("open")};
const QStringList service_verbs{QStringLiteral("start"), QStringLiteral("stop")};

/// A path, or the file: URL that a desktop hands over.
QString absolute(const QString& argument, const QString& directory) {
    const QUrl url(argument);
    const QString path = url.isLocalFile() ? url.toLocalFile() : argument;
    return QDir::cleanPath(QDir(directory).absoluteFilePath(path));
}

} // namespace

CommandLine read_command_line(const QStringList& arguments, const QString& directory) {
    CommandLine line;
    bool only_files = false;
    for (qsizetype i = 0; i < arguments.size() && line.wrong.isEmpty(); ++i) {
        const QString& argument = arguments[i];
        const auto value = [&](QString& to) {
            if (i + 1 < arguments.size())
                to = arguments[++i];
            else
                line.wrong = argument;
        };
        if (only_files)
            line.files += absolute(argument, directory);
        else if (argument == QLatin1String("--"))
            only_files = true;
        else if (argument == QLatin1String("--help") || argument == QLatin1String("-h"))
            line.help = true;
        else if (argument == QLatin1String("--version"))
            line.version = true;
        else if (argument == QLatin1String("--background"))
            line.background = true;
        else if (argument == QLatin1String("--socket"))
            value(line.socket);
        else if (argument == QLatin1String("--page"))
            value(line.page);
        else if (argument.startsWith(QLatin1Char('-')))
            line.wrong = argument;
        else if (!line.verb.isEmpty())
            line.files += absolute(argument, directory);
        else if (file_verbs.contains(argument) || service_verbs.contains(argument))
            line.verb = argument;
        else
            line.wrong = argument;
    }
    if (line.wrong.isEmpty() && service_verbs.contains(line.verb) && !line.files.isEmpty())
        line.wrong = line.files.first();
    if (line.wrong.isEmpty() && file_verbs.contains(line.verb) && line.files.isEmpty())
        line.wrong = line.verb;
    if (!line.socket.isEmpty()) line.socket = absolute(line.socket, directory);
    return line;
}

} // namespace mohr::desktop
