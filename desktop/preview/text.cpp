// SPDX-License-Identifier: Apache-2.0
#include "preview/text.hpp"

#include <QStringDecoder>
#include <algorithm>

namespace mohr::desktop::preview {
namespace {

/// Bytes of the well-formed UTF-8 character that begins here (RFC 3629 section 4); 0 if none does.
qsizetype character_bytes(QByteArrayView bytes) {
    const auto at = [&](qsizetype i) { return static_cast<unsigned char>(bytes[i]); };
    const unsigned char lead = at(0);
    if (lead < 0x80) return 1;
    const qsizetype size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || bytes.size() < size) return 0;
    for (qsizetype i = 1; i < size; ++i)
        if ((at(i) & 0xC0U) != 0x80U) return 0;
    const bool overlong = (lead == 0xE0 && at(1) < 0xA0) || (lead == 0xF0 && at(1) < 0x90);
    const bool outside = (lead == 0xED && at(1) > 0x9F) || (lead == 0xF4 && at(1) > 0x8F);
    return overlong || outside ? 0 : size;
}

DecodedText decode_utf8(QByteArrayView bytes) {
    DecodedText decoded;
    qsizetype run = 0;
    qsizetype at = 0;
    const auto flush = [&] {
        decoded.text += QString::fromUtf8(bytes.sliced(run, at - run));
        run = at;
    };
    while (at < bytes.size()) {
        if (const qsizetype size = character_bytes(bytes.sliced(at)); size > 0) {
            at += size;
            continue;
        }
        flush();
        decoded.text +=
            QStringLiteral("\\x{%1}").arg(static_cast<unsigned char>(bytes[at]), 2, 16, QLatin1Char('0'));
        decoded.valid = false;
        run = ++at;
    }
    flush();
    return decoded;
}

bool has_unpaired_surrogate(const QString& text) {
    for (qsizetype i = 0; i < text.size(); ++i) {
        if (!text[i].isSurrogate()) continue;
        if (!text[i].isHighSurrogate() || i + 1 == text.size() || !text[i + 1].isLowSurrogate()) return true;
        ++i;
    }
    return false;
}

DecodedText decode_utf16(QByteArrayView bytes, bool big_endian) {
    DecodedText decoded;
    decoded.text.resize(bytes.size() / 2);
    for (qsizetype i = 0; i < decoded.text.size(); ++i) {
        const auto first = static_cast<unsigned char>(bytes[2 * i]);
        const auto second = static_cast<unsigned char>(bytes[2 * i + 1]);
        const unsigned unit = big_endian ? first * 256U + second : second * 256U + first;
        decoded.text[i] = QChar(static_cast<char16_t>(unit));
    }
    decoded.valid = bytes.size() % 2 == 0 && !has_unpaired_surrogate(decoded.text);
    if (bytes.size() % 2 != 0)
        decoded.text +=
            QStringLiteral("\\x{%1}").arg(static_cast<unsigned char>(bytes.back()), 2, 16, QLatin1Char('0'));
    return decoded;
}

} // namespace

DecodedText decode_text(QByteArrayView bytes) {
    DecodedText decoded;
    if (bytes.startsWith("\xEF\xBB\xBF"))
        decoded = decode_utf8(bytes.sliced(3));
    else if (bytes.startsWith("\xFF\xFE"))
        decoded = decode_utf16(bytes.sliced(2), false);
    else if (bytes.startsWith("\xFE\xFF"))
        decoded = decode_utf16(bytes.sliced(2), true);
    else
        decoded = decode_utf8(bytes);
    decoded.text.replace(QStringLiteral("\r\n"), QStringLiteral("\n"));
    return decoded;
}

QList<qsizetype> page_starts(const QString& text) {
    QList<qsizetype> starts{0};
    while (text.size() - starts.last() > 0) {
        const qsizetype start = starts.last();
        const qsizetype limit = std::min(text.size(), start + max_page_characters);
        qsizetype end = start;
        for (int lines = 0; lines < max_page_lines && end < limit; ++lines) {
            const qsizetype line_end = text.indexOf(QLatin1Char('\n'), end);
            if (line_end < 0 || line_end >= limit) {
                if (limit == text.size() || lines == 0) end = limit;
                break;
            }
            end = line_end + 1;
        }
        if (end < text.size() && end > start + 1 && text[end].isLowSurrogate()) --end;
        if (end == text.size()) break;
        starts.append(end);
    }
    return starts;
}

} // namespace mohr::desktop::preview
