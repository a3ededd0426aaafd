// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "token_fixture.hpp"

#include <atomic>
#include <thread>

using namespace mohr;
using namespace mohr::token;
using mohr::test::pin;
using namespace std::chrono_literals;

namespace {

struct Signing : test::TokenFixture {
    Signing() {
        initialise();
        const test::TestAuthority authority(clock);
        const Authorisation opened = user();
        const TokenObject made = token->generate_key(opened, KeyAlgorithm::ec_p256, "").value();
        key = token
                  ->import_certificate(opened, {authority.issue(made.public_key_info)},
                                       CertificateState::active)
                  .value()
                  .id;
    }
    [[nodiscard]] Result<Bytes> sign(const Authorisation& proof) {
        return token->sign(proof, key, Purpose::sign_document, SignatureScheme::ecdsa,
                           DigestAlgorithm::sha256, Bytes(32, 7));
    }
    KeyId key;
};

} // namespace

TEST_CASE("five idle minutes lock the token, and every use starts them anew", "[token][lock]") {
    Signing fixture;
    CHECK(fixture.token->info().unlocked);
    const Authorisation user = fixture.user();
    fixture.clock.advance(5min - 1ms);
    const auto due = fixture.token->lock_if_idle();
    REQUIRE(due);
    CHECK(*due - fixture.clock.steady() == 1ms);
    REQUIRE(fixture.sign(user));
    fixture.clock.advance(5min - 1ms);
    CHECK(fixture.token->lock_if_idle());
    CHECK(fixture.token->info().unlocked);
    fixture.clock.advance(1ms);
    CHECK(!fixture.token->lock_if_idle());
    CHECK(!fixture.token->info().unlocked);
    CHECK(fixture.token->info().user.tries_left == 5);
    CHECK(!fixture.token->lock_if_idle());
}

TEST_CASE("an operation that has begun may end after the lock, and a new one needs the PIN again",
          "[token][lock]") {
    Signing fixture;
    {
        const Authorisation user = fixture.user();
        fixture.token->lock();
        CHECK(fixture.sign(user));
        CHECK(!fixture.token->info().unlocked);
    }
    CHECK(fixture.sign(fixture.user()));
    CHECK(fixture.token->info().unlocked);
    fixture.token->lock();
    fixture.token->lock();
    CHECK(fixture.token->info().user.tries_left == 5);
}

TEST_CASE("the admin PIN does not unlock the token", "[token][lock]") {
    Signing fixture;
    fixture.token->lock();
    (void)fixture.admin();
    CHECK(!fixture.token->info().unlocked);
}

TEST_CASE("many threads sign under one authorisation while others look, commit and lock",
          "[token][threads]") {
    Signing fixture;
    const Authorisation user = fixture.user();
    std::atomic<unsigned> signatures{0};
    std::atomic<bool> failed{false};
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (unsigned i = 0; i < 50; ++i) {
                if (fixture.sign(user)) ++signatures;
                LogHead head;
                head.count = t * 1000 + i + 1;
                if (!fixture.token->commit_log_head(head)) failed = true;
            }
        });
    threads.emplace_back([&] {
        for (int i = 0; i < 20; ++i) {
            if (fixture.token->info().serial.size() != 16) failed = true;
            if (!fixture.token->objects()) failed = true;
            fixture.token->lock();
            if (!fixture.token->authorise(Role::user, pin(test::user_pin))) failed = true;
        }
    });
    for (std::thread& thread : threads) thread.join();
    CHECK(signatures == 200);
    CHECK(!failed);
    CHECK(fixture.token->log_head().count == 3050);
}

TEST_CASE("the head of the activity log is durable and only moves on", "[token][log]") {
    test::TokenFixture fixture;
    fixture.open();
    CHECK(fixture.token->log_head().count == 0);
    LogHead head;
    head.count = 7;
    head.head.fill(0xab);
    REQUIRE(fixture.token->commit_log_head(head));
    LogHead earlier;
    earlier.count = 6;
    REQUIRE(fixture.token->commit_log_head(earlier));
    fixture.open();
    CHECK(fixture.token->log_head().count == 7);
    CHECK(fixture.token->log_head().head == head.head);
}

TEST_CASE(
    "the key of the activity log stays the same over restarts and resets, and is another on another device",
    "[token][log]") {
    test::TokenFixture fixture;
    fixture.initialise();
    const Secret key = fixture.token->log_key().value();
    CHECK(key.size() == 32);
    fixture.open();
    CHECK(fixture.token->log_key().value().same_as(key.reveal()));
    REQUIRE(fixture.token->reset(fixture.admin(), pin("482951"), pin("x482951"), {}));
    CHECK(fixture.token->log_key().value().same_as(key.reveal()));
    test::TokenFixture other;
    other.open();
    CHECK(!other.token->log_key().value().same_as(key.reveal()));
}
