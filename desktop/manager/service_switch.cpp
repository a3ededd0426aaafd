// SPDX-License-Identifier: Apache-2.0
#include "manager/service_switch.hpp"

#include "shared/appearance.hpp"

#include <QPainter>

namespace mohr::desktop {
namespace {

constexpr int track_width = 52;
constexpr int track_height = 28;
constexpr int focus_room = 4;

} // namespace

ServiceSwitch::ServiceSwitch(QWidget* parent) : QAbstractButton(parent) {
    setCheckable(true);
    setFocusPolicy(Qt::StrongFocus);
    setCursor(Qt::PointingHandCursor);
}

QSize ServiceSwitch::sizeHint() const {
    return {track_width + 2 * focus_room, track_height + 2 * focus_room};
}

void ServiceSwitch::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Colours& c = colours();
    const QRectF track((width() - track_width) / 2.0, (height() - track_height) / 2.0, track_width,
                       track_height);
    const QColor fill = !isEnabled() ? c.border : isChecked() ? c.accent : c.muted;
    if (hasFocus()) {
        painter.setPen(QPen(c.accent, 2));
        painter.drawRoundedRect(track.adjusted(-3, -3, 3, 3), track_height / 2.0 + 3, track_height / 2.0 + 3);
    }
    painter.setPen(Qt::NoPen);
    painter.setBrush(fill);
    painter.drawRoundedRect(track, track_height / 2.0, track_height / 2.0);
    // On is towards the end of the reading direction.
    const bool right = isChecked() == (layoutDirection() == Qt::LeftToRight);
    const double diameter = track_height - 6;
    const double left = right ? track.right() - diameter - 3 : track.left() + 3;
    painter.setBrush(c.card);
    painter.drawEllipse(QRectF(left, track.top() + 3, diameter, diameter));
    const double mark = right ? track.left() + 15 : track.right() - 15;
    painter.setPen(QPen(c.card, 2));
    painter.setBrush(Qt::NoBrush);
    if (isChecked())
        painter.drawLine(QPointF(mark, track.center().y() - 5), QPointF(mark, track.center().y() + 5));
    else
        painter.drawEllipse(QPointF(mark, track.center().y()), 4.5, 4.5);
}

} // namespace mohr::desktop
