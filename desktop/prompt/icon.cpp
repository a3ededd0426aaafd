// SPDX-License-Identifier: Apache-2.0
#include "prompt/icon.hpp"

#include <QFile>
#include <QPainter>
#include <QSvgRenderer>

namespace mohr::desktop {

QPixmap icon_pixmap(const QString& name, const QColor& colour, int size, qreal scale) {
    QFile file(QStringLiteral(":/icons/%1.svg").arg(name));
    QPixmap pixmap(QSize(size, size) * scale);
    pixmap.fill(Qt::transparent);
    pixmap.setDevicePixelRatio(scale);
    if (!file.open(QIODevice::ReadOnly)) return pixmap;
    QSvgRenderer renderer(file.readAll().replace("currentColor", colour.name().toLatin1()));
    QPainter painter(&pixmap);
    renderer.render(&painter, QRectF(0, 0, size, size));
    return pixmap;
}

QIcon icon(const QString& name, const QColor& colour) {
    QIcon out;
    for (const qreal scale : {1.0, 2.0}) out.addPixmap(icon_pixmap(name, colour, 20, scale));
    return out;
}

} // namespace mohr::desktop
