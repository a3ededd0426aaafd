// SPDX-License-Identifier: Apache-2.0
#include "broker.hpp"
#include "catch_compat.hpp"
#include "manual_executor.hpp"
#include "permissions.hpp"
#include "recording_surface.hpp"
#include "token_fixture.hpp"

#include <algorithm>
#include <array>

using namespace mohr;
using namespace mohr::core;
using namespace std::chrono_literals;
using mohr::test::RecordingSurface;
using protocol::Code;

namespace {

struct Heard {
    int shown = 0;
    int allowed = 0;
    int ended = 0;
    std::optional<ConsentBroker::Ended::How> how;
    std::optional<protocol::Failure> failure;
    PromptRequest last_shown;
};

struct Fixture {
    test::ScratchDirectory scratch;
    test::FakeClock clock;
    test::ManualExecutor executor{clock};
    RecordingSurface surface;
    SitePermissions sites{SitePermissions::open(scratch.path() / "sites.json", executor, clock).value()};
    PolicyConfig config;
    ConsentBroker broker{executor, surface, sites, clock, config};

    static PromptRequest request(std::string origin) {
        PromptRequest prompt;
        prompt.kind = PromptKind::sign;
        prompt.origin = std::move(origin);
        return prompt;
    }
    static ConsentBroker::Hooks hooks(Heard& heard) {
        ConsentBroker::Hooks all;
        all.shown = [&heard] { ++heard.shown; };
        all.allowed = [&heard](PromptRequest shown, PromptAnswer) {
            ++heard.allowed;
            heard.last_shown = std::move(shown);
        };
        all.ended = [&heard](ConsentBroker::Ended ended) {
            ++heard.ended;
            heard.how = ended.how;
            heard.failure = ended.failure;
        };
        return all;
    }
    protocol::Outcome<ConsentBroker::Ticket> ask(const std::string& origin, Heard& heard) {
        auto ticket = broker.ask(request(origin), hooks(heard));
        executor.run();
        return ticket;
    }
    /// A prompt of `origin` that the person refuses; whether it was shown at all.
    bool refuse_one(const std::string& origin) {
        Heard heard;
        if (!ask(origin, heard)) return false;
        surface.deny();
        executor.run();
        return heard.ended == 1;
    }
};

constexpr auto a = "https://a.example";
constexpr auto b = "https://b.example";
constexpr auto c = "https://c.example";

} // namespace

TEST_CASE("one prompt is on screen at a time, and origins take turns [T15]", "[broker]") {
    Fixture f;
    Heard a1, a2, b1, c1;
    REQUIRE(f.ask(a, a1));
    REQUIRE(f.ask(a, a2));
    REQUIRE(f.ask(b, b1));
    REQUIRE(f.ask(c, c1));
    CHECK(f.surface.shown.size() == 1);
    std::vector<std::string> order;
    for (int i = 0; i < 4; ++i) {
        order.push_back(f.surface.last().origin);
        f.surface.deny();
        f.executor.run();
    }
    CHECK(order == std::vector<std::string>{a, b, c, a});
    CHECK(f.surface.overlaps == 0);
    CHECK(a2.ended == 1);
}

TEST_CASE("an origin may have one prompt waiting, more are busy [T15]", "[broker]") {
    Fixture f;
    Heard shown, waiting, third, other;
    REQUIRE(f.ask(a, shown));
    REQUIRE(f.ask(a, waiting));
    const auto refused = f.ask(a, third);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::busy);
    CHECK(f.ask(b, other));
    CHECK(third.shown + third.allowed + third.ended == 0);
}

