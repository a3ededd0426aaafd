// SPDX-License-Identifier: Apache-2.0
#include "prompt/arming.hpp"

#include <algorithm>

namespace mohr::desktop {

void Arming::wait(Instant now) noexcept {
    waiting_ = false;
    from_ = now + delay;
}

void Arming::early_key(Instant now) noexcept {
    if (!waiting_ && now < from_) from_ = std::max(from_, now + quiet);
}

} // namespace mohr::desktop
