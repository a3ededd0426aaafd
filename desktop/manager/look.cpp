// SPDX-License-Identifier: Apache-2.0
#include "manager/look.hpp"

#include "shared/appearance.hpp"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QVBoxLayout>

namespace mohr::desktop {
namespace {

constexpr int icon_pixels = 80; ///< of a 20 pixel icon at four times the scale
constexpr int card_icon = 40;

QPixmap tinted(const QIcon& icon, const QColor& colour) {
    QPixmap pixmap = icon.pixmap(icon_pixels);
    QPainter painter(&pixmap);
    painter.setCompositionMode(QPainter::CompositionMode_SourceIn);
    painter.fillRect(pixmap.rect(), colour);
    return pixmap;
}

} // namespace

QString manager_style_sheet() {
    const Colours& c = colours();
    QString sheet = QStringLiteral(R"(
#sideBar { background: @card; }
#sideBar QListWidget { background: @card; border: none; outline: none; }
#sideBar QListWidget::item { color: @text; padding: 8px; margin: 2px 8px; border-radius: 6px; }
#sideBar QListWidget::item:hover { background: @window; }
#sideBar QListWidget::item:selected { background: @accent; color: @onAccent; }
#sideBar QListWidget::item:selected:focus { border: 2px solid @text; padding: 6px; }
#header { background: @card; border-bottom: 1px solid @border; }
#content, QScrollArea, QScrollArea > QWidget > QWidget[mohr="page"] { background: @window; border: none; }
QTableView, QTreeView { background: @card; color: @text; border: 1px solid @border; border-radius: 8px; gridline-color: @border; alternate-background-color: @window; selection-background-color: @accent; selection-color: @onAccent; }
QTableView::item { padding: 0 8px; border: none; }
QTableView::item:selected { background: @accent; color: @onAccent; }
QTableView:focus, QTreeView:focus { border: 2px solid @accent; }
QHeaderView { background: @card; border: none; }
QHeaderView::section { background: @card; color: @muted; border: none; border-bottom: 1px solid @border; padding: 8px; }
QPushButton[mohr="link-card"] { padding: 16px; border-radius: 8px; text-align: left; }
)");
    const std::initializer_list<std::pair<const char*, QColor>> names{
        {"@onAccent", c.on_accent}, {"@window", c.window}, {"@card", c.card},    {"@border", c.border},
        {"@text", c.text},          {"@muted", c.muted},   {"@accent", c.accent}};
    for (const auto& [name, colour] : names) sheet.replace(QLatin1String(name), colour.name());
    return sheet;
}

QIcon tinted_icon(const QString& name) {
    const QIcon drawn(QStringLiteral(":/icons/") + name);
    QIcon icon(tinted(drawn, colours().text));
    icon.addPixmap(tinted(drawn, colours().on_accent), QIcon::Selected);
    return icon;
}

LinkCard::LinkCard(const QIcon& icon, QWidget* parent)
    : QPushButton(parent), title_(new QLabel), hint_(new QLabel) {
    set_style_class(*this, QStringLiteral("link-card"));
    setCursor(Qt::PointingHandCursor);
    auto* picture = new QLabel;
    picture->setPixmap(icon.pixmap(card_icon));
    QFont bold = title_->font();
    bold.setBold(true);
    title_->setFont(bold);
    hint_->setWordWrap(true);
    set_style_class(*hint_, QStringLiteral("muted"));
    for (QLabel* label : {picture, title_, hint_}) label->setAttribute(Qt::WA_TransparentForMouseEvents);
    auto* texts = new QVBoxLayout;
    texts->setSpacing(4);
    texts->addWidget(title_);
    texts->addWidget(hint_);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(16, 16, 16, 16);
    row->setSpacing(16);
    row->addWidget(picture);
    row->addLayout(texts, 1);
}

void LinkCard::set_texts(const QString& title, const QString& hint) {
    title_->setText(title);
    hint_->setText(hint);
    hint_->setVisible(!hint.isEmpty());
    setAccessibleName(title);
    setAccessibleDescription(hint);
}

QSize LinkCard::sizeHint() const {
    return layout()->sizeHint();
}

QSize LinkCard::minimumSizeHint() const {
    return layout()->minimumSize();
}

} // namespace mohr::desktop
