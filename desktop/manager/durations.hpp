// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

namespace mohr::desktop {

/// "3 minutes and 20 seconds" in the current language.
[[nodiscard]] QString duration_text(qint64 seconds);

} // namespace mohr::desktop
