// SPDX-License-Identifier: Apache-2.0
#include "shared/dates.hpp"

#include "shared/language.hpp"

#include <QCalendar>
#include <QLocale>

namespace mohr::desktop {
namespace {

QDateTime from_iso(const QString& iso) {
    return QDateTime::fromString(iso, Qt::ISODate);
}

} // namespace

QString date_text(const QDateTime& moment) {
    const QDate date = moment.toLocalTime().date();
    const QString format = QStringLiteral("d MMMM yyyy");
    if (current_language() == Language::en) return QLocale().toString(date, format);
    return QLocale().toString(date, format, QCalendar(QCalendar::System::Jalali));
}

QString date_time_text(const QDateTime& moment) {
    const QString time = QLocale().toString(moment.toLocalTime().time(), QStringLiteral("HH:mm"));
    return qtTrId("date.withTime").arg(date_text(moment), time);
}

QString date_text(const QString& iso) {
    const QDateTime moment = from_iso(iso);
    return moment.isValid() ? date_text(moment) : iso;
}

QString date_time_text(const QString& iso) {
    const QDateTime moment = from_iso(iso);
    return moment.isValid() ? date_time_text(moment) : iso;
}

} // namespace mohr::desktop
