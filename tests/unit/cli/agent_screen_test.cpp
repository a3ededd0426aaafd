// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "sample_prompt.hpp"
#include <mohr/cli/agent_screen.hpp>

using namespace mohr;
using namespace mohr::cli;
using namespace std::chrono_literals;
using mohr::test::sample_prompt;

namespace {

/// An agent screen with its clock, and everything that it said and answered so far.
struct Desk {
    AgentScreen screen{Language::en, Style::ansi(), {50, 100}};
    SteadyInstant now{};
    std::string text;
    std::vector<PromptAnswer> answers;
    int flushes = 0;
    bool ended = false;

    void take(AgentActions actions) {
        text += actions.text;
        flushes += actions.flush ? 1 : 0;
        ended = ended || actions.end;
        for (auto& answer : actions.answers) answers.push_back(std::move(answer));
    }
    void show(Prompt prompt, std::string request = "1") {
        take(screen.on_prompt(std::move(request), std::move(prompt), now));
    }
    void pass(std::chrono::milliseconds by) {
        now += by;
        take(screen.on_tick(now));
    }
    void settle() { pass(settling_time); }
    void key(KeyKind kind) { take(screen.on_key({kind, 0}, now)); }
    void type(std::string_view keys) {
        for (const char c : keys)
            take(screen.on_key(c == '\n' ? Key{KeyKind::enter, 0} : Key{KeyKind::character, c}, now));
    }
    bool says(std::string_view part) const { return text.find(part) != std::string::npos; }
};

Prompt with_two_certificates(bool preselect) {
    Prompt prompt = sample_prompt();
    prompt.certificates = {{"aa", "Old", "CA", "2020-01-01", false, "expired", false},
                           {"bb", "Sara", "CA", "2027-01-01", true, "", false},
                           {"cc", "Sara work", "CA", "2027-01-01", true, "", preselect}};
    return prompt;
}

} // namespace

TEST_CASE("a prompt is allowed by y and the PIN, with its only certificate [R147]", "[cli][agent]") {
    Desk desk;
    desk.show(sample_prompt());
    CHECK_FALSE(desk.says("Allow?"));
    desk.settle();
    CHECK(desk.says("Allow?"));
    desk.type("y\n");
    REQUIRE(desk.answers.empty());
    CHECK(desk.says("User PIN (5 attempts left"));
    desk.type("123456\n");
    REQUIRE(desk.answers.size() == 1);
    CHECK(desk.answers[0].request == "1");
    CHECK(desk.answers[0].allow);
    CHECK(desk.answers[0].certificate == "aa11");
    CHECK_FALSE(desk.answers[0].remember);
    REQUIRE(desk.answers[0].pin);
    CHECK(desk.answers[0].pin->same_as(as_bytes("123456")));
}

TEST_CASE("a PIN is never written to the terminal [R53]", "[cli][agent]") {
    Desk desk;
    desk.show(sample_prompt());
    desk.settle();
    desk.type("y\n");
    const std::size_t before = desk.text.size();
    desk.type("847261");
    desk.pass(1s); // the countdown rewrites the question
    desk.type("\n");
    REQUIRE(desk.answers.size() == 1);
    const std::string after = desk.text.substr(before);
    CHECK(after.find("User PIN") != std::string::npos);
    for (const char digit : std::string_view("847261"))
        CHECK(after.find(std::string("empty refuses): ") + digit) == std::string::npos);
    CHECK(after.find("847") == std::string::npos);
}

TEST_CASE("an empty line, n, Escape and end of input all mean no", "[cli][agent]") {
    const auto refuse = GENERATE(0, 1, 2, 3);
    const auto in_pin = GENERATE(false, true);
    Desk desk;
    desk.show(sample_prompt());
    desk.settle();
    if (in_pin) desk.type("y\n");
    if (refuse == 0) desk.type("\n");
    if (refuse == 1) desk.type("n\n");
    if (refuse == 2) desk.key(KeyKind::escape);
    if (refuse == 3) desk.key(KeyKind::end);
    REQUIRE(desk.answers.size() == 1);
    CHECK_FALSE(desk.answers[0].allow);
    CHECK_FALSE(desk.answers[0].pin);
    CHECK_FALSE(desk.ended);
}

