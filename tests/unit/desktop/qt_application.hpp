// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "shared/language.hpp"

#include <QApplication>

namespace mohr::test {

/// The one application object that widgets, icons and catalogues need, without a display, in `language`.
inline void use_language(desktop::Language language) {
    static int count = 1;
    static char name[] = "desktop_manager_test";
    static char* arguments[] = {name, nullptr};
    qputenv("QT_QPA_PLATFORM", "offscreen");
    static QApplication application(count, arguments);
    desktop::install_language(language, {QStringLiteral("manager"), QStringLiteral("token")});
}

} // namespace mohr::test
