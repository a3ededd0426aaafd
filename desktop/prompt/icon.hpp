// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QColor>
#include <QIcon>
#include <QPixmap>

namespace mohr::desktop {

/// icons/NAME.svg, whose "currentColor" becomes `colour`.
[[nodiscard]] QPixmap icon_pixmap(const QString& name, const QColor& colour, int size, qreal scale);
[[nodiscard]] QIcon icon(const QString& name, const QColor& colour);

} // namespace mohr::desktop
