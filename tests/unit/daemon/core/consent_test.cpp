// SPDX-License-Identifier: Apache-2.0
// What must not happen: no use of a key without a person's yes to exactly this.
#include "catch_compat.hpp"
#include "granted.hpp"

#include <algorithm>

using namespace mohr;
using namespace mohr::core;
using namespace std::chrono_literals;
using mohr::test::login;
using mohr::test::OperationFixture;
using protocol::Code;

TEST_CASE(
    "a grant that is not remembered covers the origin's connections from the same program, and ten minutes "
    "more [R187] [R189]",
    "[consent]") {
    OperationFixture f;
    const Program firefox{"firefox-esr", "/usr/lib/firefox-esr/firefox-esr", 812, true};
    const Program another{"curl", "/usr/bin/curl", 813, false};
    const auto reconnect = [&](link::ConnectionId connection, const Program& program,
                               const std::string& origin = OperationFixture::portal) {
        f.service->program_found(connection, origin, program);
        return f.service->access(origin, connection);
    };
    auto& call = f.ask(link::RequestAccess{}, f.portal, 1);
    f.surface.allow();
    f.executor.run();
    REQUIRE(call.reply());
    CHECK(f.service->access(f.portal, 1) == link::Access::granted);
    CHECK(f.service->access(f.portal, 2) == link::Access::undecided); // nobody knows yet who that is
    CHECK(f.service->access(f.other, 1) == link::Access::undecided);
    CHECK(reconnect(2, firefox) == link::Access::granted);
    CHECK(reconnect(3, another) == link::Access::undecided);
    CHECK(reconnect(4, Program{}) == link::Access::undecided);
    CHECK(reconnect(5, firefox, f.other) == link::Access::undecided);
    f.service->connection_closed(1);
    f.executor.advance(1h);
    CHECK(reconnect(6, firefox) == link::Access::granted); // 2 is still open
    f.service->connection_closed(2);
    f.service->connection_closed(6);
    CHECK(f.service->access(f.portal, 6) == link::Access::undecided);
    f.executor.advance(9min);
    f.access_told.clear();
    CHECK(reconnect(7, firefox) == link::Access::granted); // a page that was reloaded
    f.executor.run();
    CHECK(f.access_told == std::vector<std::string>{f.portal});
    f.service->connection_closed(7);
    f.executor.advance(10min);
    CHECK(reconnect(8, firefox) == link::Access::undecided);
    // It is nowhere on disk.
    CHECK(f.sites->list().empty());
}

TEST_CASE("remembering never covers the use of a key: each signature and login asks for the PIN [R188]",
          "[consent]") {
    OperationFixture f;
    f.allow_access();
    f.sites->set(f.portal, SitePermission::listing, Decision::allow);
    for (std::uint8_t i = 1; i <= 3; ++i) {
        const auto shown = f.surface.shown.size();
        auto& signing = f.ask(OperationFixture::cms({"text"}));
        REQUIRE(signing.pending());
        REQUIRE(f.surface.shown.size() == shown + 1);
        CHECK(f.surface.last().pin.needed);
        CHECK(f.surface.last().remember.empty());
        f.surface.allow(test::user_pin, f.silver.text(), true);
        f.executor.run();
        CHECK(signing.reply());
        auto& loggin_in = f.ask(login(32, i));
        REQUIRE(loggin_in.pending());
        CHECK(f.surface.last().kind == PromptKind::authenticate);
        CHECK(f.surface.last().pin.needed);
        f.surface.allow(test::user_pin, f.silver.text(), true);
        f.executor.run();
        CHECK(loggin_in.reply());
    }
    CHECK(f.counting->authorised == 6);
}

