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

struct HijriDate {
    qint64 year;
    int month, day;
};

/// Requirements B6: Julian day of the first day of a Solar Hijri year, from 1206 to 1498. QCalendar's own rule is
/// wrong from 1436 on, where certificates reach.
qint64 first_day_of(qint64 year) {
    return 1948320 + 365 * (year - 1) + (8 * year + 21) / 33;
}

HijriDate to_hijri(const QDate& date) {
    const qint64 day = date.toJulianDay();
    qint64 year = date.year() - 621;
    if (first_day_of(year) > day) --year;
    const int of_year = static_cast<int>(day - first_day_of(year)); // from 0
    const int month = of_year < 186 ? of_year / 31 : 6 + (of_year - 186) / 30;
    const int before = month < 6 ? month * 31 : 186 + (month - 6) * 30;
    return {year, month + 1, of_year - before + 1};
}

} // namespace

QString date_text(const QDateTime& moment) {
    const QDate date = moment.toLocalTime().date();
    if (current_language() == Language::en) return QLocale().toString(date, QStringLiteral("d MMMM yyyy"));
    const HijriDate hijri = to_hijri(date);
    const QString month = QCalendar(QCalendar::System::Jalali).monthName(QLocale(), hijri.month);
    return number_text(hijri.day) + QLatin1Char(' ') + month + QLatin1Char(' ') + number_text(hijri.year);
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
