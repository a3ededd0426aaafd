// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "manual_executor.hpp"
#include "scripted_consent.hpp"
#include "token_fixture.hpp"

using namespace mohr;
using namespace mohr::core;
using namespace std::chrono_literals;

namespace {

struct Fixture {
    test::FakeClock clock;
    test::ManualExecutor executor{clock};

    [[nodiscard]] ScriptedConsent consent(std::string_view script) {
        return {ScriptedConsent::parse(script).value(), test::pin(test::user_pin), test::pin(test::admin_pin),
                executor};
    }
    std::optional<PromptAnswer> show(ScriptedConsent& surface, PromptKind kind = PromptKind::sign) {
        std::optional<PromptAnswer> answer;
        surface.show(
            request(kind), [] {}, [&](std::optional<PromptAnswer> given) { answer = std::move(given); });
        executor.run();
        return answer;
    }
    static PromptRequest request(PromptKind kind) {
        PromptRequest prompt;
        prompt.kind = kind;
        prompt.pin.needed = kind == PromptKind::sign;
        PromptCertificate grey, first, second;
        grey.id = "grey";
        grey.common_name = "Grey";
        first.id = "first";
        first.common_name = "Sara Silver";
        first.usable = true;
        second.id = "second";
        second.common_name = "Sara Bronze";
        second.usable = true;
        second.preselected = true;
        prompt.certificates = {grey, first, second};
        return prompt;
    }
};

} // namespace

TEST_CASE("scripted consent answers line by line, and the last line for good", "[scripted]") {
    Fixture f;
    auto surface = f.consent("{\"decision\":\"deny\"}\n\n"
                             "{\"decision\":\"allow\",\"pin\":\"wrong\",\"certificate\":\"Silver\"}\r\n"
                             "{\"decision\":\"allow\",\"remember\":true}\n");
    CHECK_FALSE(f.show(surface)->allow);
    const auto wrong = f.show(surface);
    CHECK(wrong->allow);
    CHECK(wrong->certificate == "first");
    CHECK_FALSE(wrong->pin->same_as(as_bytes(test::user_pin)));
    CHECK(wrong->pin->size() == test::user_pin.size());
    for (int i = 0; i < 3; ++i) {
        const auto right = f.show(surface);
        CHECK(right->pin->same_as(as_bytes(test::user_pin)));
        CHECK(right->certificate == "second");
        CHECK(right->remember);
    }
}

TEST_CASE(
    "scripted consent denies a prompt of another kind than expected, and a certificate that is not there",
    "[scripted]") {
    Fixture f;
    auto surface = f.consent(R"({"decision":"allow","expect":{"kind":"sign"}})");
    CHECK(f.show(surface, PromptKind::sign)->allow);
    CHECK_FALSE(f.show(surface, PromptKind::decrypt)->allow);
    auto named = f.consent(R"({"decision":"allow","certificate":"Gold"})");
    CHECK_FALSE(f.show(named)->allow);
    auto grey = f.consent(R"({"decision":"allow","certificate":"Grey"})");
    CHECK_FALSE(f.show(grey)->allow);
}

TEST_CASE("scripted consent gives a PIN only where one is asked for", "[scripted]") {
    Fixture f;
    auto surface = f.consent(R"({"decision":"allow"})");
    CHECK_FALSE(f.show(surface, PromptKind::access)->pin);
    auto own = f.consent(R"({"decision":"allow","pin":"987654"})");
    CHECK(f.show(own)->pin->same_as(as_bytes("987654")));
}

TEST_CASE("a script gives windows, new PINs and the admin PIN where a prompt wants them", "[scripted]") {
    Fixture f;
    auto surface = f.consent(
        R"({"decision":"allow","window":{"items":20,"minutes":5},"new_pin":"908172","confirmed":true})");
    const auto ask = [&](const PromptRequest& request) {
        std::optional<PromptAnswer> answer;
        surface.show(
            request, [] {}, [&](std::optional<PromptAnswer> given) { answer = std::move(given); });
        return answer;
    };
    auto prompt = Fixture::request(PromptKind::decrypt);
    CHECK_FALSE(ask(prompt)->window);
    prompt.window = WindowTerms{200, 15};
    CHECK(ask(prompt)->window == WindowTerms{20, 5});
    auto unblock = Fixture::request(PromptKind::unblock_pin);
    unblock.pin.needed = unblock.pin.admin = unblock.pin.renewed = true;
    const auto answer = ask(unblock);
    CHECK(answer->pin->same_as(as_bytes(test::admin_pin)));
    CHECK(answer->new_pin->same_as(as_bytes("908172")));
    CHECK(answer->confirmed);
    CHECK_FALSE(ScriptedConsent::parse(R"({"decision":"allow","window":{"items":20}})"));
}

TEST_CASE("a delayed answer comes after its delay, and not to a closed prompt", "[scripted]") {
    Fixture f;
    auto surface = f.consent(R"({"decision":"allow","delay_ms":500})");
    int answers = 0;
    surface.show(
        Fixture::request(PromptKind::sign), [] {}, [&](const std::optional<PromptAnswer>&) { ++answers; });
    f.executor.advance(499ms);
    CHECK(answers == 0);
    f.executor.advance(1ms);
    CHECK(answers == 1);
    surface.show(
        Fixture::request(PromptKind::sign), [] {}, [&](const std::optional<PromptAnswer>&) { ++answers; });
    surface.close(1, PromptEnd::gone);
    f.executor.advance(10s);
    CHECK(answers == 1);
}

TEST_CASE("a script that is wrong is refused with its line", "[scripted]") {
    for (const auto* bad :
         {"", "\n\n", "allow", "{}", "[]", R"({"decision":"maybe"})", R"({"decision":"allow","pin":""})",
          R"({"decision":"allow","pin":1})", R"({"decision":"allow","delay_ms":-1})",
          R"({"decision":"allow","delay_ms":99999999})", R"({"decision":"allow","expects":{}})",
          R"({"decision":"allow","expect":{"kind":1}})",
          R"({"decision":"allow","expect":{"kind":"sign","x":1}})"})
        CHECK_FALSE(ScriptedConsent::parse(bad));
    const auto second = ScriptedConsent::parse("{\"decision\":\"allow\"}\n{\"decision\":\"alow\"}");
    REQUIRE_FALSE(second);
    CHECK(second.error().detail.find("line 2") != std::string::npos);
}

TEST_CASE("the mode is allow, deny or a script", "[scripted]") {
    const test::ScratchDirectory scratch;
    CHECK(ScriptedConsent::read_mode("allow").value().at(0).allow);
    CHECK_FALSE(ScriptedConsent::read_mode("deny").value().at(0).allow);
    CHECK_FALSE(ScriptedConsent::read_mode("yes"));
    const auto file = scratch.path() / "script";
    CHECK_FALSE(ScriptedConsent::read_mode("script:" + file.string()));
    test::write_file(file, as_bytes("{\"decision\":\"deny\"}\n{\"decision\":\"allow\"}\n"));
    CHECK(ScriptedConsent::read_mode("script:" + file.string()).value().size() == 2);
}