TEST_CASE(
    "programs of this computer wait in turn, sixteen at most, and a site waits for one of them only [T15]",
    "[broker]") {
    Fixture f;
    auto request = Fixture::request("this computer: mohr");
    request.local = true;
    std::array<Heard, 18> local;
    for (std::size_t i = 0; i < 17; ++i) {
        REQUIRE(f.broker.ask(request, Fixture::hooks(local.at(i))));
        f.executor.run();
    }
    const auto refused = f.broker.ask(request, Fixture::hooks(local.at(17)));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::busy);
    Heard site;
    REQUIRE(f.ask(a, site));
    f.surface.deny();
    f.executor.run();
    CHECK(site.shown == 1);
    for (int i = 0; i < 17; ++i) {
        f.surface.deny();
        f.executor.run();
    }
    for (std::size_t i = 0; i < 17; ++i) CHECK(local.at(i).ended == 1);
    CHECK(local.at(17).ended == 0);
    CHECK(f.surface.overlaps == 0);
}

TEST_CASE("the deadline runs from the moment a prompt is shown [R192]", "[broker]") {
    Fixture f;
    Heard first, second;
    REQUIRE(f.ask(a, first));
    REQUIRE(f.ask(b, second));
    f.executor.advance(119s);
    CHECK(first.ended == 0);
    f.executor.advance(1s);
    CHECK(first.how == ConsentBroker::Ended::How::expired);
    CHECK(first.failure->code == Code::consent_timeout);
    REQUIRE(f.surface.closed.size() == 1);
    CHECK(f.surface.closed[0].why == PromptEnd::deadline);
    // The second was waiting all that time and has its whole two minutes now.
    CHECK(second.shown == 1);
    f.executor.advance(119s);
    CHECK(second.ended == 0);
    f.executor.advance(1s);
    CHECK(second.ended == 1);
}

TEST_CASE("an answer counts once, and only for the prompt on screen [T20]", "[broker]") {
    Fixture f;
    Heard first, second;
    REQUIRE(f.ask(a, first));
    REQUIRE(f.ask(b, second));
    f.surface.deny();
    f.executor.run();
    REQUIRE(second.shown == 1);
    // The same answer again, now that another origin's prompt is on screen.
    f.surface.answers[0](RecordingSurface::allowing("1234"));
    f.surface.answers[0](std::nullopt);
    f.executor.run();
    CHECK(first.allowed == 0);
    CHECK(first.ended == 1);
    CHECK(second.allowed == 0);
    CHECK(second.ended == 0);
    f.surface.allow();
    f.surface.answers[1](RecordingSurface::allowing("1234"));
    CHECK(second.allowed == 1);
    CHECK(second.last_shown.origin == b);
}

TEST_CASE("an answer that comes with the deadline is too late", "[broker]") {
    Fixture f;
    Heard heard;
    REQUIRE(f.ask(a, heard));
    f.clock.advance(120s); // the timer has not run yet
    f.surface.allow("1234");
    f.executor.run();
    CHECK(heard.allowed == 0);
    CHECK(heard.how == ConsentBroker::Ended::How::expired);
}

TEST_CASE("a withdrawn prompt closes, and its late answer does nothing [T20]", "[broker]") {
    Fixture f;
    Heard heard;
    const auto ticket = f.ask(a, heard);
    f.broker.withdraw(*ticket, PromptEnd::gone);
    REQUIRE(f.surface.closed.size() == 1);
    CHECK(f.surface.closed[0].why == PromptEnd::gone);
    f.surface.answers[0](RecordingSurface::allowing("1234"));
    f.executor.advance(300s);
    CHECK(heard.allowed == 0);
    CHECK(heard.ended == 0);
}

TEST_CASE("a prompt that waits can be withdrawn without ever being shown, and does not count", "[broker]") {
    Fixture f;
    Heard shown, waiting;
    REQUIRE(f.ask(b, shown));
    for (int i = 0; i < 10; ++i) {
        const auto ticket = f.ask(a, waiting);
        REQUIRE(ticket);
        f.broker.withdraw(*ticket, PromptEnd::cancelled);
    }
    f.surface.deny();
    f.executor.run();
    CHECK(f.surface.shown.size() == 1);
    CHECK(waiting.shown == 0);
    CHECK_FALSE(f.broker.budget().refusal(a));
}

