// SPDX-License-Identifier: Apache-2.0
// A door that was taken over: what it may not get from the core (design section 1).
#include "catch_compat.hpp"
#include "door_host.hpp"
#include "io_loop.hpp"
#include "listeners.hpp"
#include "operation_fixture.hpp"
#include "spool.hpp"
#include "tls_identity.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

using namespace mohr;
using namespace mohr::core;
using namespace std::chrono_literals;
using protocol::Code;

namespace {

/// The host over a hostile door, and the policy behind it, on real threads.
struct HostileDoor {
    explicit HostileDoor(const char* what) {
        DoorSettings settings;
        settings.program = MOHR_HOSTILE_DOOR;
        settings.arguments = {what};
        settings.stop_deadline = 500ms;
        host.emplace(loop,
                     std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::null_sink_mt>()),
                     settings, *listeners, identity, service, spools);
        REQUIRE(host->start(true));
    }
    ~HostileDoor() {
        host->stop([this] { loop.stop(); });
        loop.run();
        loop.join_pool();
    }
    /// Runs the I/O until this holds; fails the test after ten seconds.
    void run_until(const std::function<bool()>& holds) {
        bool held = false;
        std::function<void(int)> look = [&](int left) {
            held = holds();
            if (held || left == 0) return loop.stop();
            loop.call_after(10ms, [&look, left] { look(left - 1); });
        };
        loop.post([&] { look(1000); });
        loop.run();
        loop.restart();
        REQUIRE(held);
    }

    test::OperationFixture policy;
    IoLoop loop{2};
    Result<Listeners, ListenFailure> listeners = Listeners::bind_free();
    TlsIdentity identity = make_tls_identity(SystemClock().now()).value();
    SpoolDirectory spools = SpoolDirectory::choose(policy.scratch.path());
    OperationService service{loop,        *policy.counting, policy.surface, *policy.sites,
                             *policy.log, policy.clock,     policy.config,  {}};
    std::optional<DoorHost> host;
};

} // namespace

TEST_CASE("the number of an open connection, or of the jobs, is not opened for another origin [T20]",
          "[door_host]") {
    HostileDoor door("reopen");
    door.run_until([&] {
        const auto told = door.host->status().counters;
        return told.connections + told.silent == 3;
    });
    CHECK(door.host->status().counters.connections == 1);
    CHECK(door.host->status().counters.silent == 2);
}

TEST_CASE("a door cannot ask by the Dastine front for a page that came by /v1 [T20]", "[door_host]") {
    HostileDoor door("other front");
    door.policy.allow_access("https://a.example");
    door.run_until([&] { return door.host->status().counters.streams >= 3; });
    CHECK(door.host->status().counters.streams == 3);
    CHECK(door.policy.surface.shown.empty());
}

TEST_CASE("a file job raises no prompt but its own, under this computer's name [T20]", "[door_host]") {
    std::optional<protocol::Outcome<std::string>> outcome; // outlives the door, which answers when it ends
    HostileDoor door("other job");
    door.run_until([&] { return door.host->status().ready; });
    link::FileJob job;
    job.kind =
        GENERATE(link::JobKind::verify, link::JobKind::encrypt, link::JobKind::sign, link::JobKind::decrypt);
    job.name = "letter";
    DoorHost::JobCallbacks callbacks;
    callbacks.on_progress = [](std::uint64_t, std::uint64_t) {};
    callbacks.on_reply = [&](protocol::Outcome<std::string> told) { outcome.emplace(std::move(told)); };
    (void)door.host->start_job(std::move(job), {}, {}, std::move(callbacks));
    door.run_until([&] { return outcome.has_value() || !door.policy.surface.shown.empty(); });
    CHECK(door.policy.surface.shown.empty());
    REQUIRE(outcome);
    REQUIRE_FALSE(*outcome);
    CHECK(outcome->error().code == Code::invalid_request);
}

TEST_CASE("a door that shows a large document A and asks for B gets no prompt, whatever holds A [T18] [T20]",
          "[door_host]") {
    const std::string what = GENERATE(as<std::string>(), "right preview", "other preview", "open preview",
                                      "short preview", "no descriptor");
    std::optional<protocol::Outcome<std::string>> outcome; // outlives the door, which answers when it ends
    HostileDoor door(what.c_str());
    door.run_until([&] { return door.host->status().ready; });
    link::FileJob job;
    job.kind = link::JobKind::sign;
    job.name = "letter";
    DoorHost::JobCallbacks callbacks;
    callbacks.on_progress = [](std::uint64_t, std::uint64_t) {};
    callbacks.on_reply = [&](protocol::Outcome<std::string> told) { outcome.emplace(std::move(told)); };
    (void)door.host->start_job(std::move(job), {}, {}, std::move(callbacks));
    door.run_until([&] { return outcome.has_value() || !door.policy.surface.shown.empty(); });
    if (what == "right preview") { // a success would be seen
        REQUIRE(door.policy.surface.shown.size() == 1);
        const auto& shown = door.policy.surface.last().documents[0];
        REQUIRE(shown.content);
        CHECK(shown.size == 3'000'000U);
        return;
    }
    CHECK(door.policy.surface.shown.empty());
    REQUIRE(outcome);
    CHECK_FALSE(*outcome);
}
