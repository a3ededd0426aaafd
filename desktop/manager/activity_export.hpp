// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/activity.hpp"

#include <QByteArray>
#include <QSaveFile>
#include <functional>
#include <memory>

namespace mohr::desktop {

enum class ExportFormat : std::uint8_t { json_lines, csv };

/// One entry as a line of comma-separated values (RFC 4180); a cell that a spreadsheet would take for a formula
/// begins with an apostrophe.
[[nodiscard]] QByteArray csv_line(const ActivityEntry& entry);
[[nodiscard]] QByteArray csv_head();

/// Writes the whole log into `path` (0600, all or nothing), oldest entry first; `done` gets the number of entries.
void export_activity(ControlClient& client, QObject* context, const QString& path, ExportFormat format,
                     std::function<void(const Outcome<qint64>&)> done);

} // namespace mohr::desktop
