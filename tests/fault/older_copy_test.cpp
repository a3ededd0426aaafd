// SPDX-License-Identifier: Apache-2.0
// Whoever swaps files of the token for older copies, in any order and as often as they like, gets no more
// guesses at the user PIN than the counter allows.
#include "catch_compat.hpp"
#include "fault.hpp"
#include "token_fixture.hpp"
#include <mohr/base/files.hpp>

#include <cstring>
#include <random>

using namespace mohr;
using namespace mohr::test;

namespace {

unsigned checks = 0; // the hook is a plain function

struct Files {
    Bytes vault;
    Bytes log;
    Bytes secret;
    Bytes epoch;
};

Bytes read_if_there(const std::filesystem::path& path) {
    return std::filesystem::exists(path) ? read_file(path) : Bytes{};
}

Files copy_of(const TokenFixture& fixture) {
    const auto& root = fixture.scratch.path();
    return {read_file(root / "data/vault.db"), read_if_there(root / "data/vault.db-wal"),
            read_file(root / "secret/device.key"), read_file(root / "state/epoch")};
}

enum class Swap { vault, vault_and_secret, file };

void put_back(const TokenFixture& fixture, const Files& files, Swap what) {
    const auto& root = fixture.scratch.path();
    if (what == Swap::file) {
        REQUIRE(write_private(root / "state/epoch", files.epoch));
        return;
    }
    REQUIRE(write_private(root / "data/vault.db", files.vault));
    std::filesystem::remove(root / "data/vault.db-wal");
    if (!files.log.empty()) REQUIRE(write_private(root / "data/vault.db-wal", files.log));
    if (what == Swap::vault_and_secret) REQUIRE(write_private(root / "secret/device.key", files.secret));
}

} // namespace

TEST_CASE("swapping the vault, the vault with its secret, or the file for older copies gives no free try "
          "[R55] [T29]",
          "[fault][older]") {
    const unsigned seed = GENERATE(range(1U, 13U));
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto dice = [&](unsigned sides) {
        return std::uniform_int_distribution<unsigned>(0, sides - 1)(random);
    };
    TokenFixture fixture;
    fixture.initialise();
    std::vector<Files> copies;

    // The owner's history: uses, slips, locks, a restart now and then; a thief takes copies at any moment.
    for (int i = 0; i < 60; ++i) {
        switch (dice(6)) {
        case 0:
            (void)fixture.token->authorise(token::Role::user, pin("000111"));
            (void)fixture.user();
            break;
        case 1:
            (void)fixture.user();
            break;
        case 2:
            fixture.token->lock();
            break;
        case 3:
            fixture.open();
            break;
        case 4:
            (void)fixture.admin();
            break;
        default:
            copies.push_back(copy_of(fixture));
            break;
        }
    }
    fixture.token->lock();
    copies.push_back(copy_of(fixture));
    fixture.open();

    // The thief: guesses and swaps. Counted is every check that was made, told or not.
    checks = 0;
    token::set_fault_hook(
        [](const char* point) { checks += std::strcmp(point, "pin.checked") == 0 ? 1 : 0; });
    unsigned told = fixture.token->authorise(token::Role::user, pin("999000")).has_value() ? 0 : 1;
    for (int round = 0; round < 60; ++round) {
        for (unsigned guess = dice(3); guess > 0; --guess) {
            const auto result = fixture.token->authorise(token::Role::user, pin("999000"));
            REQUIRE(!result);
            if (result.error().reason == token::PinReason::wrong) ++told;
        }
        if (dice(4) == 0) copies.push_back(copy_of(fixture));
        fixture.token.reset();
        put_back(fixture, copies[dice(static_cast<unsigned>(copies.size()))], static_cast<Swap>(dice(3)));
        fixture.open();
    }
    token::set_fault_hook(nullptr);
    CHECK(checks <= 5);
    CHECK(told <= 4);
    CHECK(checks > 0); // the hook does count
}
