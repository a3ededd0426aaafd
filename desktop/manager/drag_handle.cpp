// SPDX-License-Identifier: Apache-2.0
#include "manager/drag_handle.hpp"

#include "manager/parts.hpp"

#include <QApplication>
#include <QDrag>
#include <QMouseEvent>

namespace mohr::desktop {
namespace {

constexpr QSize picture_size{32, 32};

} // namespace

DragHandle::DragHandle(QWidget* parent, std::function<std::unique_ptr<QMimeData>()> content)
    : QLabel(parent), content_(std::move(content)) {
    setPixmap(icon_named(QStringLiteral("certificate-drag")).pixmap(picture_size, devicePixelRatioF()));
    setCursor(Qt::OpenHandCursor);
}

void DragHandle::mousePressEvent(QMouseEvent* event) {
    pressed_ = event->position().toPoint();
}

void DragHandle::mouseMoveEvent(QMouseEvent* event) {
    const bool far =
        (event->position().toPoint() - pressed_).manhattanLength() >= QApplication::startDragDistance();
    if (!(event->buttons() & Qt::LeftButton) || !far) return;
    auto* drag = new QDrag(this); // Qt deletes it once it is dropped
    drag->setMimeData(content_().release());
    drag->setPixmap(pixmap());
    drag->exec(Qt::CopyAction);
}

} // namespace mohr::desktop
