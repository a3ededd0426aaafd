// SPDX-License-Identifier: Apache-2.0
#if !defined(HAVE_CATCH2_V3)
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif

#if defined(MOHR_SANITIZED)
// Debian's Qt is not built for the thread sanitizer, which sees none of the locks of its thread pool.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
    return "race:libQt6";
}
#endif