TEST_CASE("keys pressed before the question never count [T14]", "[cli][agent]") {
    Desk desk;
    desk.show(sample_prompt());
    desk.type("y\n123456\n"); // meant for something else
    desk.pass(500ms);
    desk.type("y\n");
    CHECK(desk.answers.empty());
    CHECK(desk.flushes == 0);
    desk.pass(500ms);
    CHECK(desk.flushes == 1); // what the kernel still holds is forgotten as the question appears
    CHECK(desk.answers.empty());
    desk.type("y\n");
    CHECK(desk.flushes == 2); // and again before the PIN
    CHECK(desk.answers.empty());
}

TEST_CASE("anything that is not a yes asks again", "[cli][agent]") {
    Desk desk;
    desk.show(sample_prompt());
    desk.settle();
    desk.type("yep\n");
    desk.type("1\n");
    desk.type("r\n"); // nothing can be remembered here
    CHECK(desk.answers.empty());
    CHECK_FALSE(desk.says("User PIN ("));
}

TEST_CASE("a wrong PIN asks for the PIN again and says how many tries are left [R55]", "[cli][agent]") {
    Desk desk;
    desk.show(sample_prompt(), "1");
    desk.settle();
    desk.type("y\n111111\n");
    Prompt again = sample_prompt();
    again.number = 8;
    again.pin.last_wrong = true;
    again.pin.tries_left = 4;

    SECTION("the same question goes straight to the PIN") {
        desk.show(again, "2");
        CHECK(desk.says("Wrong PIN. 4 attempts left."));
        desk.type("222222\n");
        REQUIRE(desk.answers.size() == 2);
        CHECK(desk.answers[1].request == "2");
        CHECK(desk.answers[1].certificate == "aa11");
    }
    SECTION("another document is shown from the start, whatever the service says") {
        again.documents[0].digest = "11111111";
        desk.show(again, "2");
        desk.type("222222\n");
        CHECK(desk.answers.size() == 1);
        CHECK(desk.says("11111111"));
        desk.settle();
        CHECK(desk.answers.size() == 1);
    }
}

TEST_CASE("a PIN that breaks the rules costs no try [R42] [R43]", "[cli][agent]") {
    Desk desk;
    desk.show(sample_prompt());
    desk.settle();
    desk.type("y\n12a4\n");
    CHECK(desk.says("The user PIN may contain English digits only."));
    desk.type("123\n");
    CHECK(desk.says("The user PIN must have 4 to 24 digits."));
    desk.type("۱۲۳۴\n");
    CHECK(desk.answers.empty());
    desk.type("1234\n");
    CHECK(desk.answers.size() == 1);
}

TEST_CASE("of several certificates one is chosen, and only a usable one", "[cli][agent]") {
    Desk desk;
    desk.show(with_two_certificates(false));
    desk.settle();
    CHECK(desk.says("Certificate (1-3"));
    desk.type("1\n");
    CHECK(desk.says("There is no usable certificate with that number."));
    desk.type("4\n");
    desk.type("0\n");
    desk.type("2\n");
    CHECK(desk.says("Allow with certificate 2?"));
    desk.type("c\n3\ny\n1234\n");
    REQUIRE(desk.answers.size() == 1);
    CHECK(desk.answers[0].certificate == "cc");
}

TEST_CASE("a preselected certificate is named in the question", "[cli][agent]") {
    Desk desk;
    desk.show(with_two_certificates(true));
    desk.settle();
    CHECK(desk.says("Allow with certificate 3?"));
}

