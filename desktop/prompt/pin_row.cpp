// SPDX-License-Identifier: Apache-2.0
#include "prompt/pin_row.hpp"

#include "prompt/icon.hpp"
#include "shared/appearance.hpp"
#include "shared/language.hpp"

#include <QAccessible>
#include <QEvent>
#include <QGridLayout>
#include <QLabel>
#include <QPushButton>

namespace mohr::desktop {
namespace {
constexpr std::size_t comfortable_digits = 6; // R43: below, a hint
}

PinRow::PinRow(const PinRowTerms& terms, PinRow* first, QWidget* parent)
    : QWidget(parent), terms_(terms), first_(first), field_(new PinField(terms.kind, terms.most, this)),
      show_(new QPushButton(this)), line_(new QLabel(this)) {
    const QString name = qtTrId(terms.label);
    auto* const label = new QLabel(name, this);
    label->setBuddy(field_);
    field_->setAccessibleName(name);
    field_->installEventFilter(this);
    show_->setCheckable(true);
    show_->setText(qtTrId("pin.show"));
    show_->setIcon(icon(QStringLiteral("eye"), colours().muted));
    show_->setAccessibleName(qtTrId("prompt.pin.showOf").arg(name));
    show_->setAccessibleDescription(qtTrId("M16"));
    show_->setToolTip(qtTrId("M16"));
    show_->setAutoDefault(false);
    line_->setWordWrap(true);
    set_style_class(*line_, QStringLiteral("muted"));

    auto* const grid = new QGridLayout(this);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(8);
    grid->setVerticalSpacing(2);
    grid->addWidget(label, 0, 0, 1, 2);
    grid->addWidget(field_, 1, 0);
    grid->addWidget(show_, 1, 1);
    grid->addWidget(line_, 2, 0, 1, 2);
    grid->setColumnStretch(0, 1);
    line_->hide();

    connect(field_, &PinField::edited, this, &PinRow::field_edited);
    connect(field_, &PinField::refused, this, &PinRow::refused);
    connect(field_, &PinField::caps_lock_seen, this, [this](bool on) { caps_lock_ = on; });
    connect(show_, &QPushButton::toggled, this, [this](bool on) {
        field_->set_revealed(on);
        show_->setIcon(icon(on ? QStringLiteral("eye-closed") : QStringLiteral("eye"), colours().muted));
    });
    if (first_ != nullptr) connect(first_, &PinRow::edited, this, &PinRow::field_edited);
}

bool PinRow::is_valid() const {
    if (first_ != nullptr) return first_->is_valid() && field_->same_as(first_->field());
    return check_length(field_->length(), terms_.least, terms_.most) == PinFault::none;
}

bool PinRow::differs() const {
    return first_ != nullptr && field_->length() > 0 && !field_->same_as(first_->field());
}

void PinRow::field_edited() {
    // A repetition is not called different while it is still being typed.
    if (differs() && (field_->length() >= first_->field().length() || !field_->hasFocus()))
        say(qtTrId(terms_.differs), "danger-text");
    else if (caps_lock_ && field_->length() > 0)
        say(qtTrId("prompt.pin.capsLock"), "warning-text");
    else if (terms_.is_new && terms_.kind == SecretKind::user_pin && first_ == nullptr &&
             field_->length() >= terms_.least && field_->length() < comfortable_digits)
        say(qtTrId("prompt.pin.shortHint"), "muted");
    else
        say(hint_, "muted");
    Q_EMIT edited();
}

void PinRow::refused(PinFault fault) {
    const char* const message = message_of(terms_.kind, fault);
    show_danger(message != nullptr ? qtTrId(message) : qtTrId("prompt.password.refused"));
}

void PinRow::leave() {
    if (field_->length() == 0) return;
    if (differs()) {
        say(qtTrId(terms_.differs), "danger-text");
        return;
    }
    const PinFault fault = check_length(field_->length(), terms_.least, terms_.most);
    const char* const message = first_ == nullptr ? message_of(terms_.kind, fault) : nullptr;
    if (message != nullptr) show_danger(qtTrId(message));
}

bool PinRow::eventFilter(QObject* watched, QEvent* event) {
    if (watched == field_ && event->type() == QEvent::FocusOut) leave();
    return QWidget::eventFilter(watched, event);
}

void PinRow::show_danger(const QString& text) {
    say(text, "danger-text");
    QAccessibleEvent alert(line_, QAccessible::Alert);
    QAccessible::updateAccessibility(&alert);
}

void PinRow::set_hint(const QString& text) {
    hint_ = text;
    say(hint_, "muted");
}

void PinRow::set_open(bool open) {
    field_->setEnabled(open);
    show_->setEnabled(open);
    if (!open) show_->setChecked(false);
}

void PinRow::say(const QString& text, const char* style) {
    line_->setVisible(!text.isEmpty());
    line_->setText(text);
    field_->setAccessibleDescription(text);
    if (line_->property("mohr").toString() != QLatin1String(style))
        set_style_class(*line_, QLatin1String(style));
}

} // namespace mohr::desktop
