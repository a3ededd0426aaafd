// SPDX-License-Identifier: Apache-2.0
#include "activity_log.hpp"
#include "catch_compat.hpp"
#include "io_loop.hpp"
#include "operations.hpp"
#include "permissions.hpp"
#include "scripted_consent.hpp"
#include "token_fixture.hpp"

#include <chrono>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

using namespace mohr;
using namespace mohr::core;

namespace {

constexpr int connections = 8;

/// Everything real but the network: threads, pool, vault, log, scripted consent.
struct Fixture : test::TokenFixture {
    IoLoop loop{3};
    test::TestAuthority authority{clock};
    std::unique_ptr<SitePermissions> sites;
    std::unique_ptr<ActivityLog> log;
    std::unique_ptr<ScriptedConsent> consent;
    std::unique_ptr<OperationService> service;
    int per_connection = 0;
    std::size_t batch = 1;
    int running = 0;
    int granted = 0;
    int items = 0;
    int failed = 0;
    link::OperationId last_id = 0;

    Fixture() {
        open();
        initialise();
        const auto proof = user();
        const auto key = token->generate_key(proof, token::KeyAlgorithm::ec_p256, "key").value();
        (void)token
            ->import_certificate(proof, {authority.issue(key.public_key_info)},
                                 token::CertificateState::active)
            .value();
        sites = std::make_unique<SitePermissions>(
            SitePermissions::open(scratch.path() / "sites.json", loop, clock).value());
        log = ActivityLog::open({.directory = scratch.path() / "log"}, loop, *token, clock).value();
        consent =
            std::make_unique<ScriptedConsent>(ScriptedConsent::read_mode("allow").value(),
                                              test::pin(test::user_pin), test::pin(test::admin_pin), loop);
        service = std::make_unique<OperationService>(loop, *token, *consent, *sites, *log, clock,
                                                     PolicyConfig{}, OperationService::Changes{});
    }
    ~Fixture() {
        loop.join_pool();
        service.reset();
    }

    void next(int connection, int left) {
        if (left == 0) {
            if (--running == 0) loop.stop();
            return;
        }
        link::Sign sign;
        sign.format = link::SignFormat::cms;
        for (std::size_t i = 0; i < batch; ++i) {
            link::SignItem item;
            item.name = "document";
            item.digest = digest(DigestAlgorithm::sha256, as_bytes(std::to_string(i)));
            sign.items.push_back(std::move(item));
        }
        Requester who;
        who.connection = static_cast<link::ConnectionId>(connection);
        who.origin = "https://s" + std::to_string(connection) + ".example";
        OperationService::Callbacks callbacks;
        callbacks.on_reply = [this, connection, left](const protocol::Outcome<link::Answer>& reply) {
            if (reply) {
                ++granted;
                items += static_cast<int>(std::get<link::Signed>(*reply).items.size());
            } else {
                ++failed;
            }
            next(connection, left - 1);
        };
        const auto id = ++last_id;
        service->start(std::move(who),
                       link::Operation{id, static_cast<link::ConnectionId>(connection), 0, std::move(sign)},
                       {}, std::move(callbacks));
    }

    void run() {
        running = connections;
        loop.post([this] {
            for (int i = 1; i <= connections; ++i) {
                sites->set("https://s" + std::to_string(i) + ".example", SitePermission::access,
                           Decision::allow);
                next(i, per_connection);
            }
        });
        loop.run();
        CHECK(failed == 0);
        CHECK(granted == connections * per_connection);
        CHECK(items == granted * static_cast<int>(batch));
    }
};

} // namespace

TEST_CASE("eight connections sign at once, each use with its own line in one whole log [R188] [T34]",
          "[threads]") {
    Fixture f;
    f.batch = GENERATE(std::size_t{1}, std::size_t{20});
    f.per_connection = 25;
    f.run();
    const auto verdict = f.log->verify();
    REQUIRE(verdict);
    CHECK(verdict->intact);
    CHECK(verdict->entries == 1U + connections * 25U);
    CHECK(f.token->log_head().count == verdict->entries);
}

// Not run by default: what the core alone reaches on this machine and disk.
TEST_CASE("rates of the core alone", "[.rates]") {
    Fixture f;
    f.batch = GENERATE(std::size_t{1}, std::size_t{100});
    f.per_connection = f.batch == 1 ? 2000 : 100;
    const auto begin = std::chrono::steady_clock::now();
    const auto begin_cpu = std::clock();
    f.run();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    const auto cpu_seconds = static_cast<double>(std::clock() - begin_cpu) / CLOCKS_PER_SEC;
    WARN("batch of " << f.batch << ": " << f.items / took.count() << " signatures a second, "
                     << f.items / cpu_seconds << " a processor second");
    CHECK(f.items > 0);
}
