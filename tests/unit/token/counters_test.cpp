// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "counters.hpp"
#include <mohr/base/random.hpp>

using namespace mohr;
using namespace mohr::token;

namespace {

Counters at(std::uint64_t epoch, std::uint32_t user, std::uint32_t admin = 10) {
    return {epoch, user, admin, false};
}
CounterCopy begun(Counters counters) {
    return {counters, Phase::begun};
}
CounterCopy settled(Counters counters) {
    return {counters, Phase::settled};
}

} // namespace

TEST_CASE("stores that agree change nothing", "[token][epoch]") {
    const auto found = reconcile(at(7, 4), settled(at(7, 4)), settled(at(7, 4)));
    CHECK(!found.suspected);
    CHECK(!found.changed);
    CHECK(found.counters == at(7, 4));
    CHECK(!reconcile(at(7, 4), begun(at(7, 4)), std::nullopt).changed);
    CHECK(!reconcile(at(0, 0), std::nullopt, std::nullopt).suspected);
}

TEST_CASE("a kill between file and vault is healed with the lower counters and no suspicion [R55]",
          "[token][epoch]") {
    const auto lowering = reconcile(at(7, 4), begun(at(8, 3)), settled(at(7, 4)));
    CHECK(!lowering.suspected);
    CHECK(lowering.changed);
    CHECK(lowering.counters.user_left == 3);
    const auto raising = reconcile(at(7, 2), begun(at(8, 5)), std::nullopt);
    CHECK(!raising.suspected);
    CHECK(raising.counters.user_left == 2);
}

TEST_CASE("a keyring that missed the last changes is no reason for suspicion", "[token][epoch]") {
    CHECK(!reconcile(at(9, 4), settled(at(9, 4)), settled(at(3, 5))).suspected);
}

TEST_CASE("an older vault is suspected and the lower counter holds [R55]", "[token][epoch]") {
    SECTION("two changes older than a file that only began") {
        const auto found = reconcile(at(7, 5), begun(at(9, 3)), std::nullopt);
        CHECK(found.suspected);
        CHECK(found.counters.admin_needed);
        CHECK(found.counters.user_left == 3);
        CHECK(found.counters.epoch == 9);
    }
    SECTION("one change older than a file that has settled") {
        CHECK(reconcile(at(7, 5), settled(at(8, 5)), std::nullopt).suspected);
    }
    SECTION("together with its file, while the keyring knows better") {
        const auto found = reconcile(at(7, 5), settled(at(7, 5)), settled(at(8, 4, 2)));
        CHECK(found.suspected);
        CHECK(found.counters.user_left == 4);
        CHECK(found.counters.admin_left == 2);
        CHECK(found.counters.epoch == 8);
    }
}

TEST_CASE("a file that is older than the vault, or gone, is suspected", "[token][epoch]") {
    CHECK(reconcile(at(9, 4), settled(at(8, 3)), std::nullopt).suspected);
    CHECK(reconcile(at(9, 4), settled(at(8, 3)), std::nullopt).counters.user_left == 3);
    CHECK(reconcile(at(9, 4), std::nullopt, std::nullopt).suspected);
}

TEST_CASE("a suspicion that only one store remembers is not forgotten", "[token][epoch]") {
    Counters needed = at(9, 4);
    needed.admin_needed = true;
    CHECK(reconcile(at(9, 4), settled(needed), std::nullopt).counters.admin_needed);
    CHECK(reconcile(needed, settled(at(9, 4)), std::nullopt).counters.admin_needed);
}

TEST_CASE("a copy is taken only under the right key, of the right token, and unchanged", "[token][epoch]") {
    const Secret key = random_secret(32);
    const CounterCopy copy{{42, 3, 9, true}, Phase::begun};
    const Bytes encoded = encode_copy(key, "0123456789abcdef", copy);
    const auto decoded = decode_copy(key, "0123456789abcdef", encoded);
    REQUIRE(decoded);
    CHECK(decoded->counters == copy.counters);
    CHECK(decoded->phase == Phase::begun);
    CHECK(!decode_copy(random_secret(32), "0123456789abcdef", encoded));
    CHECK(!decode_copy(key, "0123456789abcdee", encoded));
    CHECK(!decode_copy(key, "0123456789abcdef", ByteView(encoded).first(encoded.size() - 1)));
    CHECK(!decode_copy(key, "0123456789abcdef", {}));
    for (std::size_t i = 0; i < encoded.size(); ++i) {
        Bytes changed = encoded;
        changed[i] ^= 1;
        CHECK(!decode_copy(key, "0123456789abcdef", changed));
    }
}
