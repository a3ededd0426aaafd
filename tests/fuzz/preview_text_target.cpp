// SPDX-License-Identifier: Apache-2.0
// What a hostile document may make of a preview: its pages are the whole of it, and none is larger than a page.
#include "preview/text.hpp"
#include "preview/xml.hpp"

#include <cstdint>
#include <cstdlib>

using namespace mohr::desktop::preview;

namespace {

void check_pages(const QString& text) {
    const auto starts = page_starts(text);
    if (starts.isEmpty() || starts.first() != 0) std::abort();
    for (qsizetype i = 0; i < starts.size(); ++i) {
        const qsizetype end = i + 1 < starts.size() ? starts[i + 1] : text.size();
        if (end - starts[i] > max_page_characters || (end <= starts[i] && !text.isEmpty())) std::abort();
        const auto page = text.sliced(starts[i], end - starts[i]);
        if (page.count(QLatin1Char('\n')) > max_page_lines) std::abort();
        if (i > 0 && page.front().isLowSurrogate() && text[starts[i] - 1].isHighSurrogate()) std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const QByteArray bytes(reinterpret_cast<const char*>(data), static_cast<qsizetype>(size));
    const DecodedText decoded = decode_text(bytes);
    if (decoded.text.size() > 6 * bytes.size()) std::abort();
    check_pages(decoded.text);
    if (const auto xml = indent_xml(bytes)) {
        if (xml->text.size() > max_xml_characters) std::abort();
        check_pages(xml->text);
    }
    return 0;
}
