// SPDX-License-Identifier: Apache-2.0
#include "shared/foreign_text.hpp"

#include <QGuiApplication>
#include <QLabel>

namespace mohr::desktop {
namespace {

constexpr char32_t zero_width_non_joiner = 0x200C; // part of ordinary Persian spelling
constexpr QChar first_strong_isolate(0x2068);
constexpr QChar left_to_right_isolate(0x2066);
constexpr QChar pop_isolate(0x2069);

bool is_invisible(char32_t character) {
    switch (QChar::category(character)) {
    case QChar::Other_Control:
    case QChar::Other_Format:
    case QChar::Other_Surrogate:
    case QChar::Other_PrivateUse:
    case QChar::Other_NotAssigned:
    case QChar::Separator_Line:
    case QChar::Separator_Paragraph:
        return character != zero_width_non_joiner;
    default:
        return false;
    }
}

void prepare(QLabel& label) {
    label.setTextFormat(Qt::PlainText);
    label.setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    label.setWordWrap(true);
    hold_at_reading_edge(label);
}

/// QLabel breaks lines at spaces only: a zero-width space behind what ends a part of a name lets it break there.
QString breakable(const QString& text) {
    QString out;
    int run = 0;
    for (const QChar character : text) {
        out += character;
        const bool ends_part = QStringLiteral(".-/:_@=&?").contains(character);
        run = character.isSpace() ? 0 : run + 1;
        if (ends_part || (run >= 16 && character.isLetterOrNumber() && !character.isSurrogate() &&
                          character.script() == QChar::Script_Latin)) {
            out += QChar(0x200B);
            run = 0;
        }
    }
    return out;
}

enum class Lines { one, many };
QString made_visible(const QString& foreign, Lines lines) {
    QString out;
    out.reserve(foreign.size());
    for (const char32_t character : foreign.toUcs4()) {
        if (lines == Lines::many && (character == U'\n' || character == U'\t'))
            out += QChar(static_cast<char16_t>(character));
        else if (lines == Lines::one && (character == U'\n' || character == U'\t' || character == U'\r'))
            out += QLatin1Char(' ');
        else if (is_invisible(character))
            out += QStringLiteral("\\u{%1}").arg(static_cast<uint>(character), 4, 16, QLatin1Char('0'));
        else
            out += QChar::fromUcs4(character);
    }
    return out;
}

} // namespace

QString visible_text(const QString& foreign) {
    return made_visible(foreign, Lines::one);
}

QString visible_lines(const QString& foreign) {
    return made_visible(foreign, Lines::many);
}

QString isolated(const QString& foreign) {
    return first_strong_isolate + visible_text(foreign) + pop_isolate;
}

QString isolated_ltr(const QString& foreign) {
    return left_to_right_isolate + visible_text(foreign) + pop_isolate;
}

void hold_at_reading_edge(QLabel& label) {
    label.setAlignment(QGuiApplication::layoutDirection() == Qt::RightToLeft
                           ? Qt::AlignRight | Qt::AlignAbsolute | Qt::AlignVCenter
                           : Qt::AlignLeft | Qt::AlignAbsolute | Qt::AlignVCenter);
}

void show_foreign(QLabel& label, const QString& foreign) {
    prepare(label);
    label.setText(first_strong_isolate + breakable(visible_text(foreign)) + pop_isolate);
    label.setAccessibleName(visible_text(foreign));
}

void show_foreign_ltr(QLabel& label, const QString& foreign) {
    prepare(label);
    label.setText(left_to_right_isolate + breakable(visible_text(foreign)) + pop_isolate);
    label.setAccessibleName(visible_text(foreign));
}

} // namespace mohr::desktop
