// SPDX-License-Identifier: Apache-2.0
#include "manager/key_request.hpp"

#include <nlohmann/json.hpp>

#include <QRegularExpression>
#include <QStringList>
#include <algorithm>

namespace mohr::desktop {
namespace {

constexpr qsizetype max_attribute_characters = 64;
constexpr qsizetype max_names = 16;
constexpr qsizetype max_name_characters = 253;

QStringList parts_of(const QString& text) {
    static const QRegularExpression between(QStringLiteral("[\\s,;\u060C\u061B]+"));
    return text.split(between, Qt::SkipEmptyParts);
}

/// RFC 4514 section 2.4.
QString escaped(const QString& value) {
    QString out;
    for (qsizetype i = 0; i < value.size(); ++i) {
        const QChar character = value.at(i);
        const bool at_end = i == 0 || i == value.size() - 1;
        if (QStringLiteral("\"+,;<>\\").contains(character) || (i == 0 && character == QLatin1Char('#')) ||
            (at_end && character == QLatin1Char(' ')))
            out += QLatin1Char('\\');
        out += character;
    }
    return out;
}

} // namespace

QString subject_text(const std::vector<std::pair<QString, QString>>& subject) {
    QStringList out;
    for (const auto& [type, value] : subject)
        if (const QString text = value.trimmed(); !text.isEmpty())
            out.prepend(type + QLatin1Char('=') + escaped(text));
    return out.join(QLatin1Char(','));
}

nlohmann::json to_params(const KeyRequest& request) {
    nlohmann::json params{{"subject", subject_text(request.subject).toStdString()}};
    if (request.key.isEmpty()) {
        params["algorithm"] = request.algorithm.toStdString();
        params["label"] = request.label.trimmed().toStdString();
    } else {
        params["id"] = request.key.toStdString();
    }
    nlohmann::json names = nlohmann::json::array();
    for (const QString& email : parts_of(request.emails))
        names.push_back({{"kind", "email"}, {"value", email.toStdString()}});
    for (const QString& host : parts_of(request.hosts))
        names.push_back({{"kind", "dns"}, {"value", host.toStdString()}});
    if (!names.empty()) params["names"] = std::move(names);
    return params;
}

bool is_right_attribute(const QString& type, const QString& value) {
    const QString text = value.trimmed();
    if (text.isEmpty()) return true;
    if (type == QLatin1String("C")) {
        static const QRegularExpression country(QStringLiteral("^[A-Za-z]{2}$"));
        return country.match(text).hasMatch();
    }
    const auto is_control = [](QChar character) {
        return character.category() == QChar::Other_Control ||
               (character.category() == QChar::Other_Format && character.unicode() != 0x200C);
    };
    return text.size() <= max_attribute_characters && std::none_of(text.begin(), text.end(), is_control);
}

bool are_right_names(NameKind kind, const QString& text) {
    static const QString host = QStringLiteral(
        "(\\*\\.)?[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*");
    static const QRegularExpression dns(QStringLiteral("^%1$").arg(host));
    static const QRegularExpression email(QStringLiteral("^[A-Za-z0-9._%+-]{1,64}@%1$").arg(host));
    const QRegularExpression& form = kind == NameKind::dns ? dns : email;
    const QStringList parts = parts_of(text);
    return parts.size() <= max_names && std::all_of(parts.begin(), parts.end(), [&form](const QString& part) {
               return part.size() <= max_name_characters && form.match(part).hasMatch();
           });
}

} // namespace mohr::desktop
