// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "cli_process.hpp"
#include "fake_core.hpp"

#include <csignal>
#include <future>

using namespace mohr;
using namespace mohr::test;
using json = nlohmann::json;
using namespace std::chrono_literals;

namespace {

json prompt(unsigned number, bool last_wrong = false, unsigned tries = 5) {
    return {
        {"prompt", number},
        {"kind", "sign"},
        {"origin", "https://sign.portal.example"},
        {"local", false},
        {"registrableDomain", "portal.example"},
        {"insecure", false},
        {"program", {{"name", "firefox-esr"}, {"path", "/usr/lib/f"}, {"pid", 812}, {"knownBrowser", true}}},
        {"purpose", "sign"},
        {"blind", false},
        {"unauthenticated", false},
        {"weak", false},
        {"legacy", false},
        {"asksAccess", false},
        {"asksBlind", false},
        {"deadlineSeconds", 120},
        {"documents",
         {{{"name", "contract\u202Etxt.exe"},
           {"size", 1200},
           {"digestAlgorithm", "SHA-256"},
           {"digest", "abcd"},
           {"preview", "one\ntwo\033[2J"}}}},
        {"certificates",
         {{{"id", "aa11"},
           {"commonName", "Sara"},
           {"issuer", "CA"},
           {"notAfter", "2027"},
           {"usable", true},
           {"reason", ""},
           {"preselected", true}}}},
        {"pin",
         {{"needed", true},
          {"triesLeft", tries},
          {"minLength", 4},
          {"maxLength", 24},
          {"lastWrong", last_wrong}}},
        {"remember", json::array()}};
}

json show(unsigned id, json params) {
    return {{"jsonrpc", "2.0"}, {"id", id}, {"method", "prompt.show"}, {"params", std::move(params)}};
}

/// A core that takes the registration, then plays `script`, then waits until the agent has gone.
FakeCore::Script after_registration(std::function<void(CorePeer&)> script) {
    return [script = std::move(script)](CorePeer& peer) {
        const auto request = peer.receive();
        if (request.method() != "agent.register" || request.json["params"] != json{{"kind", "terminal"}})
            return;
        peer.reply(request, json::object());
        script(peer);
        while (!peer.receive().json.is_null()) {
        }
    };
}

} // namespace

TEST_CASE(
    "the agent answers a prompt at a real terminal, a wrong PIN again, no PIN on the screen [R53] [R55]",
    "[cli][agent]") {
    std::promise<std::vector<Received>> promised;
    const FakeCore core(after_registration([&](CorePeer& peer) {
        std::vector<Received> answers;
        peer.send(show(1, prompt(7)));
        answers.push_back(peer.receive());
        peer.send(show(2, prompt(8, true, 4)));
        answers.push_back(peer.receive());
        promised.set_value(std::move(answers));
    }));
    TerminalProcess agent({"agent", "--socket", core.socket()});
    REQUIRE(agent.expect("portal.example asks for a signature"));
    REQUIRE(agent.expect("SHA-256 abcd"));
    REQUIRE(agent.expect("| two\\u{1b}[2J"));
    REQUIRE(agent.expect("Sara"));
    REQUIRE(agent.expect("Allow?"));
    agent.type("y\r");
    REQUIRE(agent.expect("User PIN (5 attempts left"));
    agent.type("847261\r");
    REQUIRE(agent.expect("Wrong PIN. 4 attempts left."));
    REQUIRE(agent.expect("User PIN (4 attempts left"));
    agent.type("593827\r");
    const auto answers = promised.get_future().get();
    for (std::size_t i = 0; i < 2; ++i) {
        CHECK(answers[i].json["id"] == i + 1);
        CHECK(answers[i].json["result"] ==
              json{{"decision", "allow"}, {"certificate", "aa11"}, {"remember", false}});
        CHECK(answers[i].json["secrets"] == json{"user_pin"});
    }
    CHECK(answers[0].secrets == std::vector<std::string>{"847261"});
    CHECK(answers[1].secrets == std::vector<std::string>{"593827"});
    agent.type("\x03");
    CHECK(agent.wait() == 0);
    CHECK(agent.is_cooked());
    for (const char* pin : {"847261", "593827"}) CHECK(agent.screen().find(pin) == std::string::npos);
    CHECK(agent.screen().find("\u202E") == std::string::npos);
    CHECK(agent.screen().find("two\033") == std::string::npos);
}

TEST_CASE("keys typed before the agent's question never count [T14]", "[cli][agent]") {
    std::atomic<bool> answered = false;
    const FakeCore core(after_registration([&](CorePeer& peer) {
        std::this_thread::sleep_for(300ms);
        peer.send(show(1, prompt(7)));
        const auto answer = peer.receive();
        answered = !answer.json.is_null() && answer.json["result"]["decision"] == "allow";
    }));
    TerminalProcess agent({"agent", "--socket", core.socket()});
    REQUIRE(agent.expect("Waiting for requests."));
    agent.type("y\r1234\r");
    REQUIRE(agent.expect("contract"));
    agent.type("y\r1234\r");
    REQUIRE(agent.expect("Allow?"));
    CHECK_FALSE(agent.expect("User PIN", 500ms));
    CHECK_FALSE(answered);
}

