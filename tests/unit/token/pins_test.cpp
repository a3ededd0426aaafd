// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "token_fixture.hpp"

using namespace mohr;
using namespace mohr::token;
using mohr::test::pin;

namespace {

PinFailure wrong(SoftToken& token, Role role, std::string_view text) {
    auto result = token.authorise(role, pin(text));
    REQUIRE(!result);
    return result.error();
}

/// One try of the user PIN after another until the failure is `blocked`; how many were answered "wrong"
/// before.
unsigned tries_until_blocked(SoftToken& token, Role role) {
    for (unsigned n = 0; n < 100; ++n)
        if (wrong(token, role, "999000").reason == PinReason::blocked) return n;
    return 100;
}

} // namespace

TEST_CASE("a token without a reset has no PIN that works for either role [R39]", "[token][pin]") {
    test::TokenFixture fixture;
    fixture.open();
    CHECK(fixture.token->info().state == TokenState::activated);
    CHECK(wrong(*fixture.token, Role::user, "1234").reason == PinReason::not_set);
    CHECK(wrong(*fixture.token, Role::admin, "1234").reason == PinReason::not_set);
    CHECK(!fixture.token->info().user.set);
}

TEST_CASE("both PINs work after the first reset, each for its own role [R38] [R144]", "[token][pin]") {
    test::TokenFixture fixture;
    fixture.initialise();
    CHECK(fixture.token->info().state == TokenState::initialised);
    CHECK(fixture.user().role() == Role::user);
    CHECK(fixture.admin().role() == Role::admin);
    CHECK(wrong(*fixture.token, Role::admin, test::user_pin).reason == PinReason::wrong);
    CHECK(fixture.token->initialise(pin("482951"), pin("482951x"), "again", {}).error().code ==
          TokenErrc::already_initialised);
}

TEST_CASE("the fifth wrong user PIN in a row blocks it, and the answers count down [R55]", "[token][pin]") {
    test::TokenFixture fixture;
    fixture.initialise();
    for (unsigned left = 4; left >= 1; --left) {
        const PinFailure failure = wrong(*fixture.token, Role::user, "000111");
        CHECK(failure.reason == PinReason::wrong);
        CHECK(failure.tries_left == left);
    }
    const PinFailure fifth = wrong(*fixture.token, Role::user, "000111");
    CHECK(fifth.reason == PinReason::blocked);
    CHECK(fifth.tries_left == 0U);
    CHECK(wrong(*fixture.token, Role::user, test::user_pin).reason == PinReason::blocked);
    fixture.open();
    CHECK(wrong(*fixture.token, Role::user, test::user_pin).reason == PinReason::blocked);
    CHECK(fixture.token->info().user.blocked());
}

TEST_CASE("the tenth wrong admin PIN in a row blocks it [R55]", "[token][pin]") {
    test::TokenFixture fixture;
    fixture.initialise();
    CHECK(tries_until_blocked(*fixture.token, Role::admin) == 9);
    CHECK(wrong(*fixture.token, Role::admin, test::admin_pin).reason == PinReason::blocked);
    CHECK(fixture.user().role() == Role::user);
}

TEST_CASE("while unlocked the same five tries count, and the last wrong one locks the token [R55]",
          "[token][pin]") {
    test::TokenFixture fixture;
    fixture.initialise();
    (void)fixture.user();
    CHECK(fixture.token->info().unlocked);
    CHECK(fixture.token->info().user.tries_left == 5);
    CHECK(tries_until_blocked(*fixture.token, Role::user) == 4);
    CHECK(!fixture.token->info().unlocked);
    CHECK(wrong(*fixture.token, Role::user, test::user_pin).reason == PinReason::blocked);
}

TEST_CASE("a right PIN gives every try back, locked or unlocked [R55]", "[token][pin]") {
    test::TokenFixture fixture;
    fixture.initialise();
    const bool unlocked = GENERATE(false, true);
    if (unlocked) (void)fixture.user();
    CHECK(wrong(*fixture.token, Role::user, "000111").tries_left == 4U);
    CHECK(wrong(*fixture.token, Role::user, "000111").tries_left == 3U);
    CHECK(fixture.token->info().user.tries_left == 3);
    (void)fixture.user();
    CHECK(fixture.token->info().user.tries_left == 5);
    fixture.token->lock();
    CHECK(fixture.token->info().user.tries_left == 5);
    CHECK(wrong(*fixture.token, Role::user, "000111").tries_left == 4U);
}

TEST_CASE("closing while unlocked gives back the try in hand; locked means no key and no PIN in memory [R55]",
          "[token][pin]") {
    test::TokenFixture fixture;
    fixture.initialise();
    (void)fixture.user();
    fixture.open();
    CHECK(!fixture.token->info().unlocked);
    CHECK(fixture.token->info().user.tries_left == 5);
}

TEST_CASE("a right PIN while unlocked changes nothing on disk", "[token][pin]") {
    test::TokenFixture fixture;
    fixture.initialise();
    (void)fixture.user();
    const std::uint64_t before = fixture.token->info().epoch;
    const Bytes log = test::read_file(fixture.scratch.path() / "data" / "vault.db-wal");
    for (int i = 0; i < 10; ++i) (void)fixture.user();
    CHECK(fixture.token->info().epoch == before);
    CHECK(test::read_file(fixture.scratch.path() / "data" / "vault.db-wal") == log);
}