TEST_CASE("the screen stays taken until the answer is settled, and a repeat comes before others",
          "[broker]") {
    Fixture f;
    Heard first, second;
    const auto ticket = f.ask(a, first);
    REQUIRE(f.ask(b, second));
    f.surface.allow("1111");
    f.executor.run();
    CHECK(second.shown == 0);
    auto again = Fixture::request(a);
    again.pin.last_wrong = true;
    f.broker.repeat(*ticket, again);
    REQUIRE(f.surface.shown.size() == 2);
    CHECK(f.surface.last().pin.last_wrong);
    CHECK(f.surface.last().prompt != f.surface.shown[0].prompt);
    f.surface.allow("2222");
    CHECK(first.allowed == 2);
    f.broker.settle(*ticket);
    f.executor.run();
    CHECK(second.shown == 1);
}

TEST_CASE("without an agent a prompt is refused at once, and waiting ones end when it goes", "[broker]") {
    Fixture f;
    Heard shown, waiting, late;
    REQUIRE(f.ask(a, shown));
    REQUIRE(f.ask(b, waiting));
    f.surface.die();
    f.executor.run();
    CHECK(shown.how == ConsentBroker::Ended::How::no_agent);
    CHECK(waiting.how == ConsentBroker::Ended::How::no_agent);
    CHECK(shown.ended + waiting.ended == 2);
    const auto refused = f.ask(c, late);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::no_agent);
    // That the agent died is no refusal of the person.
    CHECK_FALSE(f.broker.budget().refusal(a));
}

TEST_CASE("an agent that vanishes without a word ends the prompt too", "[broker]") {
    Fixture f;
    Heard heard;
    REQUIRE(f.ask(a, heard));
    f.surface.present = false;
    f.broker.surface_changed();
    f.executor.run();
    CHECK(heard.how == ConsentBroker::Ended::How::no_agent);
    CHECK(heard.ended == 1);
}

TEST_CASE("two refusals in ten minutes silence an origin for ten minutes [T15]", "[broker]") {
    Fixture f;
    REQUIRE(f.refuse_one(a));
    f.executor.advance(9min);
    REQUIRE(f.refuse_one(a));
    const auto refusal = f.broker.budget().refusal(a);
    REQUIRE(refusal);
    CHECK(refusal->code == Code::origin_denied);
    CHECK(refusal->retry_after == 600U);
    CHECK_FALSE(f.refuse_one(a));
    CHECK(f.refuse_one(b));
    const auto listed = f.sites.list();
    const auto site = std::find_if(listed.begin(), listed.end(), [](const auto& s) { return s.origin == a; });
    REQUIRE(site != listed.end());
    CHECK(site->silenced_until == f.clock.now() + 10min);
    f.executor.advance(10min);
    CHECK(f.refuse_one(a));
}

TEST_CASE("refusals that lie apart silence nobody [T15]", "[broker]") {
    Fixture f;
    REQUIRE(f.refuse_one(a));
    f.executor.advance(10min);
    REQUIRE(f.refuse_one(a));
    CHECK_FALSE(f.broker.budget().refusal(a));
}

TEST_CASE("five refusals block an origin until it is lifted, across a restart [T15]", "[broker]") {
    Fixture f;
    for (int i = 0; i < 5; ++i) {
        REQUIRE(f.refuse_one(a));
        f.executor.advance(30min);
    }
    f.executor.advance(std::chrono::hours(24 * 365));
    const auto refusal = f.broker.budget().refusal(a);
    REQUIRE(refusal);
    CHECK_FALSE(refusal->retry_after);
    auto again = SitePermissions::open(f.scratch.path() / "sites.json", f.executor, f.clock);
    REQUIRE(again);
    PromptBudget budget(*again, f.clock, f.config);
    CHECK(budget.refusal(a));
    again->lift(a);
    CHECK_FALSE(budget.refusal(a));
}

