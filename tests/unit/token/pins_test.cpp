// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "token_fixture.hpp"

#include <array>
#include <atomic>
#include <thread>
#include <vector>

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

TEST_CASE("both PINs work after the first reset, each for its own role [R38] [R48] [R144]", "[token][pin]") {
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

TEST_CASE("many threads that guess at once, with locks between, get five tries and no more [R55]",
          "[token][pin]") {
    test::TokenFixture fixture;
    fixture.initialise();
    if (GENERATE(false, true)) (void)fixture.user(); // unlocked: against the verifier in memory
    std::array<std::atomic<int>, 6> told{};
    std::atomic<int> other{0};
    std::atomic<bool> over{false};
    std::vector<std::thread> guessers;
    for (int i = 0; i < 8; ++i)
        guessers.emplace_back([&] {
            for (int guess = 0; guess < 4; ++guess) {
                const auto answer = fixture.token->authorise(Role::user, pin("000111"));
                if (answer)
                    ++other;
                else if (answer.error().reason == PinReason::wrong)
                    ++told.at(answer.error().tries_left.value_or(5));
                else if (answer.error().reason != PinReason::blocked)
                    ++other;
            }
        });
    std::thread locker([&] {
        while (!over) fixture.token->lock();
    });
    for (auto& guesser : guessers) guesser.join();
    over = true;
    locker.join();
    CHECK(other == 0);
    for (const std::size_t left : {1U, 2U, 3U, 4U}) CHECK(told.at(left) == 1);
    CHECK(told[0] + told[5] == 0);
    CHECK(wrong(*fixture.token, Role::user, test::user_pin).reason == PinReason::blocked);
    fixture.open();
    CHECK(fixture.token->info().user.blocked());
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

TEST_CASE(
    "closing while unlocked gives back the try in hand, and locked means no key and no PIN in memory [R55]",
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

TEST_CASE("a right PIN is known at once only while nothing has to be written or waited for [R55]",
          "[token][pin]") {
    test::TokenFixture fixture;
    fixture.initialise();
    auto& token = *fixture.token;
    CHECK_FALSE(token.authorise_at_once(pin(test::user_pin))); // locked
    (void)fixture.user();
    const std::uint64_t epoch = token.info().epoch;
    const auto proof = token.authorise_at_once(pin(test::user_pin));
    REQUIRE(proof);
    CHECK(proof->role() == Role::user);
    CHECK_FALSE(token.authorise_at_once(pin("000111")));
    CHECK_FALSE(token.authorise_at_once(pin(test::admin_pin)));
    CHECK(token.info().epoch == epoch);
    CHECK(wrong(token, Role::user, "000111").tries_left == 4U);
    CHECK_FALSE(token.authorise_at_once(pin(test::user_pin))); // the tries must come back durably first
    (void)fixture.user();
    CHECK(token.authorise_at_once(pin(test::user_pin)));
    token.lock();
    CHECK_FALSE(token.authorise_at_once(pin(test::user_pin)));
}

// --- Rules of R42–R46 and their confirmations
// ------------------------------------------------------------------------

TEST_CASE("the user PIN takes 4 to 24 ASCII digits and nothing else [R42] [R43] [R195]", "[token][pin]") {
    const PinPolicy policy;
    const auto problem = [&](std::string_view text) { return check_user_pin(as_bytes(text), policy); };
    for (const std::string_view good : {"1234", "0000123", "012345678901234567890123"}) CHECK(!problem(good));
    for (const std::string_view bad : {"12a4", "12 34", "۱۲۳۴", "١٢٣٤", "１２３４", "12-4", "1234\n"})
        CHECK(problem(bad) == PinProblem::characters);
    for (const std::string_view bad : {"", "1", "123", "0123456789012345678901234"})
        CHECK(problem(bad) == PinProblem::length);
}

TEST_CASE("the admin PIN takes 4 to 24 ASCII letters and digits [R44] [R45]", "[token][pin]") {
    const PinPolicy policy;
    const auto problem = [&](std::string_view text) { return check_admin_pin(as_bytes(text), policy); };
    for (const std::string_view good : {"Ab12", "1234", "abcd", "ABcd1234efGH5678ijKL9012"})
        CHECK(!problem(good));
    for (const std::string_view bad : {"ab 1", "ab-1", "ابcd", "ab۱۲", "äbcd"})
        CHECK(problem(bad) == PinProblem::characters);
    for (const std::string_view bad : {"", "Ab1", "ABcd1234efGH5678ijKL90123"})
        CHECK(problem(bad) == PinProblem::length);
}

TEST_CASE("letter case matters in the admin PIN [R46]", "[token][pin]") {
    test::TokenFixture fixture;
    fixture.initialise(test::user_pin, "Abcd1");
    CHECK(wrong(*fixture.token, Role::admin, "abcd1").reason == PinReason::wrong);
    CHECK(wrong(*fixture.token, Role::admin, "ABCD1").reason == PinReason::wrong);
    CHECK(fixture.admin("Abcd1").role() == Role::admin);
}

TEST_CASE("a PIN that breaks a rule is refused with the rule's name, wherever it is set [R42] [R44]",
          "[token][pin]") {
    test::TokenFixture fixture;
    fixture.open();
    const auto initialise = [&](std::string_view user, std::string_view admin) {
        return fixture.token->initialise(pin(user), pin(admin), "", {true, true}).error();
    };
    CHECK(initialise("12a4", "Abcd").code == TokenErrc::user_pin_invalid);
    CHECK(initialise("12a4", "Abcd").detail == "user:characters");
    CHECK(initialise("123", "Abcd").detail == "user:length");
    CHECK(initialise("1234", "Ab-d").code == TokenErrc::admin_pin_invalid);
    CHECK(initialise("1234", "Abc").detail == "admin:length");
    CHECK(fixture.token->info().state == TokenState::activated);
    fixture.initialise();
    CHECK(fixture.token->change_pin(fixture.user(), pin("۱۲۳۴"), {true, true}).error().code ==
          TokenErrc::user_pin_invalid);
    CHECK(fixture.token->change_pin(fixture.admin(), pin("a b c"), {true, true}).error().code ==
          TokenErrc::admin_pin_invalid);
    CHECK(fixture.token->unblock_user(fixture.admin(), pin("Abcd"), {true, true}).error().code ==
          TokenErrc::user_pin_invalid);
    CHECK(fixture.token->reset(fixture.admin(), pin("1"), pin("Abcd"), {true, true}).error().code ==
          TokenErrc::user_pin_invalid);
    CHECK(fixture.user().role() == Role::user);
}

TEST_CASE("a guessable PIN is found with its reason", "[token][pin]") {
    const auto reason = [](std::string_view text) { return guessable(as_bytes(text)); };
    for (const std::string_view text : {"0000", "777777", "aaaa"})
        CHECK(reason(text) == Guessable::repeated_digit);
    for (const std::string_view text : {"1234", "9876", "7890", "3210", "abcd", "DCBA", "23456789"})
        CHECK(reason(text) == Guessable::sequence);
    for (const std::string_view text : {"1212", "123123", "abab", "48214821"})
        CHECK(reason(text) == Guessable::repeated_pattern);
    for (const std::string_view text :
         {"1985", "1364", "2001", "13640521", "21051985", "05211985", "640521", "210564"})
        CHECK(reason(text) == Guessable::date);
    for (const std::string_view text : {"2580", "Password", "ADMIN", "147258"})
        CHECK(reason(text) == Guessable::common);
    for (const std::string_view text : {"4829", "741852", "Adm1n2580", "9051", "83920174"})
        CHECK(!reason(text));
}

TEST_CASE("a guessable PIN and equal PINs wait for a confirmation that names the reason [R59]",
          "[token][pin]") {
    test::TokenFixture fixture;
    fixture.open();
    const auto initialise = [&](std::string_view user, std::string_view admin, PinConfirmations confirmed) {
        return fixture.token->initialise(pin(user), pin(admin), "", confirmed);
    };
    const auto needs = [&](std::string_view user, std::string_view admin, PinConfirmations confirmed) {
        const auto result = initialise(user, admin, confirmed);
        REQUIRE(!result);
        CHECK(result.error().code == TokenErrc::confirmation_needed);
        return result.error().detail;
    };
    CHECK(needs("1234", "x4829", {}) == "user:sequence");
    CHECK(needs("4829", "admin", {}) == "admin:common");
    CHECK(needs("4829", "4829", {}) == "equal");
    CHECK(needs("1111", "1111", {}) == "user:repeated_digit,admin:repeated_digit,equal");
    CHECK(needs("1111", "1111", {true, false}) == "equal");
    CHECK(needs("1111", "1111", {false, true}) == "user:repeated_digit,admin:repeated_digit");
    CHECK(fixture.token->info().state == TokenState::activated);
    CHECK(initialise("1111", "1111", {true, true}));

    CHECK(fixture.token->change_pin(fixture.user("1111"), pin("2345"), {}).error().detail == "user:sequence");
    CHECK(fixture.token->unblock_user(fixture.admin("1111"), pin("1111"), {true, false}).error().detail ==
          "equal");
    CHECK(fixture.token->unblock_user(fixture.admin("1111"), pin("1111"), {true, true}));
}

TEST_CASE("changing one PIN alone never tells whether it equals the other", "[token][pin]") {
    test::TokenFixture fixture;
    fixture.initialise("482951", "739205");
    CHECK(fixture.token->change_pin(fixture.user("482951"), pin("739205"), {}));
}

TEST_CASE("an organisation's policy turns the confirmation of a guessable PIN into a refusal",
          "[token][pin]") {
    test::TokenFixture fixture;
    auto options = fixture.options();
    options.policy.refuse_guessable = true;
    fixture.open(std::move(options));
    CHECK(fixture.token->initialise(pin("1234"), pin("x4829"), "", {true, true}).error().code ==
          TokenErrc::guessable_refused);
    CHECK(fixture.token->initialise(pin("4829"), pin("x4829"), "", {}));
}

// --- Unblocking and resets
// -------------------------------------------------------------------------------------------

TEST_CASE("the admin unblocks the user with a new PIN and the keys stay usable [R56]", "[token][pin]") {
    test::TokenFixture fixture;
    fixture.initialise();
    const test::TestAuthority authority(fixture.clock);
    const TokenObject key = fixture.token->generate_key(fixture.user(), KeyAlgorithm::ec_p256, "").value();
    REQUIRE(fixture.token->import_certificate(fixture.user(), {authority.issue(key.public_key_info)},
                                              CertificateState::active));
    fixture.token->lock();
    CHECK(tries_until_blocked(*fixture.token, Role::user) == 4);
    REQUIRE(fixture.token->unblock_user(fixture.admin(), pin("482951"), {}));
    CHECK(fixture.token->info().user.tries_left == 5);
    CHECK(!fixture.token->info().unlocked);
    CHECK(wrong(*fixture.token, Role::user, test::user_pin).reason == PinReason::wrong);
    CHECK(fixture.token->sign(fixture.user("482951"), key.id, Purpose::sign_document, SignatureScheme::ecdsa,
                              DigestAlgorithm::sha256, Bytes(32)));
}

TEST_CASE("a reset needs the admin PIN, makes both PINs new and destroys keys on disk too [R51] [R145]",
          "[token][reset]") {
    test::TokenFixture fixture;
    fixture.initialise();
    const TokenObject key = fixture.token->generate_key(fixture.user(), KeyAlgorithm::ec_p256, "").value();
    CHECK(fixture.token->reset(fixture.user(), pin("482951"), pin("x482951"), {}).error().code ==
          TokenErrc::wrong_role);
    CHECK(fixture.token->objects().value().size() == 1);
    REQUIRE(fixture.token->reset(fixture.admin(), pin("482951"), pin("x482951"), {}));
    CHECK(fixture.token->objects().value().empty());
    CHECK(fixture.token->info().label == "Test token");
    CHECK(!fixture.token->info().unlocked);
    for (const char* name : {"vault.db", "vault.db-wal"}) {
        const auto path = fixture.scratch.path() / "data" / name;
        if (std::filesystem::exists(path))
            CHECK(as_text(test::read_file(path)).find(as_text(key.public_key_info)) ==
                  std::string_view::npos);
    }
    fixture.open();
    CHECK(!fixture.token->authorise(Role::user, pin(test::user_pin)));
    CHECK(!fixture.token->authorise(Role::admin, pin(test::admin_pin)));
    CHECK(fixture.user("482951").role() == Role::user);
    CHECK(fixture.admin("x482951").role() == Role::admin);
    CHECK(fixture.token->info().user.tries_left == 5);
    CHECK(fixture.token->info().admin.tries_left == 10);
}

TEST_CASE(
    "with the admin PIN blocked the user's keys stay usable and a full reset is the way out [R57] [R146]",
    "[token][reset]") {
    test::TokenFixture fixture;
    fixture.initialise();
    CHECK(fixture.token->reset_blocked(pin("482951"), pin("x482951"), {}).error().code ==
          TokenErrc::admin_not_blocked);
    (void)fixture.token->generate_key(fixture.user(), KeyAlgorithm::ec_p256, "").value();
    CHECK(tries_until_blocked(*fixture.token, Role::admin) == 9);
    CHECK(fixture.token->generate_key(fixture.user(), KeyAlgorithm::ec_p256, ""));
    REQUIRE(fixture.token->reset_blocked(pin("482951"), pin("x482951"), {}));
    CHECK(fixture.token->objects().value().empty());
    CHECK(fixture.admin("x482951").role() == Role::admin);
}
