// SPDX-License-Identifier: Apache-2.0
#include "preview/content.hpp"

#include <algorithm>
#include <array>

#include <poppler-form.h>
#include <poppler-link.h>
#include <poppler-qt6.h>

namespace mohr::desktop::preview {
namespace {

constexpr double points_an_inch = 72.0;
constexpr qsizetype header_bytes = 1024; ///< where a linearised file says that it is one

class Pdf final : public Content {
public:
    explicit Pdf(std::unique_ptr<Poppler::Document> document) : document_(std::move(document)) {
        document_->setRenderHint(Poppler::Document::Antialiasing);
        document_->setRenderHint(Poppler::Document::TextAntialiasing);
    }
    [[nodiscard]] Form form() const override { return Form::pages; }
    [[nodiscard]] std::uint32_t pages() const override {
        return std::min(static_cast<std::uint32_t>(std::max(document_->numPages(), 0)), max_pages);
    }
    [[nodiscard]] Page page(std::uint32_t number, std::uint32_t width) override {
        const auto page = document_->page(static_cast<int>(number));
        if (!page) return Failure::broken;
        const QSizeF points = page->pageSizeF();
        const QSize size = fitting_size(points, width);
        const double dots = points_an_inch * size.width() / std::max(points.width(), 1e-3);
        const QImage drawn = page->renderToImage(dots, dots, 0, 0, size.width(), size.height());
        if (drawn.isNull()) return Failure::broken;
        return drawn.convertToFormat(QImage::Format_RGB32);
    }

private:
    std::unique_ptr<Poppler::Document> document_;
};

/// Names of ISO 32000 that stand in the file in clear; those inside compressed objects are found by poppler's own means.
std::uint32_t named_in_clear(const QByteArray& bytes) {
    struct Mark {
        const char* name;
        std::uint32_t notice;
    };
    static constexpr std::array marks{
        Mark{"/JavaScript", notice_scripts}, Mark{"/JS", notice_scripts},
        Mark{"/AcroForm", notice_forms},     Mark{"/EmbeddedFile", notice_files},
        Mark{"/Launch", notice_actions},     Mark{"/SubmitForm", notice_actions},
        Mark{"/ImportData", notice_actions}, Mark{"/RichMedia", notice_actions},
        Mark{"/OCProperties", notice_layers}};
    std::uint32_t notices = 0;
    for (const Mark& mark : marks)
        if (bytes.contains(mark.name)) notices |= mark.notice;
    // One end of file for each time that something was added; a linearised file has one more by itself.
    const bool linearised = bytes.first(std::min(bytes.size(), header_bytes)).contains("/Linearized");
    if (bytes.count("startxref") > (linearised ? 2 : 1)) notices |= notice_revisions;
    return notices;
}

std::uint32_t notices_of(const Poppler::Document& document) {
    std::uint32_t notices = 0;
    if (!document.scripts().isEmpty()) notices |= notice_scripts;
    if (document.formType() != Poppler::Document::NoForm) notices |= notice_forms;
    if (document.hasEmbeddedFiles()) notices |= notice_files;
    if (document.hasOptionalContent()) notices |= notice_layers;
    return notices;
}

} // namespace

Opened open_pdf(const QByteArray& bytes) {
    Poppler::setDebugErrorFunction([](const QString&, const QVariant&) {}, {});
    auto document = Poppler::Document::loadFromData(bytes);
    if (!document) return Failure::broken;
    if (document->isLocked()) return Failure::encrypted;
    const std::uint32_t notices = notices_of(*document) | named_in_clear(bytes);
    auto pdf = std::make_unique<Pdf>(std::move(document));
    if (pdf->pages() == 0) return Failure::broken;
    pdf->notices = notices;
    return pdf;
}

} // namespace mohr::desktop::preview