TEST_CASE("Escape and Ctrl-C refuse, a second Ctrl-C ends the agent and restores the terminal",
          "[cli][agent]") {
    std::promise<std::vector<json>> promised;
    const FakeCore core(after_registration([&](CorePeer& peer) {
        std::vector<json> answers;
        for (unsigned i = 1; i <= 2; ++i) {
            peer.send(show(i, prompt(i)));
            answers.push_back(peer.receive().json);
        }
        promised.set_value(answers);
    }));
    TerminalProcess agent({"agent", "--socket", core.socket()});
    REQUIRE(agent.expect("Allow?"));
    agent.type("\x1b");
    REQUIRE(agent.expect("Refused."));
    REQUIRE(agent.expect("Allow?"));
    agent.type("\x03");
    REQUIRE(agent.expect("Ctrl-C once more ends the agent."));
    for (const auto& answer : promised.get_future().get())
        CHECK(answer["result"] == json{{"decision", "deny"}});
    agent.type("\x03");
    CHECK(agent.wait() == 0);
    CHECK(agent.is_cooked());
}

TEST_CASE("a prompt that the core closes says why, and the PIN typed so far goes nowhere", "[cli][agent]") {
    std::promise<void> typed;
    std::promise<json> next;
    const FakeCore core(after_registration([&](CorePeer& peer) {
        peer.send(show(1, prompt(7)));
        typed.get_future().wait();
        peer.send({{"jsonrpc", "2.0"},
                   {"method", "prompt.close"},
                   {"params", {{"prompt", 7}, {"reason", "gone"}}}});
        peer.send(show(2, prompt(8)));
        next.set_value(peer.receive().json);
    }));
    TerminalProcess agent({"agent", "--socket", core.socket()});
    REQUIRE(agent.expect("Allow?"));
    agent.type("y\r");
    REQUIRE(agent.expect("User PIN"));
    agent.type("12");
    std::this_thread::sleep_for(200ms);
    typed.set_value();
    REQUIRE(agent.expect("the one who asked has gone"));
    REQUIRE(agent.expect("Allow?"));
    agent.type("n\r");
    const auto answer = next.get_future().get();
    CHECK(answer["id"] == 2);
    CHECK(answer["result"]["decision"] == "deny");
}

TEST_CASE("an agent that is ended refuses the open prompt first", "[cli][agent]") {
    const int signal = GENERATE(SIGTERM, SIGHUP);
    std::promise<json> promised;
    const FakeCore core(after_registration([&](CorePeer& peer) {
        peer.send(show(1, prompt(7)));
        promised.set_value(peer.receive().json);
    }));
    TerminalProcess agent({"agent", "--socket", core.socket()});
    REQUIRE(agent.expect("Allow?"));
    agent.send_signal(signal);
    CHECK(promised.get_future().get()["result"]["decision"] == "deny");
    CHECK(agent.wait() == 0);
    CHECK(agent.is_cooked());
}

TEST_CASE("the agent ends with the connection and restores the terminal", "[cli][agent]") {
    const FakeCore core([](CorePeer& peer) {
        const auto request = peer.receive();
        peer.reply(request, json::object());
        peer.send(show(1, prompt(7)));
        std::this_thread::sleep_for(300ms);
    });
    TerminalProcess agent({"agent", "--socket", core.socket()});
    CHECK(agent.wait() == 13);
    CHECK(agent.is_cooked());
    CHECK(agent.screen().find("The service broke off the connection.") != std::string::npos);
}

TEST_CASE("a prompt that is not one is refused without asking", "[cli][agent]") {
    std::promise<std::vector<json>> promised;
    const FakeCore core(after_registration([&](CorePeer& peer) {
        std::vector<json> answers;
        auto broken = prompt(7);
        broken.erase("blind");
        peer.send(show(1, broken));
        answers.push_back(peer.receive().json);
        peer.send({{"jsonrpc", "2.0"}, {"id", 2}, {"method", "prompt.steal"}, {"params", json::object()}});
        answers.push_back(peer.receive().json);
        promised.set_value(answers);
    }));
    TerminalProcess agent({"agent", "--socket", core.socket()});
    REQUIRE(agent.expect("prompt.show: blind"));
    const auto answers = promised.get_future().get();
    CHECK(answers[0]["error"]["data"]["code"] == "invalid_params");
    CHECK(answers[1]["error"]["data"]["code"] == "method_not_found");
}

TEST_CASE("without a terminal, and beside another agent, there is no agent", "[cli][agent]") {
    const FakeCore core(answering([](const Received&) -> json { return {{"refuse", "agent_exists"}}; }));
    CHECK(run_mohr({"agent", "--socket", core.socket()}).exit == 12);
    TerminalProcess agent({"agent", "--socket", core.socket()});
    CHECK(agent.wait() == 9);
}
