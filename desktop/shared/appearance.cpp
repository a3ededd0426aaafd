// SPDX-License-Identifier: Apache-2.0
#include "shared/appearance.hpp"

#include <QApplication>
#include <QFont>
#include <QPalette>
#include <QStyle>
#include <QStyleFactory>
#include <QWidget>

namespace mohr::desktop {
namespace {

const Colours light{QColor(0xf4f6f6), QColor(0xffffff), QColor(0xd5dcdb), QColor(0x17211f),
                    QColor(0x55625f), QColor(0x0f766e), QColor(0xffffff), QColor(0xb42318),
                    QColor(0xfdeceb), QColor(0x93370d), QColor(0xfdf1dd), QColor(0x146c43)};
const Colours dark{QColor(0x141a19), QColor(0x1e2625), QColor(0x3a4644), QColor(0xe8eeec),
                   QColor(0xa7b4b1), QColor(0x2dd4bf), QColor(0x06201d), QColor(0xff8d82),
                   QColor(0x3d1f1d), QColor(0xf6b95c), QColor(0x3a2d15), QColor(0x5fd39a)};
Shade shade_now = Shade::light;

QPalette palette_of(const Colours& c) {
    QPalette palette;
    palette.setColor(QPalette::Window, c.window);
    palette.setColor(QPalette::WindowText, c.text);
    palette.setColor(QPalette::Base, c.card);
    palette.setColor(QPalette::AlternateBase, c.window);
    palette.setColor(QPalette::Text, c.text);
    palette.setColor(QPalette::PlaceholderText, c.muted);
    palette.setColor(QPalette::Button, c.card);
    palette.setColor(QPalette::ButtonText, c.text);
    palette.setColor(QPalette::ToolTipBase, c.card);
    palette.setColor(QPalette::ToolTipText, c.text);
    palette.setColor(QPalette::Highlight, c.accent);
    palette.setColor(QPalette::HighlightedText, c.on_accent);
    palette.setColor(QPalette::Link, c.accent);
    palette.setColor(QPalette::Mid, c.border);
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        palette.setColor(QPalette::Disabled, role, c.muted);
    return palette;
}

QString sheet_of(const Colours& c) {
    QString sheet = QStringLiteral(R"(
[mohr="card"] { background: @card; border: 1px solid @border; border-radius: 8px; }
[mohr="notice-danger"] { background: @dangerSoft; border: 1px solid @danger; border-radius: 8px; color: @danger; padding: 8px; }
[mohr="notice-warning"] { background: @warningSoft; border: 1px solid @warning; border-radius: 8px; color: @warning; padding: 8px; }
[mohr="title"] { font-size: 18px; font-weight: bold; }
[mohr="large"] { font-size: 24px; font-weight: bold; }
[mohr="strong"] { font-weight: bold; }
[mohr="muted"] { color: @muted; }
[mohr="danger-text"] { color: @danger; }
[mohr="warning-text"] { color: @warning; }
[mohr="mono"] { font-family: "Noto Sans Mono", monospace; }
QPushButton { background: @card; color: @text; border: 1px solid @border; border-radius: 6px; padding: 8px 16px; min-height: 20px; }
QPushButton:hover { border-color: @accent; }
QPushButton:focus { border: 2px solid @accent; padding: 7px 15px; }
QPushButton:disabled { color: @muted; background: @window; border-color: @border; }
QPushButton[mohr="primary"] { background: @accent; color: @onAccent; border-color: @accent; font-weight: bold; }
QPushButton[mohr="primary"]:focus { border: 2px solid @text; }
QPushButton[mohr="primary"]:disabled { background: @border; color: @muted; border-color: @border; }
QPushButton[mohr="danger"] { color: @danger; border-color: @danger; font-weight: bold; }
QPushButton[mohr="danger"]:disabled { color: @muted; border-color: @border; }
QLineEdit, QComboBox, QPlainTextEdit, QTextEdit, QSpinBox { background: @card; color: @text; border: 1px solid @border; border-radius: 6px; padding: 6px 8px; min-height: 20px; }
QLineEdit:focus, QComboBox:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus { border: 2px solid @accent; padding: 5px 7px; }
QCheckBox::indicator, QRadioButton::indicator { width: 16px; height: 16px; border: 1px solid @muted; background: @card; }
QCheckBox::indicator { border-radius: 4px; }
QRadioButton::indicator { border-radius: 9px; }
QCheckBox::indicator:focus, QRadioButton::indicator:focus { border: 2px solid @accent; width: 14px; height: 14px; }
QCheckBox::indicator:checked { background: @accent; border-color: @accent; image: url(:/icons/@check.svg); }
QCheckBox::indicator:checked:focus { border-color: @text; }
QRadioButton::indicator:checked { border: 5px solid @accent; width: 8px; height: 8px; }
QRadioButton::indicator:checked:focus { border: 5px solid @text; width: 8px; height: 8px; }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled { border-color: @border; background: @window; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox::down-arrow { image: url(:/icons/chevron-down.svg); width: 12px; height: 12px; }
QProgressBar { background: @border; border: none; border-radius: 3px; max-height: 6px; min-height: 6px; }
QProgressBar::chunk { background: @accent; border-radius: 3px; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar::handle:vertical { background: @border; border-radius: 4px; min-height: 32px; margin: 2px; }
QScrollBar::handle:vertical:hover { background: @muted; }
QScrollBar::add-line:vertical, QScrollBar::sub-line:vertical { height: 0; }
QScrollBar::add-page:vertical, QScrollBar::sub-page:vertical { background: transparent; }
QToolTip { background: @card; color: @text; border: 1px solid @border; padding: 4px; }
)");
    const std::initializer_list<std::pair<const char*, QColor>> names{{"@dangerSoft", c.danger_soft},
                                                                      {"@warningSoft", c.warning_soft},
                                                                      {"@onAccent", c.on_accent},
                                                                      {"@danger", c.danger},
                                                                      {"@warning", c.warning},
                                                                      {"@window", c.window},
                                                                      {"@card", c.card},
                                                                      {"@border", c.border},
                                                                      {"@text", c.text},
                                                                      {"@muted", c.muted},
                                                                      {"@accent", c.accent}};
    sheet.replace(QStringLiteral("@check"), c.on_accent == light.on_accent ? QStringLiteral("check-light")
                                                                           : QStringLiteral("check-dark"));
    for (const auto& [name, colour] : names) sheet.replace(QLatin1String(name), colour.name());
    return sheet;
}

} // namespace

void apply_appearance(Shade shade) {
    shade_now = shade;
    QApplication::setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
    // Not Noto Naskh Arabic: it draws the digits 4, 6 and 7 in another language's forms.
    QFont font;
    font.setFamilies({QStringLiteral("Noto Sans"), QStringLiteral("Noto Sans Arabic")});
    font.setPixelSize(14);
    QApplication::setFont(font);
    QApplication::setPalette(palette_of(colours()));
    static_cast<QApplication*>(QCoreApplication::instance())->setStyleSheet(sheet_of(colours()));
}

const Colours& colours() {
    return shade_now == Shade::dark ? dark : light;
}

void set_style_class(QWidget& widget, const QString& name) {
    widget.setProperty("mohr", name);
    widget.style()->unpolish(&widget);
    widget.style()->polish(&widget);
}

} // namespace mohr::desktop
