// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDateTime>
#include <QString>

/// Dates as people read them (R194): Solar Hijri in Persian, Gregorian in English; local time, the language's
/// digits. Kept and sent dates stay UTC and ISO 8601.
namespace mohr::desktop {

[[nodiscard]] QString date_text(const QDateTime& moment);      ///< "۱۴ اسفند ۱۴۰۵", "5 March 2027"
[[nodiscard]] QString date_time_text(const QDateTime& moment); ///< and the time, 24 hours
/// Of an ISO 8601 text, such as the control socket sends; the text itself if it is none.
[[nodiscard]] QString date_text(const QString& iso);
[[nodiscard]] QString date_time_text(const QString& iso);

} // namespace mohr::desktop
