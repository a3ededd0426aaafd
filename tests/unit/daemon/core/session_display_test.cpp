// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "fake_clock.hpp"
#include "manual_executor.hpp"
#include "session_display.hpp"

using namespace mohr;
using namespace mohr::core;

TEST_CASE("only named variables reach a window, and none that loads code [T18]", "[display]") {
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
    SessionDisplay display(executor, {{"DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere"}},
                           [&]() -> Result<Variables> {
                               ++looks;
                               if (broken) return Error(BaseErrc::io, "no bus");
                               return manager;
                           });
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
    SessionDisplay own(executor, {{"DISPLAY", ":1"}}, [&]() -> Result<Variables> {
        ++looks;
        return manager;
    });
    own.look([&] { ++done; }); // at once, and without asking anybody
    CHECK(done == 7);
    CHECK(looks == 3);
    SessionDisplay none(executor, {}, [&]() -> Result<Variables> { return manager; });
    CHECK_FALSE(none.possible());
}
