// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "prompt/pin_field.hpp"
#include "qt_application.hpp"

/// The application of the prompt window's tests: it also knows what PIN fields tell assistive technology.
inline void start_prompt_application() {
    mohr::test::start_application();
    static const bool installed = (mohr::desktop::install_pin_field_accessibility(), true);
    (void)installed;
}
