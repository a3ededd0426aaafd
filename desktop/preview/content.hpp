// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "shared/preview_messages.hpp"

#include <QByteArray>
#include <QImage>
#include <QString>
#include <memory>
#include <variant>

namespace mohr::desktop::preview {

/// A document that could be opened. Its bytes outlive it.
class Content {
public:
    virtual ~Content() = default;
    [[nodiscard]] virtual Form form() const = 0;
    [[nodiscard]] virtual std::uint32_t pages() const = 0;
    /// Text, an image of at most max_page_side and max_page_pixels, or why there is none.
    using Page = std::variant<QString, QImage, Failure>;
    [[nodiscard]] virtual Page page(std::uint32_t number, std::uint32_t width) = 0;

    std::uint32_t notices = 0;
};
using Opened = std::variant<std::unique_ptr<Content>, Failure>;

/// What the bytes are is decided by themselves where they say so (PDF, PNG, JPEG), else by the media type.
[[nodiscard]] Opened open_content(const QByteArray& bytes, const QString& media_type);

[[nodiscard]] Opened open_pdf(const QByteArray& bytes);
/// `format` is "png" or "jpeg".
[[nodiscard]] Opened open_image(const QByteArray& bytes, const char* format);

/// The size of a page that is `width` pixels wide, within the limits, from its own sides in any unit.
[[nodiscard]] QSize fitting_size(QSizeF sides, std::uint32_t width);

} // namespace mohr::desktop::preview
