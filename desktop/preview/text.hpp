// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArrayView>
#include <QList>
#include <QString>

/// Foreign bytes as text. Nothing here throws, and every result is bounded by its input.
namespace mohr::desktop::preview {

struct DecodedText {
    QString text;
    bool valid = true; ///< else bytes that are none stand as "\x{9f}"
};
/// UTF-16 where a byte order mark says so, else UTF-8, with or without one. Line ends become "\n".
[[nodiscard]] DecodedText decode_text(QByteArrayView bytes);

inline constexpr qsizetype max_page_characters = 16'000; ///< UTF-16 units
inline constexpr int max_page_lines = 400;
/// Where the pages of a text begin, the first at 0: ended by a line where there is one, never inside a character.
[[nodiscard]] QList<qsizetype> page_starts(const QString& text);

} // namespace mohr::desktop::preview
