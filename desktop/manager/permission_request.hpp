// SPDX-License-Identifier: Apache-2.0
#pragma once

class QWidget;

#include <functional>

namespace mohr::desktop {

/// Message M02 with exactly one button, "Open settings" (R10); Escape and closing dismiss it.
void show_permission_message(QWidget& parent, std::function<void()> open_settings);

} // namespace mohr::desktop
