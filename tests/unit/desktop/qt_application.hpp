// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "shared/language.hpp"

#include <QApplication>

namespace mohr::test {

/// The one application object that widgets, icons and catalogues need, without a display. It is never destroyed: at exit
/// the library's own statics are gone before ours.
inline void start_application() {
    static int count = 1;
    static char name[] = "desktop_test";
    static char* arguments[] = {name, nullptr};
    static const bool headless = qputenv("QT_QPA_PLATFORM", "offscreen");
    static const auto* const application = headless ? new QApplication(count, arguments) : nullptr;
    (void)application;
}

inline void use_language(desktop::Language language) {
    start_application();
    desktop::install_language(language, {QStringLiteral("manager"), QStringLiteral("token")});
}

} // namespace mohr::test
