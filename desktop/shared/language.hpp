// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>
#include <QStringList>
#include <cstdint>

/// The two languages of the windows (R169): Persian, right to left, unless the person chose English.
namespace mohr::desktop {

enum class Language : std::uint8_t { fa, en };

/// "fa" or "en"; anything else is Persian, the default.
[[nodiscard]] Language language_from_name(const QString& name);
[[nodiscard]] QString language_name(Language language);

/// Loads the shared catalogue and those of `programs`, turns the layout and the default locale. Callable again at
/// run time: every widget then gets QEvent::LanguageChange.
void install_language(Language language, const QStringList& programs);
void install_language(Language language, const QString& program);
[[nodiscard]] Language current_language();

/// A whole number in the language's digits.
[[nodiscard]] QString number_text(qint64 number);
/// A count of bytes as people read it, in the language's digits: "1.2 MiB".
[[nodiscard]] QString size_text(quint64 bytes);

} // namespace mohr::desktop
