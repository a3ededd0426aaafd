// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QLabel>
#include <QMimeData>
#include <QPoint>
#include <functional>
#include <memory>

namespace mohr::desktop {

/// A small picture that can be dragged out of the window.
class DragHandle final : public QLabel {
    Q_OBJECT
public:
    DragHandle(QWidget* parent, std::function<std::unique_ptr<QMimeData>()> content);

protected:
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;

private:
    std::function<std::unique_ptr<QMimeData>()> content_;
    QPoint pressed_;
};

} // namespace mohr::desktop
