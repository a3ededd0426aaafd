// SPDX-License-Identifier: Apache-2.0
// What any operation is held to, whatever it asks.
#include "catch_compat.hpp"
#include "granted.hpp"

using namespace mohr;
using namespace mohr::core;
using namespace std::chrono_literals;
using mohr::test::Granted;
using mohr::test::OperationFixture;
using protocol::Code;

// --- shape ---

TEST_CASE("a list of 500 items is signed, one of 501 is not [R188] [T20]", "[operations]") {
    Granted f;
    auto& too_many = f.ask(OperationFixture::cms(std::vector<std::string>(501, "text")));
    CHECK(too_many.code() == Code::limit_exceeded);
    CHECK(too_many.reply().error().limit == "batch");
    CHECK(too_many.reply().error().max == 500U);
    CHECK(f.ask(OperationFixture::cms({})).code() == Code::invalid_params);
    CHECK(f.surface.shown.empty());
    auto& call =
        f.ask_and_allow(OperationFixture::cms(std::vector<std::string>(500, "text")), f.silver.text());
    CHECK(call.as<link::Signed>().items.size() == 500);
    CHECK(f.surface.last().documents.size() == 500);
    CHECK(f.counting->signatures == 500);
    CHECK(f.counting->authorised == 1);
}

TEST_CASE("a digest must have its algorithm's length, and SHA-1 is not taken", "[operations]") {
    Granted f;
    auto sign = OperationFixture::cms({"text"});
    sign.items[0].digest.pop_back();
    CHECK(f.ask(sign).code() == Code::invalid_params);
    sign.digest_algorithm = DigestAlgorithm::sha512;
    sign.items[0].digest = Bytes(32, 1);
    CHECK(f.ask(sign).code() == Code::invalid_params);
    sign.digest_algorithm = DigestAlgorithm::sha1;
    sign.items[0].digest = Bytes(20, 1);
    CHECK(f.ask(sign).code() == Code::unsupported_algorithm);
    CHECK(f.surface.shown.empty());
}

TEST_CASE("a document's name is 1 to 255 printable characters of UTF-8", "[operations]") {
    Granted f;
    const auto code = [&](const std::string& name) {
        auto sign = OperationFixture::cms({"text"});
        sign.items[0].name = name;
        auto& call = f.ask(sign);
        if (call.pending()) {
            f.service->abort_all(Code::cancelled);
            f.executor.run();
            return Code::cancelled;
        }
        return call.code();
    };
    std::string persian;
    for (int i = 0; i < 255; ++i) persian += "م";
    for (const auto& good : {std::string("a"), persian, std::string("قرارداد.pdf")})
        CHECK(code(good) == Code::cancelled);
    for (const auto& bad : {std::string(), persian + "م", std::string("a\nb"), std::string("a\x7f"),
                            std::string("a\xc2\x85"), std::string("\xff"), std::string("a\0b", 3)})
        CHECK(code(bad) == Code::invalid_params);
}

// --- this computer ---

TEST_CASE("a file job asks like anybody, as this computer, without a grant [R188]", "[operations]") {
    OperationFixture f;
    auto& call = f.start_local(OperationFixture::cms({"text"}));
    f.executor.run();
    REQUIRE(f.surface.shown.size() == 1);
    CHECK(f.surface.last().local);
    CHECK(f.surface.last().origin == "this computer: mohr");
    CHECK(f.surface.last().registrable_domain.empty());
    CHECK(f.surface.last().pin.needed);
    f.surface.allow(test::user_pin, f.silver.text());
    f.executor.run();
    CHECK(call.as<link::Signed>().certificate.handle == f.silver.text());
    auto named = OperationFixture::cms({"text"});
    named.certificate = f.bronze.text();
    f.start_local(named);
    f.executor.run();
    CHECK(f.surface.last().certificates.size() == 1);
}

TEST_CASE("no web origin can pass for this computer [R189]", "[operations]") {
    OperationFixture f;
    f.start_local(OperationFixture::cms({"text"}));
    f.executor.run();
    auto& pretender = f.ask(OperationFixture::cms({"text"}), "this computer: mohr", 3);
    CHECK(pretender.code() == Code::origin_denied);
}

// --- the state of things ---

