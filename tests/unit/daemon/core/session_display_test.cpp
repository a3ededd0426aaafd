// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "fake_clock.hpp"
#include "manual_executor.hpp"
#include "session_display.hpp"
#include "temporary_directory.hpp"
#include <mohr/base/files.hpp>

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>

using namespace mohr;
using namespace mohr::core;

TEST_CASE("only named variables reach a window, and none that loads code [T33]", "[display]") {
    const Variables own{{"DISPLAY", ":1"},
                        {"LANG", "fa_IR.UTF-8"},
                        {"LC_TIME", "C"},
                        {"LD_PRELOAD", "/tmp/evil.so"},
                        {"LD_LIBRARY_PATH", "/tmp"},
                        {"QT_PLUGIN_PATH", "/tmp"},
                        {"QT_QPA_PLATFORM_PLUGIN_PATH", "/tmp"},
                        {"QT_QPA_PLATFORMTHEME", "/tmp/evil.so"},
                        {"QT_STYLE_OVERRIDE", "evil"},
                        {"GTK_MODULES", "evil"},
                        {"LOCPATH", "/tmp"},
                        {"PATH", "/tmp/planted:/usr/bin"},
                        {"XAUTHORITY", std::string(5000, 'x')}};
    CHECK(display_environment(own, {}) ==
          std::vector<std::string>{"DISPLAY=:1", "LANG=fa_IR.UTF-8", "LC_TIME=C", "PATH=/usr/bin:/bin"});
}

TEST_CASE("a display comes from our own environment, else from the user manager's", "[display]") {
    const Variables without{{"HOME", "/home/a"}, {"DISPLAY", ""}};
    const Variables manager{{"DISPLAY", ":7"}, {"HOME", "/home/b"}, {"LD_PRELOAD", "x"}};
    CHECK(display_environment(without, {}).empty());
    CHECK(display_environment({}, without).empty());
    CHECK(display_environment({{"WAYLAND_DISPLAY", "wayland-0"}}, manager) ==
          std::vector<std::string>{"PATH=/usr/bin:/bin", "WAYLAND_DISPLAY=wayland-0"});
    CHECK(display_environment({{"LANG", "fa"}}, manager) ==
          std::vector<std::string>{"DISPLAY=:7", "HOME=/home/b", "LANG=fa", "PATH=/usr/bin:/bin"});
}

TEST_CASE("a session that begins after the daemon is found at the next look", "[display]") {
    test::FakeClock clock;
    test::ManualExecutor executor{clock};
    Variables manager;
    bool broken = false;
    int looks = 0;
    int changes = 0;
    int done = 0;
    SessionDisplay display(
        executor, {{"DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere"}},
        [&]() -> Result<Variables> {
            ++looks;
            if (broken) return Error(BaseErrc::io, "no bus");
            return manager;
        },
        [](const Variables&) { return true; });
    display.on_change([&] { ++changes; });
    const auto look = [&] {
        display.look([&] { ++done; });
        display.look([&] { ++done; }); // shares the first one's
        executor.run();
    };
    CHECK(display.possible());
    look();
    CHECK_FALSE(display.known());
    manager["DISPLAY"] = ":3";
    look();
    CHECK(display.known());
    CHECK(changes == 1);
    broken = true;
    look();
    CHECK_FALSE(display.known());
    CHECK(changes == 2);
    CHECK(looks == 3);
    CHECK(done == 6);
    const auto answering = [](const Variables&) { return true; };
    const auto look_again = [&]() -> Result<Variables> {
        ++looks;
        return manager;
    };
    SessionDisplay own(executor, {{"DISPLAY", ":1"}}, look_again, answering);
    own.look([&] { ++done; }); // at once, and without asking anybody
    CHECK(done == 7);
    CHECK(looks == 3);
    SessionDisplay none(executor, {}, look_again, answering);
    CHECK_FALSE(none.possible());
}

TEST_CASE(
    "where the daemon's own display is gone, the one of the session that followed is used, until it is back",
    "[display]") {
    test::FakeClock clock;
    test::ManualExecutor executor{clock};
    Variables manager{{"WAYLAND_DISPLAY", "wayland-1"}, {"HOME", "/home/a"}};
    std::vector<std::string> alive;
    SessionDisplay display(
        executor, {{"DISPLAY", ":1"}, {"XAUTHORITY", "/old"}, {"LANG", "fa"}},
        [&]() -> Result<Variables> { return manager; },
        [&](const Variables& asked) {
            return std::any_of(alive.begin(), alive.end(), [&](const std::string& one) {
                return asked.contains("DISPLAY") ? asked.at("DISPLAY") == one
                                                 : asked.at("WAYLAND_DISPLAY") == one;
            });
        });
    const std::vector<std::string> own{"DISPLAY=:1", "LANG=fa", "PATH=/usr/bin:/bin", "XAUTHORITY=/old"};
    const std::vector<std::string> other{"HOME=/home/a", "LANG=fa", "PATH=/usr/bin:/bin",
                                         "WAYLAND_DISPLAY=wayland-1"};
    const auto found = [&] {
        bool done = false;
        display.look([&] { done = true; });
        executor.run();
        CHECK(done);
        return display.environment();
    };
    CHECK(found() == own); // neither answers: ours stays
    alive = {"wayland-1"};
    CHECK(found() == other);
    alive = {"wayland-1", ":1"};
    CHECK(found() == own);
    alive = {"wayland-1"};
    manager.clear();
    CHECK(found() == own);
}

TEST_CASE("a display answers where somebody listens", "[display]") {
    const test::TemporaryDirectory directory;
    const std::string runtime = directory.path().string();
    const auto listen_at = [](const std::string& name) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        REQUIRE(name.size() < sizeof address.sun_path);
        name.copy(address.sun_path, name.size());
        Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
        if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0)
            return Descriptor();
        REQUIRE(::listen(socket.get(), 1) == 0);
        return socket;
    };
    const Variables relative{{"XDG_RUNTIME_DIR", runtime}, {"WAYLAND_DISPLAY", "wayland-0"}};
    const Variables absolute{{"WAYLAND_DISPLAY", runtime + "/wayland-0"}};
    CHECK_FALSE(display_answers(relative));
    {
        const Descriptor compositor = listen_at(runtime + "/wayland-0");
        REQUIRE(compositor);
        CHECK(display_answers(relative));
        CHECK(display_answers(absolute));
    }
    CHECK_FALSE(display_answers(absolute)); // its socket file is left behind

    std::string number;
    Descriptor server;
    for (int candidate = 7001; !server && candidate < 7100; ++candidate) {
        number = std::to_string(candidate);
        CHECK_FALSE(display_answers({{"DISPLAY", ":" + number}}));
        server = listen_at(std::string(1, '\0') + "/tmp/.X11-unix/X" + number);
    }
    REQUIRE(server);
    CHECK(display_answers({{"DISPLAY", ":" + number}}));
    CHECK(display_answers({{"DISPLAY", ":" + number + ".0"}}));
    CHECK(display_answers({{"DISPLAY", "unix:" + number}}));
    CHECK(display_answers({{"DISPLAY", ":" + number}, {"WAYLAND_DISPLAY", "wayland-9"}}));
    server = Descriptor();
    CHECK_FALSE(display_answers({{"DISPLAY", ":" + number}}));
    CHECK_FALSE(display_answers({{"DISPLAY", "nonsense"}}));
    CHECK_FALSE(display_answers({}));
    CHECK(display_answers({{"DISPLAY", "localhost:10.0"}})); // over ssh: not ours to find out
}