TEST_CASE("an allowed prompt forgets the refusals before it [T15]", "[broker]") {
    Fixture f;
    for (int i = 0; i < 8; ++i) {
        REQUIRE(f.refuse_one(a));
        Heard heard;
        const auto ticket = f.ask(a, heard);
        REQUIRE(ticket);
        f.surface.allow();
        f.broker.settle(*ticket);
        f.executor.advance(1min);
    }
    CHECK_FALSE(f.broker.budget().refusal(a));
}

TEST_CASE("allowed prompts cost nothing, however many [T15]", "[broker]") {
    Fixture f;
    for (int i = 0; i < 100; ++i) {
        Heard heard;
        const auto ticket = f.ask(a, heard);
        REQUIRE(ticket);
        f.surface.allow();
        f.broker.settle(*ticket);
        f.executor.run();
    }
    CHECK(f.surface.shown.size() == 100);
    CHECK(f.executor.timers() <= 1);
}

TEST_CASE("a page that opens prompts and takes them away gets three a minute [T15]", "[broker]") {
    Fixture f;
    int shown = 0;
    for (int i = 0; i < 50; ++i) {
        Heard heard;
        const auto ticket = f.ask(a, heard);
        if (!ticket) {
            CHECK(ticket.error().code == Code::origin_denied);
            CHECK(ticket.error().retry_after.value_or(0) <= 60);
            continue;
        }
        shown += heard.shown;
        f.broker.withdraw(*ticket, i % 2 == 0 ? PromptEnd::gone : PromptEnd::cancelled);
    }
    CHECK(shown == 3);
    f.executor.advance(60s);
    CHECK_FALSE(f.broker.budget().refusal(a));
}

TEST_CASE("fifty requests in a loop show two prompts that are refused [T15]", "[broker]") {
    Fixture f;
    int shown = 0;
    for (int i = 0; i < 50; ++i) shown += f.refuse_one(a) ? 1 : 0;
    CHECK(shown == 2);
}

TEST_CASE("what waits is refused when its origin is silenced meanwhile [T15]", "[broker]") {
    Fixture f;
    REQUIRE(f.refuse_one(a));
    Heard shown, waiting;
    REQUIRE(f.ask(a, shown));
    REQUIRE(f.ask(a, waiting));
    f.surface.deny();
    f.executor.run();
    CHECK(waiting.shown == 0);
    CHECK(waiting.how == ConsentBroker::Ended::How::silenced);
    CHECK(waiting.failure->retry_after);
}

TEST_CASE("a prompt of this computer is not slowed down", "[broker]") {
    Fixture f;
    for (int i = 0; i < 10; ++i) {
        auto request = Fixture::request("this computer: mohr");
        request.local = true;
        Heard heard;
        REQUIRE(f.broker.ask(request, Fixture::hooks(heard)));
        f.executor.run();
        f.surface.deny();
        CHECK(heard.ended == 1);
    }
    CHECK(f.sites.list().empty());
}

TEST_CASE(
    "the deadline runs from the moment a prompt is on the screen, and only then is somebody asked [T15]",
    "[broker]") {
    Fixture f;
    f.surface.slow = true;
    Heard heard;
    int changes = 0;
    f.broker.on_change([&] { ++changes; });
    REQUIRE(f.ask(a, heard));
    CHECK(heard.shown == 0);
    CHECK_FALSE(f.broker.asking());
    f.executor.advance(f.config.prompt_deadline - 1s);
    f.surface.drawn();
    f.executor.run();
    CHECK(heard.shown == 1);
    REQUIRE(f.broker.asking());
    CHECK(f.broker.asking()->origin == a);
    CHECK(f.broker.asking()->kind == PromptKind::sign);
    CHECK(f.broker.asking()->waiting == 0);
    CHECK(changes >= 1);
    Heard other;
    REQUIRE(f.ask(b, other));
    CHECK(f.broker.asking()->waiting == 1);
    f.executor.advance(f.config.prompt_deadline - 1s);
    CHECK(heard.ended == 0);
    f.executor.advance(1s);
    CHECK(heard.ended == 1);
    CHECK(heard.how == ConsentBroker::Ended::How::expired);
}

