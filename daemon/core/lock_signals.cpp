// SPDX-License-Identifier: Apache-2.0
#include "lock_signals.hpp"

#include "bus.hpp"
#include <mohr/base/files.hpp>

#include <fcntl.h>
#include <optional>
#include <utility>

namespace mohr::core {
namespace {

constexpr const char* login_path = "/org/freedesktop/login1";
constexpr const char* login_manager = "org.freedesktop.login1.Manager";

} // namespace

struct LockSignals::State {
    State(boost::asio::io_context& context, const std::shared_ptr<spdlog::logger>& log, OnAway away)
        : on_away(std::move(away)),
          system(context, log, "system", sd_bus_open_system, [this](sd_bus* bus) { watch_system(bus); }),
          session(context, log, "session", sd_bus_open_user, [this](sd_bus* bus) { watch_session(bus); }) {}

    OnAway on_away;
    Descriptor inhibitor; ///< while we hold it, logind waits for us before it suspends
    BusConnection system;
    BusConnection session;

    void watch_system(sd_bus* bus) {
        sd_bus_match_signal_async(bus, nullptr, nullptr, login_path, login_manager, "PrepareForSleep",
                                  on_sleep, nullptr, this);
        // Of whichever session: a lock too many costs one PIN.
        sd_bus_match_signal_async(bus, nullptr, nullptr, nullptr, "org.freedesktop.login1.Session", "Lock",
                                  on_lock, nullptr, this);
        take_inhibitor(bus);
    }

    void watch_session(sd_bus* bus) {
        for (const char* saver : {"org.freedesktop.ScreenSaver", "org.gnome.ScreenSaver",
                                  "org.cinnamon.ScreenSaver", "org.mate.ScreenSaver", "org.xfce.ScreenSaver"})
            sd_bus_match_signal_async(bus, nullptr, nullptr, nullptr, saver, "ActiveChanged", on_screen_saver,
                                      nullptr, this);
    }

    void take_inhibitor(sd_bus* bus) {
        sd_bus_call_method_async(bus, nullptr, "org.freedesktop.login1", login_path, login_manager, "Inhibit",
                                 on_inhibited, this, "ssss", "sleep", "Mohr", "Lock the token before sleep",
                                 "delay");
    }

    static int on_inhibited(sd_bus_message* message, void* self, sd_bus_error*) {
        int fd = -1;
        if (sd_bus_message_is_method_error(message, nullptr) == 0 &&
            sd_bus_message_read(message, "h", &fd) >= 0)
            static_cast<State*>(self)->inhibitor = Descriptor(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
        return 0;
    }

    static std::optional<bool> read_flag(sd_bus_message* message) {
        int value = 0;
        if (sd_bus_message_read(message, "b", &value) < 0) return std::nullopt;
        return value != 0;
    }

    static int on_sleep(sd_bus_message* message, void* data, sd_bus_error*) {
        auto* self = static_cast<State*>(data);
        const auto going = read_flag(message);
        if (!going) return 0;
        if (*going) {
            const auto held = std::make_shared<Descriptor>(std::move(self->inhibitor));
            self->on_away("suspend", [held] { held->reset(); });
        } else {
            self->take_inhibitor(sd_bus_message_get_bus(message));
        }
        return 0;
    }

    static int on_lock(sd_bus_message*, void* self, sd_bus_error*) {
        static_cast<State*>(self)->on_away("session lock", [] {});
        return 0;
    }

    static int on_screen_saver(sd_bus_message* message, void* self, sd_bus_error*) {
        if (read_flag(message).value_or(false)) static_cast<State*>(self)->on_away("screen lock", [] {});
        return 0;
    }
};

LockSignals::LockSignals(boost::asio::io_context& context, std::shared_ptr<spdlog::logger> log,
                         OnAway on_away)
    : state_(std::make_unique<State>(context, log, std::move(on_away))) {
    state_->system.connect();
    state_->session.connect();
}
LockSignals::~LockSignals() = default;

} // namespace mohr::core
