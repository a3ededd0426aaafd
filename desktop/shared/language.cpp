// SPDX-License-Identifier: Apache-2.0
#include "shared/language.hpp"

#include <QApplication>
#include <QLocale>
#include <QTranslator>
#include <array>
#include <map>

namespace mohr::desktop {
namespace {

Language current = Language::fa;

QLocale locale_of(Language language) {
    QLocale locale = language == Language::fa ? QLocale(QLocale::Persian, QLocale::Iran)
                                              : QLocale(QLocale::English, QLocale::UnitedStates);
    locale.setNumberOptions(QLocale::OmitGroupSeparator);
    return locale;
}

void load(QTranslator& translator, const QString& catalogue, Language language) {
    QCoreApplication::removeTranslator(&translator);
    if (translator.load(QStringLiteral(":/texts/%1_%2.qm").arg(catalogue, language_name(language))))
        QCoreApplication::installTranslator(&translator);
    else
        qWarning("no catalogue %s_%s", qPrintable(catalogue), qPrintable(language_name(language)));
}

} // namespace

Language language_from_name(const QString& name) {
    return name == QLatin1String("en") ? Language::en : Language::fa;
}

QString language_name(Language language) {
    return language == Language::en ? QStringLiteral("en") : QStringLiteral("fa");
}

void install_language(Language language, const QStringList& programs) {
    static QTranslator shared;
    static std::map<QString, QTranslator> own;
    current = language;
    QLocale::setDefault(locale_of(language));
    QGuiApplication::setLayoutDirection(language == Language::fa ? Qt::RightToLeft : Qt::LeftToRight);
    load(shared, QStringLiteral("shared"), language);
    for (const QString& program : programs) load(own[program], program, language);
}

void install_language(Language language, const QString& program) {
    install_language(language, QStringList{program});
}

Language current_language() {
    return current;
}

QString number_text(qint64 number) {
    return QLocale().toString(number);
}

QString size_text(quint64 bytes) {
    if (bytes < 1024) return qtTrId("size.bytes").arg(QLocale().toString(bytes));
    constexpr std::array<const char*, 3> units{"size.kib", "size.mib", "size.gib"};
    double amount = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    while (amount >= 1024 && unit + 1 < units.size()) {
        amount /= 1024;
        ++unit;
    }
    return qtTrId(units.at(unit)).arg(QLocale().toString(amount, 'f', amount < 100 ? 1 : 0));
}

} // namespace mohr::desktop