TEST_CASE("a page that takes prompts away before their windows are up gets three a minute too [T15]",
          "[broker]") {
    Fixture f;
    f.surface.slow = true;
    for (int i = 0; i < 10; ++i) {
        Heard heard;
        const auto ticket = f.ask(a, heard);
        if (ticket) f.broker.withdraw(*ticket, PromptEnd::gone);
        f.executor.run();
    }
    CHECK(f.surface.shown.size() == 3);
    CHECK(f.surface.closed.size() == 3);
}

TEST_CASE("a surface is told once that an answer is settled, and that one in work is given up", "[broker]") {
    Fixture f;
    Heard heard;
    const auto first = f.ask(a, heard);
    f.surface.allow("1234");
    CHECK(f.surface.settlements.empty()); // a wrong PIN may bring the same window again
    f.broker.settle(*first);
    f.broker.settle(*first);
    CHECK(f.surface.settlements == std::vector<PromptId>{f.surface.last().prompt});
    f.executor.run();
    REQUIRE(f.ask(b, heard));
    f.surface.deny();
    CHECK(f.surface.settlements.size() == 2);
    f.executor.run();
    const auto third = f.ask(a, heard);
    f.surface.allow("1234");
    f.broker.withdraw(*third, PromptEnd::gone);
    CHECK(f.surface.closed.size() == 1);
    CHECK(f.surface.settlements.size() == 2);
}

namespace {
/// Answers before show() returns, as scripted consent does.
struct Hasty final : PromptSurface {
    [[nodiscard]] bool available() const override { return true; }
    [[nodiscard]] std::string kind() const override { return "scripted"; }
    void show(const PromptRequest&, Shown shown, Answered answered) override {
        ++nested;
        most_nested = std::max(most_nested, nested);
        shown();
        answered(RecordingSurface::allowing());
        --nested;
    }
    void close(PromptId, PromptEnd) override {}
    int nested = 0;
    int most_nested = 0;
};
} // namespace

TEST_CASE("prompts that are answered inside show() follow in the same turn, and do not nest", "[broker]") {
    Fixture f;
    Hasty hasty;
    ConsentBroker broker(f.executor, hasty, f.sites, f.clock, f.config);
    std::vector<std::string> allowed;
    std::vector<ConsentBroker::Ticket> tickets;
    for (const auto& origin : {a, b, c}) {
        ConsentBroker::Hooks hooks;
        hooks.shown = [] {};
        hooks.ended = [](const ConsentBroker::Ended&) { FAIL("was allowed"); };
        hooks.allowed = [&, number = tickets.size()](PromptRequest request, PromptAnswer) {
            allowed.push_back(request.origin);
            broker.settle(tickets[number]);
        };
        const auto ticket = broker.ask(Fixture::request(origin), hooks);
        REQUIRE(ticket);
        tickets.push_back(*ticket);
    }
    CHECK(allowed.empty());
    f.executor.step();
    CHECK(allowed == std::vector<std::string>{a, b, c});
    CHECK(hasty.most_nested == 1);
}

TEST_CASE("a surface that answers inside show() does not nest [T14]", "[broker]") {
    Fixture f;
    // The prompt must not be open for an answer before it is on screen: `shown` comes first.
    std::vector<std::string> order;
    Hasty hasty;
    ConsentBroker broker(f.executor, hasty, f.sites, f.clock, f.config);
    ConsentBroker::Hooks hooks;
    hooks.shown = [&] { order.emplace_back("shown"); };
    hooks.allowed = [&](PromptRequest, PromptAnswer) { order.emplace_back("allowed"); };
    hooks.ended = [&](ConsentBroker::Ended) { order.emplace_back("ended"); };
    const auto ticket = broker.ask(Fixture::request(a), hooks);
    REQUIRE(ticket);
    CHECK(order.empty());
    f.executor.run();
    CHECK(order == std::vector<std::string>{"shown", "allowed"});
}
