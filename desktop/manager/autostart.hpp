// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/failure.hpp"

namespace mohr::desktop {

/// The XDG autostart entry of mohr-desktop (Desktop Application Autostart Specification): the person's own file,
/// else the system's.
[[nodiscard]] bool autostart_enabled();
/// Writes the person's own entry; `false` keeps the system's from having an effect.
[[nodiscard]] Outcome<void> set_autostart(bool enabled);

} // namespace mohr::desktop