TEST_CASE("a prompt for which no certificate is usable is refused with the reason", "[cli][agent]") {
    Desk desk;
    Prompt prompt = sample_prompt();
    prompt.certificates[0].usable = false;
    prompt.certificates[0].reason = "expired";
    desk.show(prompt);
    CHECK(desk.says("expired"));
    CHECK(desk.says("No certificate on the token can be used for this."));
    REQUIRE(desk.answers.size() == 1);
    CHECK_FALSE(desk.answers[0].allow);
}

TEST_CASE("remembering is its own answer", "[cli][agent]") {
    Desk desk;
    Prompt prompt = sample_prompt();
    prompt.kind = Prompt::Kind::access;
    prompt.documents.clear();
    prompt.certificates.clear();
    prompt.pin.needed = false;
    prompt.remember = {"access"};
    desk.show(prompt, "1");
    desk.settle();
    desk.type("y\n");
    desk.show(prompt, "2");
    desk.settle();
    desk.type("r\n");
    REQUIRE(desk.answers.size() == 2);
    CHECK(desk.answers[0].allow);
    CHECK_FALSE(desk.answers[0].remember);
    CHECK(desk.answers[1].remember);
    CHECK_FALSE(desk.answers[1].pin);
}

TEST_CASE("the deadline counts down and a late answer is in vain", "[cli][agent]") {
    Desk desk;
    desk.show(sample_prompt());
    desk.settle();
    CHECK(desk.says("[119 s]"));
    desk.pass(9s);
    CHECK(desk.says("[110 s]"));
    desk.pass(110s);
    desk.type("y\n1234\n");
    CHECK(desk.answers.empty());
    SECTION("the service closes it") {
        desk.take(desk.screen.on_close(7, "deadline", desk.now));
        CHECK(desk.says("the time to answer has run out"));
        CHECK(desk.answers.empty());
    }
    SECTION("a service that does not is answered no") {
        desk.pass(deadline_grace);
        CHECK(desk.says("the time to answer has run out"));
        REQUIRE(desk.answers.size() == 1);
        CHECK_FALSE(desk.answers[0].allow);
    }
}

TEST_CASE("a closed prompt says why, and half a PIN goes nowhere", "[cli][agent]") {
    const auto [reason, sentence] = GENERATE(table<std::string, std::string>({
        {"gone", "the one who asked has gone"},
        {"cancelled", "it was withdrawn"},
        {"deadline", "the time to answer has run out"},
        {"stopping", "the service is stopping"},
        {"something new", "The request is over."},
    }));
    Desk desk;
    desk.show(sample_prompt());
    desk.settle();
    desk.type("y\n12");
    desk.take(desk.screen.on_close(7, reason, desk.now));
    CHECK(desk.says(sentence));
    desk.type("34\n");
    CHECK(desk.answers.empty());
    // The next prompt begins with an empty line.
    desk.show(sample_prompt(), "2");
    desk.settle();
    desk.type("y\n5678\n");
    REQUIRE(desk.answers.size() == 1);
    CHECK(desk.answers[0].pin->same_as(as_bytes("5678")));
}

TEST_CASE("a close for another prompt changes nothing", "[cli][agent]") {
    Desk desk;
    desk.show(sample_prompt());
    desk.settle();
    desk.take(desk.screen.on_close(6, "gone", desk.now));
    desk.type("y\n1234\n");
    CHECK(desk.answers.size() == 1);
}

TEST_CASE("Ctrl-C denies the open prompt, a second one ends the agent", "[cli][agent]") {
    Desk desk;
    SECTION("with a prompt open") {
        desk.show(sample_prompt());
        desk.settle();
        desk.key(KeyKind::interrupt);
        REQUIRE(desk.answers.size() == 1);
        CHECK_FALSE(desk.answers[0].allow);
        CHECK_FALSE(desk.ended);
        desk.key(KeyKind::interrupt);
        CHECK(desk.ended);
    }
    SECTION("a prompt that comes in between does not save it") {
        desk.show(sample_prompt(), "1");
        desk.show(sample_prompt(), "2");
        desk.key(KeyKind::interrupt);
        desk.key(KeyKind::interrupt);
        REQUIRE(desk.answers.size() == 2);
        CHECK_FALSE(desk.answers[1].allow);
        CHECK(desk.ended);
    }
    SECTION("another key in between makes it a first one again") {
        desk.show(sample_prompt(), "1");
        desk.key(KeyKind::interrupt);
        desk.show(sample_prompt(), "2");
        desk.settle();
        desk.type("y");
        desk.key(KeyKind::interrupt);
        CHECK_FALSE(desk.ended);
        CHECK(desk.answers.size() == 2);
    }
    SECTION("with nothing open it ends at once") {
        desk.key(KeyKind::interrupt);
        CHECK(desk.ended);
    }
}