TEST_CASE("an answer without a PIN, or that says no, uses no key [R188]", "[consent]") {
    OperationFixture f;
    f.allow_access();
    auto& without = f.ask(OperationFixture::cms({"text"}));
    f.surface.allow({}, f.silver.text());
    f.executor.run();
    CHECK_FALSE(without.reply());
    auto& denied = f.ask(OperationFixture::cms({"text"}));
    auto answer = test::RecordingSurface::allowing(test::user_pin, f.silver.text());
    answer.allow = false;
    f.surface.answers.back()(std::move(answer));
    f.executor.run();
    CHECK(denied.code() == Code::user_cancelled);
    CHECK(f.counting->authorised == 0);
    CHECK(f.counting->key_uses() == 0);
}

TEST_CASE("what is signed is exactly what was shown [R188] [T20]", "[consent]") {
    OperationFixture f;
    f.allow_access();
    auto& call = f.ask_and_allow(OperationFixture::cms({"one", "two", "three"}), f.silver.text());
    const auto& shown = f.surface.last();
    const auto& signed_items = call.as<link::Signed>().items;
    REQUIRE(shown.documents.size() == 3);
    REQUIRE(signed_items.size() == 3);
    CHECK(f.counting->signatures == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        const auto& item = signed_items[i];
        CHECK(test::verifies(f.certificate_of(f.silver), DigestAlgorithm::sha256, item.signed_attributes,
                             item.signature));
        // messageDigest holds the digest that the person saw.
        const auto& digest = shown.documents[i].digest;
        CHECK(std::search(item.signed_attributes.begin(), item.signed_attributes.end(), digest.begin(),
                          digest.end()) != item.signed_attributes.end());
    }
}

TEST_CASE("an answer for one operation signs nothing for another [R189] [T20]", "[consent]") {
    OperationFixture f;
    f.allow_access();
    f.allow_access(f.other);
    auto& mine = f.ask(OperationFixture::cms({"mine"}), f.portal, 1);
    auto& theirs = f.ask(OperationFixture::cms({"theirs"}), f.other, 2);
    f.service->connection_closed(1);
    f.executor.run();
    REQUIRE(f.surface.shown.size() == 2);
    CHECK(f.surface.last().origin == f.other);
    // The person's yes to the first comes when the second is on screen.
    f.surface.answers[0](test::RecordingSurface::allowing(test::user_pin, f.silver.text()));
    f.executor.run();
    CHECK(mine.code() == Code::cancelled);
    CHECK(theirs.pending());
    CHECK(f.counting->key_uses() == 0);
}

TEST_CASE("an answer given twice signs once [T20]", "[consent]") {
    OperationFixture f;
    f.allow_access();
    auto& call = f.ask(OperationFixture::cms({"text"}));
    for (int i = 0; i < 3; ++i)
        f.surface.answers.back()(test::RecordingSurface::allowing(test::user_pin, f.silver.text()));
    f.executor.run();
    CHECK(call.reply());
    f.surface.answers.back()(test::RecordingSurface::allowing(test::user_pin, f.silver.text()));
    f.executor.run();
    CHECK(f.counting->authorised == 1);
    CHECK(f.counting->signatures == 1);
}

TEST_CASE("a certificate that was not shown, or not as usable, cannot be picked [R193]", "[consent]") {
    OperationFixture f;
    f.allow_access();
    for (const auto& picked : {f.bronze.text(), std::string(40, '0'), std::string("nonsense")}) {
        auto& call = f.ask(login());
        f.surface.allow(test::user_pin, picked);
        f.executor.run();
        CHECK(call.code() == Code::certificate_not_found);
    }
    CHECK(f.counting->key_uses() == 0);
    CHECK(f.counting->authorised == 0);
}

namespace {

/// Every moment in the life of a signature, counted in steps of the executor; the person's answer is one too.
bool live_one_step(OperationFixture& f, std::size_t& answered, std::string_view pin) {
    if (f.surface.open && answered < f.surface.answers.size()) {
        answered = f.surface.answers.size();
        f.surface.allow(pin, f.silver.text());
        return true;
    }
    return f.executor.step();
}

} // namespace

