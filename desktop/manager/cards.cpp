// SPDX-License-Identifier: Apache-2.0
#include "manager/cards.hpp"

#include "shared/appearance.hpp"
#include "shared/foreign_text.hpp"

#include <QGridLayout>
#include <QVBoxLayout>

namespace mohr::desktop {

Card::Card(QWidget* parent) : QFrame(parent), heading_(new QLabel), body_(new QVBoxLayout) {
    set_style_class(*this, QStringLiteral("card"));
    QFont bold = heading_->font();
    bold.setBold(true);
    heading_->setFont(bold);
    heading_->setTextFormat(Qt::PlainText);
    heading_->hide();
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(16, 16, 16, 16);
    column->setSpacing(8);
    column->addWidget(heading_);
    body_->setSpacing(8);
    column->addLayout(body_);
}

void Card::set_heading(const QString& text) {
    heading_->setText(text);
    heading_->setVisible(!text.isEmpty());
}

Facts::Facts(QWidget* parent) : QWidget(parent), grid_(new QGridLayout(this)) {
    grid_->setContentsMargins(0, 0, 0, 0);
    grid_->setHorizontalSpacing(16);
    grid_->setVerticalSpacing(8);
    grid_->setColumnStretch(1, 1);
}

Facts::Line& Facts::line(int row) {
    while (lines_.size() <= static_cast<std::size_t>(row)) {
        const int next = static_cast<int>(lines_.size());
        Line made{make_text(QStringLiteral("muted")), make_text()};
        made.name->setWordWrap(false);
        grid_->addWidget(made.name, next, 0);
        grid_->addWidget(made.value, next, 1);
        lines_.push_back(made);
    }
    return lines_[static_cast<std::size_t>(row)];
}

void Facts::set(int row, const QString& name, const QString& value) {
    Line& shown = line(row);
    shown.name->setText(name);
    // By the window, not by the text: a lone number would stick to the other edge.
    shown.value->setAlignment((isRightToLeft() ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignAbsolute |
                              Qt::AlignVCenter);
    shown.value->setText(value);
    shown.value->setTextInteractionFlags(Qt::TextSelectableByMouse);
    shown.name->setVisible(!value.isEmpty());
    shown.value->setVisible(!value.isEmpty());
}

void Facts::set_ltr(int row, const QString& name, const QString& value) {
    set(row, name, value);
    show_foreign_ltr(*line(row).value, value);
    line(row).value->setTextInteractionFlags(Qt::TextSelectableByMouse);
}

QLabel* make_text(const QString& style) {
    auto* label = new QLabel;
    label->setTextFormat(Qt::PlainText);
    label->setWordWrap(true);
    if (!style.isEmpty()) set_style_class(*label, style);
    return label;
}

} // namespace mohr::desktop
