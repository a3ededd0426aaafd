// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "io_loop.hpp"
#include "prompt_window.hpp"

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <csignal>
#include <dirent.h>
#include <fstream>
#include <sstream>

using namespace mohr;
using namespace mohr::core;
using namespace std::chrono_literals;

namespace {

/// Pids of our own children that are still there, zombies too.
std::vector<pid_t> children() {
    std::ifstream file("/proc/self/task/" + std::to_string(::getpid()) + "/children");
    std::vector<pid_t> found;
    for (pid_t pid = 0; file >> pid;) found.push_back(pid);
    return found;
}

struct Fixture {
    std::ostringstream told;
    std::shared_ptr<spdlog::logger> log =
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(told));
    IoLoop loop{1};
    std::vector<std::string> environment;
    PromptWindow window{loop,
                        log,
                        {MOHR_SCRIPTED_PROMPT, 600ms, 300ms},
                        [this] { return environment; },
                        [] {
                            return nlohmann::json{{"language", "fa"}};
                        }};
    int shown = 0;
    int answers = 0;
    std::optional<PromptAnswer> last;
    bool last_was_nothing = false;
    PromptId prompts = 0;

    explicit Fixture(const std::string& script) : environment{"SCRIPT=" + script} {}

    void show() {
        PromptRequest request;
        request.prompt = ++prompts;
        request.kind = PromptKind::sign;
        request.origin = "https://portal.example";
        window.show(
            request, [this] { ++shown; },
            [this](std::optional<PromptAnswer> answer) {
                ++answers;
                last_was_nothing = !answer;
                last = std::move(answer);
            });
    }
    /// Until `done`, at most some seconds; then so long again as an answer too many would take.
    template <class Done>
    void run_until(Done done) {
        const auto end = std::chrono::steady_clock::now() + 10s;
        while (!done() && std::chrono::steady_clock::now() < end)
            loop.context().run_for(5ms), loop.context().restart();
    }
    void run_for(std::chrono::milliseconds time) {
        loop.context().run_for(time);
        loop.context().restart();
    }
};

} // namespace

TEST_CASE("a window is asked in a process of its own, which ends when its answer is settled [R53]",
          "[window]") {
    Fixture f("allow");
    f.show();
    CHECK(children().size() == 1);
    f.run_until([&] { return f.answers > 0; });
    CHECK(f.shown == 1);
    REQUIRE(f.last);
    CHECK(f.last->allow);
    REQUIRE(f.last->pin);
    CHECK(as_text(f.last->pin->reveal()) == "1234");
    CHECK(children().size() == 1); // a wrong PIN would come to the same window
    f.window.settled(1);
    f.run_until([] { return children().empty(); });
    CHECK(children().empty());
    CHECK(f.answers == 1);
}

TEST_CASE("whatever mohr-prompt does, its prompt has exactly one answer and the process is reaped",
          "[window]") {
    const auto [script, denied] = GENERATE(table<std::string, bool>({{"silent", false},
                                                                     {"answer-unseen", false},
                                                                     {"die", false},
                                                                     {"shown-die", false},
                                                                     {"garbage", false},
                                                                     {"huge", false},
                                                                     {"no-json", false},
                                                                     {"secret-first", false},
                                                                     {"wrong-result", true},
                                                                     {"deny", true},
                                                                     {"twice", true}}));
    INFO(script);
    Fixture f(script);
    f.show();
    f.run_until([&] { return f.answers > 0; });
    CHECK(f.last_was_nothing == !denied);
    if (denied) {
        REQUIRE(f.last);
        CHECK_FALSE(f.last->allow);
        CHECK_FALSE(f.last->pin);
    }
    f.run_for(100ms); // a second answer would be there by now
    f.window.settled(1);
    f.run_until([] { return children().empty(); });
    CHECK(children().empty());
    CHECK(f.answers == 1);
    CHECK(f.told.str().find("1234") == std::string::npos);
}

TEST_CASE("a window that is killed under its open prompt ends the request at once", "[window]") {
    Fixture f("shown-hang");
    f.show();
    f.run_until([&] { return f.shown > 0; });
    REQUIRE(children().size() == 1);
    ::kill(children().front(), SIGKILL);
    f.run_until([&] { return f.answers > 0; });
    CHECK(f.last_was_nothing);
    CHECK(children().empty());
}

TEST_CASE("a program that cannot be started has no answer", "[window]") {
    Fixture f("allow");
    PromptWindow missing(
        f.loop, f.log, {"/nonexistent/mohr-prompt", 600ms, 300ms}, [&] { return f.environment; },
        [] { return nlohmann::json::object(); });
    int nothing = 0;
    missing.show(
        {}, [] {}, [&](std::optional<PromptAnswer> answer) { nothing += answer ? 100 : 1; });
    f.run_until([&] { return nothing > 0 && children().empty(); });
    CHECK(nothing == 1);
    CHECK(children().empty());
}

TEST_CASE("a window that does not end when its prompt is over is ended, by its own process id", "[window]") {
    Fixture f("stays");
    f.show();
    f.run_until([&] { return f.answers > 0; });
    const auto before = std::chrono::steady_clock::now();
    f.window.settled(1);
    f.run_until([] { return children().empty(); });
    CHECK(children().empty());
    CHECK(std::chrono::steady_clock::now() - before >= 300ms);
}

TEST_CASE("a prompt that is closed takes its window along, and a late answer does nothing", "[window]") {
    Fixture f("shown-hang");
    f.show();
    f.run_until([&] { return f.shown > 0; });
    f.window.close(1, PromptEnd::gone);
    f.run_until([] { return children().empty(); });
    CHECK(children().empty());
    CHECK(f.answers == 0);
}

TEST_CASE("a wrong PIN comes back to the same window", "[window][R55]") {
    Fixture f("allow");
    f.show();
    f.run_until([&] { return f.answers == 1; });
    const auto first = children();
    f.show();
    f.run_until([&] { return f.answers == 2; });
    CHECK(children() == first);
    CHECK(f.shown == 2);
    f.window.settled(2);
    f.run_until([] { return children().empty(); });
    f.show(); // another decision, another process
    CHECK(children() != first);
    f.run_until([&] { return f.answers == 3; });
}

TEST_CASE("a window is given exactly the environment that was chosen, and may ask for nothing", "[window]") {
    SECTION("its environment") {
        ::setenv("SHOWN_TO_CHILD", "of the daemon", 1);
        Fixture f("environment");
        f.environment.emplace_back("SHOWN_TO_CHILD=chosen");
        f.show();
        f.run_until([&] { return f.answers > 0; });
        ::unsetenv("SHOWN_TO_CHILD");
        REQUIRE(f.last);
        CHECK(as_text(f.last->pin->reveal()) == "chosen");
    }
    SECTION("a request of its own is refused and does no harm") {
        Fixture f("asks");
        f.show();
        f.run_until([&] { return f.answers > 0; });
        REQUIRE(f.last);
        CHECK(f.last->allow);
    }
    SECTION("without a display there is none") {
        Fixture f("allow");
        CHECK(f.window.kind() == "window");
        f.environment.clear();
        CHECK(f.window.kind() == "none");
        CHECK_FALSE(f.window.available());
    }
}
