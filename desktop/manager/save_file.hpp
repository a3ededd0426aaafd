// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QString>
#include <functional>

class QWidget;

namespace mohr::desktop {

struct SaveOutcome {
    bool saved = false;
    QString text; ///< one sentence for the person
};

/// Asks where, and writes the file whole or not at all; replacing one was confirmed in the chooser.
void save_file(QWidget* parent, const QString& title, const QString& suggested, const QString& filter,
               const QByteArray& content, std::function<void(const SaveOutcome&)> on_end);

} // namespace mohr::desktop
