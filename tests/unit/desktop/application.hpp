// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "prompt/pin_field.hpp"

#include <QApplication>

/// One for the program, since Qt knows no second, without a screen.
inline void start_application() {
    static int count = 1;
    static char name[] = "prompt_window_test";
    static char* arguments[] = {name, nullptr};
    static const bool headless = qputenv("QT_QPA_PLATFORM", "offscreen");
    static QApplication application(count, arguments);
    static const bool installed = (mohr::desktop::install_pin_field_accessibility(), true);
    (void)headless;
    (void)installed;
}
