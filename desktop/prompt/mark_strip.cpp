// SPDX-License-Identifier: Apache-2.0
#include "prompt/mark_strip.hpp"

#include "prompt/cards.hpp"
#include "prompt/icon.hpp"
#include "shared/appearance.hpp"
#include "shared/foreign_text.hpp"
#include "shared/language.hpp"

#include <QBuffer>
#include <QCryptographicHash>
#include <QHBoxLayout>
#include <QImageReader>
#include <QLabel>
#include <QPainter>
#include <QPainterPath>
#include <cmath>

namespace mohr::desktop {
namespace {

constexpr int full_edge = 48;
constexpr int compact_edge = 32;
constexpr int largest_edge = 4096;
constexpr qsizetype largest_picture = 64 * 1024;

QImage decoded(const QByteArray& png) {
    if (png.isEmpty() || png.size() > largest_picture) return {};
    QBuffer buffer;
    buffer.setData(png);
    QImageReader reader(&buffer, "png");
    const QSize size = reader.size();
    if (!size.isValid() || size.width() > largest_edge || size.height() > largest_edge) return {};
    return reader.read();
}

/// Fine interlaced waves, as on banknotes; their shape follows from the seed.
void draw_pattern(QPainter& painter, const QRectF& box, quint64 seed, const QColor& colour) {
    const auto part = [&](int shift, double low, double high) {
        return low + (high - low) * static_cast<double>((seed >> shift) & 0xFF) / 255.0;
    };
    constexpr int curves = 14;
    constexpr double step = 6;
    QColor pen = colour;
    pen.setAlpha(70);
    painter.setPen(QPen(pen, 0.8));
    for (int i = 0; i < curves; ++i) {
        const double shift = i * 2 * M_PI / curves;
        QPainterPath path;
        for (double x = 0; x <= box.width() + step; x += step) {
            const double at = x / box.width() * 2 * M_PI;
            const double y = std::sin(at * part(0, 1, 4) + shift) * part(8, 0.2, 0.5) +
                             std::sin(at * part(16, 3, 9) + shift * part(24, 1, 3)) * part(32, 0.1, 0.3) +
                             std::cos(at * part(40, 0.5, 2) - shift) * part(48, 0.05, 0.2);
            const QPointF point(box.left() + x, box.center().y() + y * box.height() * 0.6);
            x == 0 ? path.moveTo(point) : path.lineTo(point);
        }
        painter.drawPath(path);
    }
}

quint64 seed_of(const Mark& mark) {
    if (!mark.is_set()) return 0;
    QCryptographicHash hash(QCryptographicHash::Sha256);
    hash.addData(mark.phrase.toUtf8());
    hash.addData(QByteArray(1, '\0') + mark.picture);
    quint64 seed = 0;
    for (int i = 0; i < 8; ++i) seed = seed << 8 | static_cast<quint8>(hash.result().at(i));
    return seed | 1;
}

} // namespace

QImage decode_picture(const QByteArray& png, int edge) {
    const QImage image = decoded(png);
    return image.isNull() ? image : image.scaled(edge, edge, Qt::KeepAspectRatio, Qt::SmoothTransformation);
}

MarkStrip::MarkStrip(const Mark& mark, Size size, QWidget* parent) : QWidget(parent), size_(size) {
    set_mark(mark);
}

void MarkStrip::set_mark(const Mark& mark) {
    mark_ = mark;
    seed_ = seed_of(mark);
    for (QObject* child : findChildren<QWidget*>(QString(), Qt::FindDirectChildrenOnly)) delete child;
    delete layout();
    lay_out();
    update();
}

void MarkStrip::lay_out() {
    auto* const row = new QHBoxLayout(this);
    const bool compact = size_ == Size::compact;
    const int picture_edge = compact ? compact_edge : full_edge;
    row->setContentsMargins(16, compact ? 4 : 10, 16, compact ? 4 : 10);
    row->setSpacing(12);
    auto* const picture = new QLabel(this);
    const qreal scale = devicePixelRatioF();
    QImage image = decode_picture(mark_.picture, static_cast<int>(picture_edge * scale));
    const int edge = image.isNull() ? compact_edge : picture_edge;
    picture->setFixedSize(edge, edge);
    if (image.isNull()) {
        picture->setPixmap(icon_pixmap(QStringLiteral("mohr"), colours().accent, edge, scale));
        picture->setAccessibleName(qtTrId("app.name"));
    } else {
        image.setDevicePixelRatio(scale);
        picture->setPixmap(QPixmap::fromImage(image));
        picture->setAlignment(Qt::AlignCenter);
        picture->setAccessibleName(qtTrId("prompt.mark.picture"));
    }
    row->addWidget(picture);
    QLabel* text = nullptr;
    if (!mark_.phrase.isEmpty()) {
        text = make_line(QString(), "title", this);
        show_foreign(*text, mark_.phrase);
        make_selectable(*text);
    } else {
        text = make_line(mark_.is_set() ? QString() : qtTrId("prompt.mark.none"), "muted", this);
    }
    row->addWidget(text, 1);
}

void MarkStrip::paintEvent(QPaintEvent*) {
    const Colours& c = colours();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.fillRect(rect(), c.card);
    if (seed_ != 0) draw_pattern(painter, rect(), seed_, c.accent);
    painter.fillRect(QRect(0, height() - 2, width(), 2), c.accent);
}

} // namespace mohr::desktop
