// SPDX-License-Identifier: Apache-2.0
#include "prompt/origin_parts.hpp"

#include <QSet>
#include <QStringList>
#include <QUrl>
#include <algorithm>

namespace mohr::desktop {
namespace {

/// Letters of other scripts that are drawn like a Latin one; a label made only of these reads as a Latin word
/// (Unicode Technical Standard 39, whole-script confusables).
const QString cyrillic_twins = QString::fromUtf8("асԁеһіјӏорԛѕуԝхьѵүґҽєзгпгнкмтв");
const QString greek_twins = QString::fromUtf8("ονιαρυκτχγω");
const QString armenian_twins = QString::fromUtf8("հոսցքօզյլ");

bool all_of(const QString& label, const QString& set) {
    bool letters = false;
    for (const QChar c : label) {
        if (c.isDigit() || c == QLatin1Char('-')) continue;
        letters = true;
        if (!set.contains(c)) return false;
    }
    return letters;
}

/// Scripts that are written together in one language count as one.
QChar::Script family(QChar::Script script) {
    switch (script) {
    case QChar::Script_Hiragana:
    case QChar::Script_Katakana:
    case QChar::Script_Hangul:
    case QChar::Script_Bopomofo:
        return QChar::Script_Han;
    default:
        return script;
    }
}

HostDoubt doubt_of(const QString& label) {
    QSet<int> scripts;
    for (const char32_t c : label.toUcs4()) {
        const QChar::Script script = QChar::script(c);
        if (script == QChar::Script_Common || script == QChar::Script_Inherited) continue;
        scripts.insert(family(script));
    }
    if (scripts.size() > 1) return HostDoubt::mixed_scripts;
    if (all_of(label, cyrillic_twins) || all_of(label, greek_twins) || all_of(label, armenian_twins))
        return HostDoubt::look_alike;
    return HostDoubt::none;
}

/// The labels of a host in their own letters, and the worst doubt about them.
struct Decoded {
    QString text;
    HostDoubt doubt = HostDoubt::none;
};

Decoded decoded(const QString& host) {
    Decoded out;
    QStringList labels;
    for (const QString& label : host.split(QLatin1Char('.'))) {
        if (!label.startsWith(QLatin1String("xn--"))) {
            labels += label;
            continue;
        }
        const QString own = QUrl::fromAce(label.toLatin1(), QUrl::IgnoreIDNWhitelist);
        if (own == label || own.isEmpty()) {
            out.doubt = std::max(out.doubt, HostDoubt::undecodable);
            labels += label;
            continue;
        }
        out.doubt = std::max(out.doubt, doubt_of(own));
        labels += own;
    }
    out.text = labels.join(QLatin1Char('.'));
    return out;
}

bool is_end_of(const QString& host, const QString& domain) {
    return !domain.isEmpty() && (host == domain || host.endsWith(QLatin1Char('.') + domain));
}

} // namespace

OriginParts origin_parts(const QString& origin, const QString& registrable_domain) {
    OriginParts parts;
    parts.full = origin;
    const qsizetype scheme_end = origin.indexOf(QLatin1String("://"));
    if (scheme_end < 0) {
        parts.large = registrable_domain.isEmpty() ? origin : registrable_domain;
        return parts;
    }
    const QString scheme = origin.left(scheme_end);
    parts.insecure = scheme == QLatin1String("http");
    QString host = origin.mid(scheme_end + 3);
    QString port;
    const qsizetype colon = host.lastIndexOf(QLatin1Char(':'));
    if (colon >= 0 && !host.endsWith(QLatin1Char(']'))) {
        port = host.mid(colon);
        host.truncate(colon);
    }
    const Decoded reading = decoded(host);
    parts.large = (is_end_of(host, registrable_domain) || is_end_of(reading.text, registrable_domain)
                       ? registrable_domain
                       : host) +
                  port;
    parts.punycode = host.contains(QLatin1String("xn--"));
    parts.doubt = reading.doubt;
    return parts;
}

QString cut_left(const QString& text, qsizetype columns) {
    if (text.size() <= columns) return text;
    return QChar(0x2026) + text.right(std::max<qsizetype>(columns - 1, 0));
}

} // namespace mohr::desktop
