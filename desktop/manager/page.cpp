// SPDX-License-Identifier: Apache-2.0
#include "manager/page.hpp"

#include <QEvent>

namespace mohr::desktop {

Page::Page(Shell& shell, QWidget* parent) : QWidget(parent), shell_(shell) {}

void Page::perform(const QString&, const QStringList&) {}

void Page::changeEvent(QEvent* event) {
    if (event->type() == QEvent::LanguageChange) retranslate();
    QWidget::changeEvent(event);
}

} // namespace mohr::desktop
