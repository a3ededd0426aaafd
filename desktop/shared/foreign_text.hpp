// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

class QLabel;

/// Texts that came from pages, documents and certificates, made safe to draw (T17).
namespace mohr::desktop {

/// Control, bidirectional and other invisible characters stand as "\u{202e}"; line ends and tabs as spaces.
[[nodiscard]] QString visible_text(const QString& foreign);
/// The same of several lines: line ends and tabs stay.
[[nodiscard]] QString visible_lines(const QString& foreign);
/// `visible_text`, between isolates, so that it cannot turn what stands around it (U+2066..U+2069).
[[nodiscard]] QString isolated(const QString& foreign);
/// The same, always left to right: origins, file names of programs, digests, codes.
[[nodiscard]] QString isolated_ltr(const QString& foreign);

/// Where the lines of the language begin, whatever direction the label's own text has.
void hold_at_reading_edge(QLabel& label);
/// Plain text, selectable, wraps anywhere; never rich text, whatever it holds.
void show_foreign(QLabel& label, const QString& foreign);
/// The same for what is always left to right.
void show_foreign_ltr(QLabel& label, const QString& foreign);

} // namespace mohr::desktop
