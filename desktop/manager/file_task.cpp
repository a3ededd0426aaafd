// SPDX-License-Identifier: Apache-2.0
#include "manager/file_task.hpp"

#include <QFileInfo>
#include <QStringList>

namespace mohr::desktop {
namespace {

constexpr int max_free_names = 1000;

/// `path` without one of these endings, or empty.
QString without_suffix(const QString& path, std::initializer_list<const char*> suffixes) {
    for (const char* suffix : suffixes) {
        const QLatin1String ending(suffix);
        if (path.endsWith(ending, Qt::CaseInsensitive) && QFileInfo(path).fileName().size() > ending.size())
            return path.chopped(ending.size());
    }
    return {};
}

} // namespace

std::optional<FileAction> file_action(const QString& verb) {
    if (verb == QLatin1String("sign")) return FileAction::sign;
    if (verb == QLatin1String("verify")) return FileAction::verify;
    if (verb == QLatin1String("seal")) return FileAction::seal;
    if (verb == QLatin1String("open")) return FileAction::open;
    return std::nullopt;
}

FileAction likely_action(const QString& path) {
    if (!without_suffix(path, {".p7s"}).isEmpty()) return FileAction::verify;
    if (!without_suffix(path, {".p7m", ".p7e"}).isEmpty()) return FileAction::open;
    return FileAction::sign;
}

bool lacks_content(const FileTask& task) {
    return task.action == FileAction::verify && task.content.isEmpty() && task.failure &&
           task.failure->code == QLatin1String("invalid_params") &&
           task.failure->detail == QLatin1String("document");
}

QString default_output(FileAction action, const QString& input, bool attached) {
    switch (action) {
    case FileAction::sign:
        return input + (attached ? QStringLiteral(".p7m") : QStringLiteral(".p7s"));
    case FileAction::seal:
        return input + QStringLiteral(".p7m");
    case FileAction::open: {
        const QString bare = without_suffix(input, {".p7m", ".p7e"});
        return bare.isEmpty() ? input + QStringLiteral(".opened") : bare;
    }
    case FileAction::verify:
        break;
    }
    return {};
}

QString free_name(const QString& path) {
    const QFileInfo file(path);
    const QString ending = file.suffix().isEmpty() ? QString() : QLatin1Char('.') + file.suffix();
    for (int number = 2; number < max_free_names; ++number) {
        const QString name = QStringLiteral("%1 (%2)%3").arg(file.completeBaseName()).arg(number).arg(ending);
        const QString candidate = file.path() + QLatin1Char('/') + name;
        if (!QFileInfo::exists(candidate)) return candidate;
    }
    return path;
}

QString content_beside(const QString& signature) {
    const QString content = without_suffix(signature, {".p7s"});
    return QFileInfo(content).isFile() ? content : QString();
}

} // namespace mohr::desktop
