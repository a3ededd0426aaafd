// SPDX-License-Identifier: Apache-2.0
#include "manager/durations.hpp"

#include "shared/language.hpp"

namespace mohr::desktop {

QString duration_text(qint64 seconds) {
    if (seconds < 60) return qtTrId("manager.duration.seconds").arg(number_text(seconds));
    if (seconds % 60 == 0) return qtTrId("manager.duration.minutes").arg(number_text(seconds / 60));
    return qtTrId("manager.duration.both").arg(number_text(seconds / 60), number_text(seconds % 60));
}

} // namespace mohr::desktop
