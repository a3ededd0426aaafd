// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>

namespace mohr::test {

#if defined(MOHR_SANITIZED)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

/// Before the return of a case that cannot be shown here: ctest counts it as skipped, and `./run test` prints why.
inline void leave_out(const char* reason) {
    std::fprintf(stderr, "SKIPPED: %s\n", reason);
}

} // namespace mohr::test