TEST_CASE("without a token, or without an agent, the reply says so, to granted origins only [T13]",
          "[operations]") {
    OperationFixture f;
    f.surface.present = false;
    CHECK(f.ask(OperationFixture::cms({"text"})).code() == Code::origin_denied);
    f.allow_access();
    CHECK(f.ask(OperationFixture::cms({"text"})).code() == Code::no_agent);

    test::TokenFixture blank;
    blank.open();
    OperationService service(f.executor, *blank.token, f.surface, *f.sites, *f.log, f.clock, f.config, {});
    std::optional<Code> code;
    OperationService::Callbacks callbacks;
    callbacks.on_reply = [&](const protocol::Outcome<link::Answer>& reply) { code = reply.error().code; };
    Requester who;
    who.connection = 1;
    who.origin = f.portal;
    service.start(who, link::Operation{1, 1, 0, OperationFixture::cms({"text"})}, {}, callbacks);
    f.executor.run();
    CHECK(code == Code::token_not_initialised);
}

TEST_CASE("an operation number that is in use is refused, and the first goes on", "[operations]") {
    Granted f;
    auto& first = f.ask(OperationFixture::cms({"text"}));
    std::optional<Code> code;
    OperationService::Callbacks callbacks;
    callbacks.on_reply = [&](const protocol::Outcome<link::Answer>& reply) { code = reply.error().code; };
    Requester who;
    who.connection = 1;
    who.origin = f.portal;
    f.service->start(who, link::Operation{first.id, 1, 0, OperationFixture::cms({"other"})}, {}, callbacks);
    f.executor.run();
    CHECK(code == Code::invalid_request);
    f.surface.allow(test::user_pin, f.silver.text());
    f.executor.run();
    CHECK(first.reply());
}

TEST_CASE("more operations than may run at once are refused, and none is lost [R192]", "[operations]") {
    Granted f;
    f.config.max_running = 3;
    f.restart_service();
    for (int i = 0; i < 3; ++i) f.start(OperationFixture::cms({"text"}));
    auto& fourth = f.start(OperationFixture::cms({"text"}));
    f.executor.run();
    CHECK(fourth.code() == Code::limit_exceeded);
    f.service->abort_all(Code::cancelled);
    f.executor.run();
    for (const auto& call : f.calls) CHECK(call->replies.size() == 1);
}

TEST_CASE("a silenced origin learns when it may ask again [T15]", "[operations]") {
    OperationFixture f;
    for (int i = 0; i < 2; ++i) {
        f.ask(link::RequestAccess{});
        f.surface.deny();
        f.executor.run();
    }
    CHECK(f.service->access(f.portal, 1) == link::Access::silenced);
    auto& call = f.ask(link::RequestAccess{});
    CHECK(call.code() == Code::origin_denied);
    CHECK(call.reply().error().retry_after == 600U);
    f.access_told.clear();
    f.executor.advance(601s);
    CHECK(f.access_told == std::vector<std::string>{f.portal});
    CHECK(f.service->access(f.portal, 1) == link::Access::undecided);
    for (int i = 0; i < 2; ++i) {
        f.ask(link::RequestAccess{});
        f.surface.deny();
        f.executor.run();
    }
    f.sites->lift(f.portal);
    f.service->site_changed(f.portal);
    CHECK(f.service->access(f.portal, 1) == link::Access::undecided);
}

TEST_CASE("memory used up on the pool fails one operation, and the next prompt is shown [R192]",
          "[operations]") {
    using Bug = test::CountingToken::Bug;
    const auto bug = GENERATE(Bug::objects, Bug::authorise, Bug::sign);
    const auto contents = GENERATE(std::vector<std::string>{"text"}, std::vector<std::string>(9, "text"));
    Granted f;
    f.counting->bug = bug;
    auto& call = f.ask(OperationFixture::cms(contents));
    if (bug != Bug::objects) {
        f.surface.allow(test::user_pin, f.silver.text());
        f.executor.run();
    }
    CHECK(call.code() == Code::internal_error);
    CHECK(f.service->running() == 0);
    f.counting->bug = Bug::none;
    auto& next = f.ask_and_allow(OperationFixture::cms({"next"}), f.silver.text());
    CHECK(next.reply());
}