TEST_CASE("exactly one reply, and nothing released, wherever an operation is ended [R188] [T20]",
          "[consent]") {
    const auto how =
        GENERATE(as<std::string>(), "cancel", "closed", "stop", "agent gone", "deadline", "revoked");
    const bool batch = GENERATE(false, true);
    int moments = 0;
    int denied = 0;
    bool more = true;
    OperationFixture f;
    for (int steps = 0; more; ++steps) {
        REQUIRE(steps < 200);
        f.allow_access();
        f.surface.present = true;
        std::size_t answered = f.surface.answers.size();
        const auto connection = static_cast<link::ConnectionId>(steps + 1);
        auto& call = f.start(OperationFixture::cms(batch ? std::vector<std::string>(9, "text")
                                                         : std::vector<std::string>{"text"}),
                             f.portal, connection);
        for (int i = 0; i < steps && more; ++i) more = live_one_step(f, answered, test::user_pin);
        // Once the service has let go of it, the reply is on its way and nothing can call it back.
        const bool live = f.service->running() == 1;
        const auto before = f.counting->signatures.load();
        if (how == "cancel") f.service->cancel(call.id);
        if (how == "closed") f.service->connection_closed(connection);
        if (how == "stop") f.service->abort_all(Code::cancelled);
        if (how == "agent gone") {
            f.surface.present = false;
            f.surface.open = false;
            f.service->surface_changed();
        }
        if (how == "deadline" && f.surface.open) f.executor.advance(120s);
        if (how == "revoked") {
            f.sites->set(f.portal, SitePermission::access, Decision::deny);
            f.service->site_changed(f.portal);
        }
        const bool ends_all = how == "cancel" || how == "closed" || how == "stop" || how == "revoked";
        if (!ends_all)
            while (live_one_step(f, answered, test::user_pin)) {
            }
        else
            f.executor.run();
        REQUIRE(call.replies.size() == 1);
        CHECK(f.service->running() == 0);
        if (live && ends_all) {
            REQUIRE_FALSE(call.replies.front());
            CHECK(f.counting->signatures == before);
        }
        if (live && !call.replies.front()) ++denied;
        ++moments;
        f.sites->lift(f.portal);
        f.service->site_changed(f.portal);
        f.executor.advance(121s);
        REQUIRE(call.replies.size() == 1);
    }
    CHECK(moments >= 8);
    CHECK(denied >= (how == "deadline" ? 1 : 3));
}

TEST_CASE("a page is told that its prompt is queued only while it waits behind another", "[consent]") {
    using States = std::vector<link::PromptState>;
    OperationFixture f;
    f.allow_access();
    f.allow_access(f.other);
    const auto& first = f.ask(OperationFixture::cms({"text"}));
    const auto& second = f.ask(OperationFixture::cms({"text"}), f.other, 2);
    CHECK(first.states == States{link::PromptState::shown});
    CHECK(second.states == States{link::PromptState::queued});
    f.surface.deny();
    f.executor.run();
    CHECK(second.states == States{link::PromptState::queued, link::PromptState::shown});
}

TEST_CASE("a batch is all or nothing [R188]", "[consent]") {
    OperationFixture f;
    f.allow_access();
    f.counting->fail_signature_number = 7;
    auto& call =
        f.ask_and_allow(OperationFixture::cms(std::vector<std::string>(20, "text")), f.silver.text());
    CHECK(call.code() == Code::internal_error);
    const auto lines = f.log_lines();
    REQUIRE(lines.size() == 2);
    CHECK(lines[1].find("\"failed\"") != std::string::npos);
}

TEST_CASE("a batch that is cancelled while it is being signed stops there [R188]", "[consent]") {
    OperationFixture f;
    f.allow_access();
    auto& call = f.ask(OperationFixture::cms(std::vector<std::string>(50, "text")));
    f.counting->on_signature = [&](int number) {
        if (number == 3) f.service->cancel(call.id);
    };
    f.surface.allow(test::user_pin, f.silver.text());
    f.executor.run();
    CHECK(call.code() == Code::cancelled);
    CHECK(f.counting->signatures == 3);
}
