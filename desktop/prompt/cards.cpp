// SPDX-License-Identifier: Apache-2.0
#include "prompt/cards.hpp"

#include "prompt/icon.hpp"
#include "prompt/origin_parts.hpp"
#include "prompt/wording.hpp"
#include "shared/appearance.hpp"
#include "shared/foreign_text.hpp"
#include "shared/language.hpp"

#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>

namespace mohr::desktop {
namespace {

using protocol::Prompt;

QLabel* icon_label(const QString& name, const QColor& colour, int size, QWidget* parent) {
    auto* const label = new QLabel(parent);
    label->setPixmap(icon_pixmap(name, colour, size, parent->devicePixelRatioF()));
    label->setFixedSize(size, size);
    return label;
}

QLabel* foreign_line(const QString& text, const char* style, QWidget* parent) {
    auto* const label = make_line(QString(), style, parent);
    show_foreign_ltr(*label, text);
    make_selectable(*label);
    return label;
}

void add_field(Card& card, const QString& name, const QString& value, bool ltr) {
    card.column().addWidget(make_line(name, "muted", &card));
    auto* const line = make_line(QString(), "", &card);
    ltr ? show_foreign_ltr(*line, value) : show_foreign(*line, value);
    make_selectable(*line);
    card.column().addWidget(line);
}

const char* doubt_text(HostDoubt doubt) {
    switch (doubt) {
    case HostDoubt::mixed_scripts:
        return "prompt.warn.mixedScripts";
    case HostDoubt::look_alike:
        return "prompt.warn.lookAlike";
    case HostDoubt::undecodable:
        return "prompt.warn.undecodable";
    case HostDoubt::none:
        break;
    }
    return nullptr;
}

void add_program(Card& card, const Prompt& prompt) {
    const QString name = prompt.program.name.empty() ? qtTrId("prompt.program.unknown")
                                                     : isolated_ltr(from_utf8(prompt.program.name));
    QString line = qtTrId(prompt.local ? "prompt.program.local" : "prompt.program.site").arg(name);
    if (!prompt.program.path.empty())
        line += QStringLiteral(" · ") + isolated_ltr(from_utf8(prompt.program.path));
    card.column().addWidget(make_line(line, "muted", &card));
    if (!prompt.local && !prompt.program.known_browser)
        card.column().addWidget(make_notice(qtTrId("prompt.warn.notABrowser"), false, &card));
}

void add_site(Card& card, const Prompt& prompt, const OriginParts& parts) {
    auto* const full = foreign_line(parts.full, "mono", &card);
    card.column().addWidget(full);
    if (const char* const doubt = doubt_text(parts.doubt))
        card.column().addWidget(make_notice(qtTrId(doubt), true, &card));
    else if (parts.punycode)
        card.column().addWidget(make_line(qtTrId("prompt.punycode"), "muted", &card));
    if (prompt.insecure || parts.insecure)
        card.column().addWidget(make_notice(qtTrId("prompt.warn.insecure"), false, &card));
    if (prompt.legacy) card.column().addWidget(make_notice(qtTrId("prompt.warn.legacy"), false, &card));
}

} // namespace

Card::Card(QWidget* parent) : QFrame(parent), column_(new QVBoxLayout(this)) {
    set_style_class(*this, QStringLiteral("card"));
    column_->setContentsMargins(16, 12, 16, 12);
    column_->setSpacing(4);
}

QLabel* make_line(const QString& text, const char* style, QWidget* parent) {
    auto* const label = new QLabel(text, parent);
    label->setTextFormat(Qt::PlainText);
    label->setWordWrap(true);
    make_selectable(*label);
    hold_at_reading_edge(*label);
    label->setMinimumWidth(1); // else one long word of a page makes the window too wide
    if (*style != '\0') set_style_class(*label, QLatin1String(style));
    return label;
}

void make_selectable(QLabel& label) {
    // With interaction a label lays its text out as a document; without, it cuts the ends of some right-to-left lines.
    label.setTextInteractionFlags(Qt::TextSelectableByMouse);
    label.setContextMenuPolicy(Qt::PreventContextMenu);
    label.setFocusPolicy(Qt::NoFocus);
}

QWidget* make_notice(const QString& text, bool danger, QWidget* parent) {
    auto* const box = new QFrame(parent);
    set_style_class(*box, danger ? QStringLiteral("notice-danger") : QStringLiteral("notice-warning"));
    auto* const row = new QHBoxLayout(box);
    row->setContentsMargins(4, 0, 4, 0);
    row->setSpacing(8);
    const QColor colour = danger ? colours().danger : colours().warning;
    row->addWidget(icon_label(QStringLiteral("warning"), colour, 20, box), 0, Qt::AlignTop);
    auto* const line = make_line(text, danger ? "danger-text" : "warning-text", box);
    row->addWidget(line, 1);
    return box;
}

QWidget* make_asker(const Prompt& prompt, QWidget* parent) {
    auto* const card = new Card(parent);
    const OriginParts parts = origin_parts(from_utf8(prompt.origin), from_utf8(prompt.registrable_domain));
    auto* const large =
        foreign_line(prompt.local ? qtTrId("prompt.thisComputer") : parts.large, "large", card);
    large->setAccessibleDescription(qtTrId("prompt.whoAsks"));
    auto* const head = new QHBoxLayout;
    head->setSpacing(12);
    head->addWidget(icon_label(prompt.local ? QStringLiteral("computer") : QStringLiteral("site"),
                               colours().accent, 28, card),
                    0, Qt::AlignTop);
    head->addWidget(large, 1);
    card->column().addLayout(head);
    if (!prompt.local) add_site(*card, prompt, parts);
    add_program(*card, prompt);
    return card;
}

QWidget* make_terms(const Prompt& prompt, QWidget* parent) {
    auto* const card = new Card(parent);
    if (!prompt.label.empty()) add_field(*card, qtTrId("prompt.label"), from_utf8(prompt.label), false);
    if (!prompt.key_algorithm.empty())
        add_field(*card, qtTrId("prompt.key.algorithm"), from_utf8(prompt.key_algorithm), true);
    if (!prompt.key_subject.empty())
        add_field(*card, qtTrId("prompt.key.subject"), from_utf8(prompt.key_subject), false);
    for (const auto& name : prompt.key_names)
        add_field(*card, qtTrId("prompt.key.name"), from_utf8(name), true);
    for (const auto& type : prompt.attributes)
        add_field(*card, qtTrId("prompt.attribute"), from_utf8(type), true);
    const bool empty = card->column().count() == 0;
    if (empty) delete card;
    return empty ? nullptr : card;
}

} // namespace mohr::desktop
