// SPDX-License-Identifier: Apache-2.0
#include "preview/content.hpp"

#include <QBuffer>
#include <QImageReader>

namespace mohr::desktop::preview {
namespace {

/// What is decoded before it is made smaller: 128 MiB of the 512 that the process may have.
constexpr qint64 max_image_pixels = 32'000'000;
constexpr int max_image_mib = 256;

class Image final : public Content {
public:
    Image(const QByteArray& bytes, const char* format) : bytes_(bytes), format_(format) {}
    [[nodiscard]] Form form() const override { return Form::image; }
    [[nodiscard]] std::uint32_t pages() const override { return 1; }
    [[nodiscard]] Page page(std::uint32_t, std::uint32_t width) override {
        const QImage image = read();
        if (image.isNull()) return Failure::broken;
        // Never larger than it is: nothing is to be seen between its pixels.
        const auto wanted = std::min(width, static_cast<std::uint32_t>(image.width()));
        const QSize size = fitting_size(image.size(), wanted);
        QImage page(size, QImage::Format_RGB32);
        page.fill(Qt::white);
        const QImage scaled = image.scaled(size, Qt::IgnoreAspectRatio, Qt::SmoothTransformation);
        for (int y = 0; y < size.height(); ++y)
            for (int x = 0; x < size.width(); ++x) page.setPixel(x, y, over_white(scaled.pixel(x, y)));
        return page;
    }
    /// Without decoding it.
    [[nodiscard]] std::variant<QSize, Failure> size() {
        QBuffer buffer(&bytes_);
        buffer.open(QIODevice::ReadOnly);
        const QSize size = QImageReader(&buffer, format_).size();
        if (!size.isValid()) return Failure::broken;
        if (qint64{size.width()} * size.height() > max_image_pixels) return Failure::too_large;
        return size;
    }

private:
    [[nodiscard]] QImage read() {
        QBuffer buffer(&bytes_);
        buffer.open(QIODevice::ReadOnly);
        QImageReader reader(&buffer, format_);
        reader.setAutoTransform(true);
        return reader.read();
    }
    static QRgb over_white(QRgb pixel) {
        const int alpha = qAlpha(pixel);
        const auto blend = [&](int channel) { return (channel * alpha + 255 * (255 - alpha)) / 255; };
        return qRgb(blend(qRed(pixel)), blend(qGreen(pixel)), blend(qBlue(pixel)));
    }

    QByteArray bytes_;
    const char* format_;
};

} // namespace

Opened open_image(const QByteArray& bytes, const char* format) {
    QImageReader::setAllocationLimit(max_image_mib);
    auto image = std::make_unique<Image>(bytes, format);
    const auto size = image->size();
    if (const auto* failure = std::get_if<Failure>(&size)) return *failure;
    return image;
}

} // namespace mohr::desktop::preview
