// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QColor>
#include <QString>
#include <cstdint>

class QWidget;

/// The look that all our windows share.
namespace mohr::desktop {

enum class Shade : std::uint8_t { light, dark };

struct Colours {
    QColor window; ///< behind everything
    QColor card;   ///< what holds content
    QColor border;
    QColor text;
    QColor muted;  ///< secondary text, still 4.5:1 on window and card (WCAG 2.1, 1.4.3)
    QColor accent; ///< buttons that go on, focus
    QColor on_accent;
    QColor danger;
    QColor danger_soft; ///< behind a text in `danger`
    QColor warning;
    QColor warning_soft;
    QColor good;
};

/// Fusion with our palette, font and style sheet. Callable again at run time.
void apply_appearance(Shade shade);
[[nodiscard]] const Colours& colours();

/// Style classes, as the property "mohr" that the style sheet looks at: "card", "primary", "danger", "notice-danger",
/// "notice-warning", "title", "large", "strong", "muted", "danger-text", "warning-text", "mono".
void set_style_class(QWidget& widget, const QString& name);

} // namespace mohr::desktop
