// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QString>
#include <optional>

namespace mohr::desktop::preview {

inline constexpr qsizetype max_xml_characters = qsizetype{32} * 1024 * 1024;

struct IndentedXml {
    QString text;
    bool cut = false; ///< it would be longer than max_xml_characters
};
/// The document with its tags, one element a line, indented; white space between elements is left out. Nothing
/// external is loaded, entities expand to at most 4096 characters each. Nothing where it is not well-formed, or has
/// entities in other files.
[[nodiscard]] std::optional<IndentedXml> indent_xml(const QByteArray& bytes);

} // namespace mohr::desktop::preview
