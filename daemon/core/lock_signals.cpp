// SPDX-License-Identifier: Apache-2.0
#include "lock_signals.hpp"

#include <mohr/base/files.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/logger.h>
#include <systemd/sd-bus.h>

#include <array>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <poll.h>

namespace mohr::core {
namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds reconnect_pause{30};

struct BusDeleter {
    void operator()(sd_bus* bus) const noexcept { sd_bus_close_unref(bus); }
};
using OwnedBus = std::unique_ptr<sd_bus, BusDeleter>;

/// One connection to a bus, driven by the I/O loop.
class Bus : public std::enable_shared_from_this<Bus> {
public:
    using Open = int (*)(sd_bus**);
    using OnConnected = std::function<void(sd_bus*)>;

    Bus(asio::io_context& context, std::shared_ptr<spdlog::logger> log, const char* name, Open open,
        OnConnected on_connected)
        : log_(std::move(log)), name_(name), open_(open), on_connected_(std::move(on_connected)),
          readable_(context), writable_(context), timer_(context) {}

    void connect() {
        sd_bus* raw = nullptr;
        const int result = open_(&raw);
        bus_.reset(raw);
        if (result < 0) {
            log_->debug("{} bus: {}", name_, std::strerror(-result));
            return retry();
        }
        const int fd = sd_bus_get_fd(bus_.get());
        readable_.assign(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
        writable_.assign(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
        on_connected_(bus_.get());
        turn();
    }

    void close() {
        closed_ = true;
        drop();
        timer_.cancel();
    }

private:
    void drop() {
        boost::system::error_code ignored;
        readable_.close(ignored);
        writable_.close(ignored);
        bus_.reset();
    }

    void retry() {
        timer_.expires_after(reconnect_pause);
        timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
            if (!error && !self->closed_) self->connect();
        });
    }

    void turn() {
        int result = 0;
        do result = sd_bus_process(bus_.get(), nullptr);
        while (result > 0);
        if (result < 0) {
            log_->debug("{} bus: {}", name_, std::strerror(-result));
            drop();
            return retry();
        }
        const int events = sd_bus_get_events(bus_.get());
        const auto again = [self = shared_from_this()](const boost::system::error_code& error) {
            if (!error && !self->closed_ && self->bus_) self->turn();
        };
        // A second wait of one kind would pile up: what is there is cancelled first.
        boost::system::error_code ignored;
        readable_.cancel(ignored);
        writable_.cancel(ignored);
        readable_.async_wait(asio::posix::stream_descriptor::wait_read, again);
        if ((events & POLLOUT) != 0) writable_.async_wait(asio::posix::stream_descriptor::wait_write, again);
    }

    std::shared_ptr<spdlog::logger> log_;
    const char* name_;
    Open open_;
    OnConnected on_connected_;
    asio::posix::stream_descriptor readable_;
    asio::posix::stream_descriptor writable_;
    asio::steady_timer timer_;
    OwnedBus bus_;
    bool closed_ = false;
};

constexpr const char* login_path = "/org/freedesktop/login1";
constexpr const char* login_manager = "org.freedesktop.login1.Manager";

} // namespace

struct LockSignals::State {
    State(asio::io_context& context, std::shared_ptr<spdlog::logger> l, OnAway away)
        : log(std::move(l)), on_away(std::move(away)),
          system(std::make_shared<Bus>(context, log, "system", sd_bus_open_system,
                                       [this](sd_bus* bus) { watch_system(bus); })),
          session(std::make_shared<Bus>(context, log, "session", sd_bus_open_user,
                                        [this](sd_bus* bus) { watch_session(bus); })) {}

    std::shared_ptr<spdlog::logger> log;
    OnAway on_away;
    Descriptor inhibitor; ///< while we hold it, logind waits for us before it suspends
    std::shared_ptr<Bus> system;
    std::shared_ptr<Bus> session;

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

LockSignals::LockSignals(asio::io_context& context, std::shared_ptr<spdlog::logger> log, OnAway on_away)
    : state_(std::make_unique<State>(context, std::move(log), std::move(on_away))) {
    state_->system->connect();
    state_->session->connect();
}

LockSignals::~LockSignals() {
    state_->system->close();
    state_->session->close();
}

} // namespace mohr::core
