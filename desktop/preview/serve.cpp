// SPDX-License-Identifier: Apache-2.0
#include "preview/serve.hpp"

#include "preview/content.hpp"
#include <mohr/base/files.hpp>

#include <sys/mman.h>
#include <sys/stat.h>

#include <QBuffer>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace mohr::desktop::preview {
namespace {

/// One page that names a font it does not bring along.
constexpr const char* own_pdf =
    "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</Font<</F<</Type/Font/Subtype/Type1"
    "/BaseFont/Helvetica>>>>>>>>endobj 4 0 obj<</Length 24>>stream\nBT /F 9 Tf (a) Tj ET    \nendstream endobj\n"
    "trailer<</Root 1 0 R/Size 5>>\n%%EOF\n";

bool send(Reply reply, QByteArrayView payload = {}) {
    reply.length = static_cast<std::uint32_t>(payload.size());
    const auto view = [](const void* data, std::size_t size) {
        return ByteView(static_cast<const std::uint8_t*>(data), size);
    };
    return write_all(STDOUT_FILENO, view(&reply, sizeof reply)).has_value() &&
           write_all(STDOUT_FILENO, view(payload.data(), static_cast<std::size_t>(payload.size())))
               .has_value();
}

/// False at the end of the parent's wishes.
bool receive(Request& request) {
    std::array<char, sizeof(Request)> bytes{};
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t n = ::read(STDIN_FILENO, bytes.data() + done, bytes.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        done += static_cast<std::size_t>(n);
    }
    std::memcpy(&request, bytes.data(), sizeof request);
    return true;
}

bool send_failure(Failure failure, std::uint32_t page) {
    return send({Kind::failed, static_cast<std::uint32_t>(failure), page});
}

bool send_image(const QImage& image, std::uint32_t page) {
    const auto width = static_cast<std::uint32_t>(image.width());
    const auto height = static_cast<std::uint32_t>(image.height());
    const qsizetype line = qsizetype{4} * image.width();
    QByteArray pixels;
    pixels.reserve(line * image.height());
    for (int y = 0; y < image.height(); ++y)
        pixels.append(reinterpret_cast<const char*>(image.constScanLine(y)), line);
    return send({Kind::pixels, page, width, height}, pixels);
}

bool answer(Content& content, const Request& request) {
    if (request.page >= content.pages()) return send_failure(Failure::internal, request.page);
    const auto page = content.page(request.page, request.width);
    if (const auto* failure = std::get_if<Failure>(&page)) return send_failure(*failure, request.page);
    if (const auto* image = std::get_if<QImage>(&page)) return send_image(*image, request.page);
    return send({Kind::text, request.page}, std::get<QString>(page).toUtf8());
}

} // namespace

Result<QByteArray> map_document(const Source& source) {
    constexpr int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
    const int held = ::fcntl(document_descriptor, F_GET_SEALS);
    if (held < 0 || (held & seals) != seals) return Error(BaseErrc::malformed, "the document is not sealed");
    struct stat status {};
    if (::fstat(document_descriptor, &status) != 0) return system_failure("fstat");
    const auto length = static_cast<std::uint64_t>(status.st_size);
    if (source.offset > length || source.size > length - source.offset)
        return Error(BaseErrc::malformed, "the document has not the announced size");
    if (source.size == 0) return QByteArray("");
    void* const all = ::mmap(nullptr, length, PROT_READ, MAP_PRIVATE, document_descriptor, 0);
    if (all == MAP_FAILED) return system_failure("mmap");
    return QByteArray::fromRawData(static_cast<const char*>(all) + source.offset,
                                   static_cast<qsizetype>(source.size));
}

void warm_up() {
    const auto draw = [](const Opened& opened) {
        if (const auto* content = std::get_if<std::unique_ptr<Content>>(&opened))
            (void)(*content)->page(0, 16);
    };
    draw(open_pdf(QByteArray(own_pdf)));
    QImage dot(2, 2, QImage::Format_RGB32);
    dot.fill(Qt::white);
    for (const char* format : {"png", "jpeg"}) {
        QByteArray bytes;
        QBuffer buffer(&bytes);
        buffer.open(QIODevice::WriteOnly);
        dot.save(&buffer, format);
        draw(open_image(bytes, format));
    }
}

int serve(const QByteArray& document, const QString& media_type) {
    const Opened opened = open_content(document, media_type);
    if (const auto* failure = std::get_if<Failure>(&opened)) return send_failure(*failure, 0) ? 0 : 1;
    Content& content = *std::get<std::unique_ptr<Content>>(opened);
    if (!send({Kind::opened, static_cast<std::uint32_t>(content.form()), content.pages(), content.notices}))
        return 1;
    Request request;
    while (receive(request))
        if (!answer(content, request)) return 1;
    return 0;
}

} // namespace mohr::desktop::preview
