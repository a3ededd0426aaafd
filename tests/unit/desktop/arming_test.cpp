// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "prompt/arming.hpp"

using mohr::desktop::Arming;
using namespace std::chrono_literals;

namespace {
const Arming::Instant begin{std::chrono::hours(1)};
}

TEST_CASE("a prompt is armed one second after it came on the screen [T14]", "[desktop][arming]") {
    Arming arming;
    CHECK_FALSE(arming.armed(begin));
    arming.shown(begin);
    for (const auto after : {0ms, 200ms, 900ms, 999ms}) CHECK_FALSE(arming.armed(begin + after));
    CHECK(arming.armed(begin + 1000ms));
    CHECK(arming.armed(begin + 1h));
}

TEST_CASE("each focus gain costs another second, and without the focus it is not armed [T14]",
          "[desktop][arming]") {
    Arming arming;
    arming.shown(begin);
    arming.unfocused();
    CHECK_FALSE(arming.armed(begin + 5s));
    arming.focused(begin + 5s);
    CHECK_FALSE(arming.armed(begin + 5999ms));
    CHECK(arming.armed(begin + 6s));
}

TEST_CASE("whoever is typing when it appears keeps it unarmed until a pause [T14]", "[desktop][arming]") {
    Arming arming;
    arming.shown(begin);
    for (auto at = 0ms; at < 3000ms; at += 200ms) {
        CHECK_FALSE(arming.armed(begin + at));
        arming.early_key(begin + at);
    }
    CHECK_FALSE(arming.armed(begin + 3049ms));
    CHECK(arming.armed(begin + 3050ms));
    // Once it is armed, keys are the person's.
    arming.early_key(begin + 4s);
    CHECK(arming.armed(begin + 4s));
}

TEST_CASE("a single early key does not put the second off by more than its pause [T14]",
          "[desktop][arming]") {
    Arming arming;
    arming.shown(begin);
    arming.early_key(begin + 900ms);
    CHECK_FALSE(arming.armed(begin + 1149ms));
    CHECK(arming.armed(begin + 1150ms));
}