TEST_CASE("a long batch is shown whole, page by page, before anything is asked [T20]", "[cli][agent]") {
    Desk desk;
    desk.screen.resize({20, 100});
    Prompt prompt = sample_prompt();
    prompt.documents.clear();
    for (int i = 1; i <= 100; ++i)
        prompt.documents.push_back({"doc" + std::to_string(i) + ".txt", 10, "", "SHA-256", "ab", ""});
    desk.show(prompt);
    CHECK(desk.says("Documents: 100, together 1000 bytes"));
    CHECK(desk.says("1/100: doc1.txt"));
    CHECK_FALSE(desk.says("100/100"));
    CHECK(desk.says("page 1 of"));
    desk.pass(5s);
    CHECK_FALSE(desk.says("Allow?"));
    SECTION("to its end") {
        for (int i = 0; i < 40; ++i) desk.type(" ");
        for (int i = 1; i <= 100; ++i)
            CHECK(desk.says(std::to_string(i) + "/100: doc" + std::to_string(i) + ".txt"));
        desk.settle();
        CHECK(desk.says("Allow?"));
    }
    SECTION("all at once") {
        desk.type("e");
        CHECK(desk.says("100/100: doc100.txt"));
        desk.settle();
        CHECK(desk.says("Allow?"));
    }
    SECTION("refused while paging") {
        desk.type("n");
        REQUIRE(desk.answers.size() == 1);
        CHECK_FALSE(desk.answers[0].allow);
    }
    SECTION("a y while paging is not an answer") {
        desk.type("y\n");
        CHECK(desk.answers.empty());
    }
}

TEST_CASE("more prompts than can wait are refused", "[cli][agent]") {
    Desk desk;
    for (std::size_t i = 0; i < max_waiting_prompts + 2; ++i) desk.show(sample_prompt(), std::to_string(i));
    REQUIRE(desk.answers.size() == 1);
    CHECK_FALSE(desk.answers[0].allow);
    CHECK(desk.answers[0].request == std::to_string(max_waiting_prompts + 1));
}

TEST_CASE("the end of the agent refuses everything that is open", "[cli][agent]") {
    Desk desk;
    desk.show(sample_prompt(), "1");
    desk.show(sample_prompt(), "2");
    desk.take(desk.screen.on_end());
    CHECK(desk.ended);
    REQUIRE(desk.answers.size() == 2);
    CHECK_FALSE(desk.answers[0].allow);
    CHECK_FALSE(desk.answers[1].allow);
}

TEST_CASE("the agent speaks Persian with Persian digits, PINs aside [R169]", "[cli][agent]") {
    AgentScreen screen(Language::fa, Style::none(), {50, 100});
    SteadyInstant now{};
    std::string text = screen.on_prompt("1", sample_prompt(), now).text;
    now += settling_time;
    text += screen.on_tick(now).text;
    CHECK(text.find("درخواست امضا دارد: contract.txt") != std::string::npos);
    CHECK(text.find("[۱۱۹ s]") != std::string::npos);
    (void)screen.on_key({KeyKind::character, 'y'}, now);
    text = screen.on_key({KeyKind::enter, 0}, now).text;
    CHECK(text.find("رمز کاربری (۵ تلاش مانده") != std::string::npos);
}
