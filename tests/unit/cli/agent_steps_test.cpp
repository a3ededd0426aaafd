// SPDX-License-Identifier: Apache-2.0
// What the agent asks beside certificate, decision and PIN: the prompts of the Dastine front.
#include "catch_compat.hpp"
#include "sample_prompt.hpp"
#include <mohr/cli/agent_screen.hpp>

using namespace mohr;
using namespace mohr::cli;
using mohr::test::sample_prompt;

namespace {

struct Desk {
    AgentScreen screen{Language::en, Style::ansi(), {50, 100}, [](const std::string& path) {
                           return path == "/home/sara/key.p12" ? std::optional(Bytes{1, 2, 3}) : std::nullopt;
                       }};
    SteadyInstant now{};
    std::string text;
    std::vector<PromptAnswer> answers;

    void take(AgentActions actions) {
        text += actions.text;
        for (auto& answer : actions.answers) answers.push_back(std::move(answer));
    }
    void show(Prompt prompt) {
        take(screen.on_prompt("1", std::move(prompt), now));
        now += settling_time;
        take(screen.on_tick(now));
    }
    void type(std::string_view keys) {
        for (const char c : keys)
            take(screen.on_key(c == '\n' ? Key{KeyKind::enter, 0} : Key{KeyKind::character, c}, now));
    }
    [[nodiscard]] bool says(std::string_view part) const { return text.find(part) != std::string::npos; }
};

Prompt sealed_file() {
    Prompt prompt = sample_prompt();
    prompt.kind = Prompt::Kind::decrypt;
    prompt.legacy = true;
    prompt.asks_access = true;
    prompt.window = Prompt::Window{200, 15};
    return prompt;
}

Prompt bare(Prompt::Kind kind) {
    Prompt prompt = sample_prompt();
    prompt.kind = kind;
    prompt.documents.clear();
    prompt.certificates.clear();
    return prompt;
}

} // namespace

TEST_CASE("a legacy site, and one that a yes lets in, are marked", "[cli][agent]") {
    Desk desk;
    desk.show(sealed_file());
    CHECK(desk.says("made for Dastine"));
    CHECK(desk.says("not decided about this site"));
}

TEST_CASE("a window is given by w and two numbers within the offer, and by nothing else", "[cli][agent]") {
    Desk desk;
    desk.show(sealed_file());
    desk.type("w\n");
    for (const char* wrong : {"201 5\n", "20 16\n", "0 5\n", "20 0\n", "20\n", "20 5 1\n", "a b\n", "-1 5\n"})
        desk.type(wrong);
    CHECK(desk.answers.empty());
    desk.type("20 5\n123456\n");
    REQUIRE(desk.answers.size() == 1);
    CHECK(desk.answers[0].allow);
    CHECK(desk.answers[0].window == Prompt::Window{20, 5});
    CHECK(desk.answers[0].pin->same_as(as_bytes("123456")));

    Desk plain;
    plain.show(sealed_file());
    plain.type("y\n123456\n");
    REQUIRE(plain.answers.size() == 1);
    CHECK_FALSE(plain.answers[0].window);

    Desk none;
    none.show(sample_prompt());
    none.type("w\n"); // not offered: asked again
    CHECK(none.answers.empty());
}

TEST_CASE("a new PIN is typed twice, and a repetition that differs asks for both again [R58]",
          "[cli][agent]") {
    Desk desk;
    auto prompt = bare(Prompt::Kind::change_pin);
    prompt.pin.renewed = true;
    prompt.pin.new_min_length = 6;
    desk.show(prompt);
    desk.type("y\n741852\n");
    desk.type("12\n");
    desk.type("908172\n908173\n");
    CHECK(desk.answers.empty());
    desk.type("908172\n908172\n");
    REQUIRE(desk.answers.size() == 1);
    CHECK(desk.answers[0].pin->same_as(as_bytes("741852")));
    CHECK(desk.answers[0].new_pin->same_as(as_bytes("908172")));
    CHECK_FALSE(desk.answers[0].confirmed);
    CHECK_FALSE(desk.says("908172")); // nothing typed here is shown

    prompt.pin.problem = "sequence";
    prompt.pin.confirm = true;
    prompt.number = 8;
    desk.show(prompt);
    CHECK(desk.says("easy to guess (sequence)"));
    desk.type("741852\n123456\n123456\n");
    REQUIRE(desk.answers.size() == 2);
    CHECK(desk.answers[1].confirmed);
}

TEST_CASE("unblocking asks for the admin PIN, which may have letters", "[cli][agent]") {
    Desk desk;
    auto prompt = bare(Prompt::Kind::unblock_pin);
    prompt.pin.renewed = true;
    prompt.pin.admin = true;
    desk.show(prompt);
    desk.type("y\n");
    CHECK(desk.says("Admin PIN"));
    desk.type("Adm1n2580\n908172\n908172\n");
    REQUIRE(desk.answers.size() == 1);
    CHECK(desk.answers[0].admin);
    CHECK(desk.answers[0].pin->same_as(as_bytes("Adm1n2580")));
}

TEST_CASE("a file is named by the person until it can be read, and its password stays hidden",
          "[cli][agent]") {
    Desk desk;
    auto prompt = bare(Prompt::Kind::import_file);
    prompt.file = true;
    desk.show(prompt);
    desk.type("y\n/no/such\n");
    CHECK(desk.says("cannot be read"));
    desk.type("/home/sara/key.p12\nopen sesame\n741852\n");
    REQUIRE(desk.answers.size() == 1);
    CHECK(desk.answers[0].file == Bytes{1, 2, 3});
    CHECK(desk.answers[0].password->same_as(as_bytes("open sesame")));
    CHECK_FALSE(desk.says("sesame"));
}

TEST_CASE("an empty line refuses at every step", "[cli][agent]") {
    auto prompt = bare(Prompt::Kind::import_file);
    prompt.file = true;
    for (const char* until : {"", "y\n", "y\n/home/sara/key.p12\n", "y\n/home/sara/key.p12\nsecret\n"}) {
        Desk desk;
        desk.show(prompt);
        desk.type(until);
        desk.type("\n");
        REQUIRE(desk.answers.size() == 1);
        CHECK_FALSE(desk.answers[0].allow);
        CHECK_FALSE(desk.answers[0].password);
        CHECK(desk.answers[0].file.empty());
    }
}
