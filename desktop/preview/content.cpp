// SPDX-License-Identifier: Apache-2.0
#include "preview/content.hpp"

#include "preview/text.hpp"
#include "preview/xml.hpp"

#include <algorithm>
#include <cmath>

namespace mohr::desktop::preview {
namespace {

constexpr qsizetype pdf_header_within = 1024; // ISO 32000-2, implementation note on 7.5.2

enum class Type { unknown, text, xml, pdf, png, jpeg, other };

class Text final : public Content {
public:
    Text(QString text, Form form, std::uint32_t told)
        : text_(std::move(text)), form_(form), starts_(page_starts(text_)) {
        notices = told;
    }
    [[nodiscard]] Form form() const override { return form_; }
    [[nodiscard]] std::uint32_t pages() const override { return static_cast<std::uint32_t>(starts_.size()); }
    [[nodiscard]] Page page(std::uint32_t number, std::uint32_t) override {
        const qsizetype start = starts_[number];
        const qsizetype end = number + 1 < starts_.size() ? starts_[number + 1] : text_.size();
        return text_.sliced(start, end - start);
    }

private:
    QString text_;
    Form form_;
    QList<qsizetype> starts_;
};

/// The media type without its parameters.
Type declared_type(const QString& media_type) {
    const QString type = media_type.section(QLatin1Char(';'), 0, 0).trimmed().toLower();
    if (type.isEmpty() || type == QStringLiteral("application/octet-stream")) return Type::unknown;
    if (type == QStringLiteral("application/pdf")) return Type::pdf;
    if (type == QStringLiteral("image/png")) return Type::png;
    if (type == QStringLiteral("image/jpeg")) return Type::jpeg;
    if (type.endsWith(QStringLiteral("/xml")) || type.endsWith(QStringLiteral("+xml"))) return Type::xml;
    if (type.startsWith(QStringLiteral("text/")) || type.endsWith(QStringLiteral("/json")) ||
        type.endsWith(QStringLiteral("+json")))
        return Type::text;
    return Type::other;
}

Type type_by_itself(const QByteArray& bytes) {
    if (bytes.startsWith("%PDF-")) return Type::pdf;
    if (bytes.startsWith("\x89PNG\r\n\x1a\n")) return Type::png;
    if (bytes.startsWith("\xFF\xD8\xFF")) return Type::jpeg;
    return Type::unknown;
}

Opened open_text(const QByteArray& bytes, std::uint32_t told) {
    DecodedText decoded = decode_text(bytes);
    if (!decoded.valid) told |= notice_not_unicode;
    return std::make_unique<Text>(std::move(decoded.text), Form::text, told);
}

Opened open_xml(const QByteArray& bytes) {
    auto indented = indent_xml(bytes);
    if (!indented) return open_text(bytes, notice_as_it_is);
    return std::make_unique<Text>(std::move(indented->text), Form::xml, indented->cut ? notice_cut : 0U);
}

/// Of a kind that nobody named: text, if it is.
Opened open_unknown(const QByteArray& bytes) {
    if (bytes.startsWith("<?xml")) return open_xml(bytes);
    DecodedText decoded = decode_text(bytes);
    if (!decoded.valid || decoded.text.contains(QChar(QChar::Null))) return Failure::unknown_kind;
    return std::make_unique<Text>(std::move(decoded.text), Form::text, 0U);
}

Opened open_as(Type type, const QByteArray& bytes) {
    switch (type) {
    case Type::pdf:
        return open_pdf(bytes);
    case Type::png:
        return open_image(bytes, "png");
    case Type::jpeg:
        return open_image(bytes, "jpeg");
    case Type::xml:
        return open_xml(bytes);
    case Type::text:
        return open_text(bytes, 0);
    case Type::unknown:
    case Type::other:
        break;
    }
    return open_unknown(bytes);
}

} // namespace

Opened open_content(const QByteArray& bytes, const QString& media_type) {
    const Type declared = declared_type(media_type);
    Type type = type_by_itself(bytes);
    const bool other = type != Type::unknown && declared != Type::unknown && declared != type;
    if (type == Type::unknown && declared == Type::pdf &&
        !bytes.first(std::min(bytes.size(), pdf_header_within)).contains("%PDF-"))
        return Failure::broken;
    Opened opened = open_as(type == Type::unknown ? declared : type, bytes);
    if (auto* content = std::get_if<std::unique_ptr<Content>>(&opened); content != nullptr && other)
        (*content)->notices |= notice_other_kind;
    return opened;
}

QSize fitting_size(QSizeF sides, std::uint32_t width) {
    const double w = std::max(sides.width(), 1e-3);
    const double ratio =
        std::clamp(std::max(sides.height(), 1e-3) / w, 1.0 / max_page_side, 1.0 * max_page_side);
    double side = std::clamp<double>(width, 16, max_page_side);
    side = std::min({side, max_page_side / ratio, std::sqrt(max_page_pixels / ratio)});
    return {std::max(1, static_cast<int>(side)), std::max(1, static_cast<int>(side * ratio))};
}

} // namespace mohr::desktop::preview
