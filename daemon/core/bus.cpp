// SPDX-License-Identifier: Apache-2.0
#include "bus.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/logger.h>

#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <poll.h>

namespace mohr::core {
namespace asio = boost::asio;

namespace {
constexpr std::chrono::seconds reconnect_pause{30};
}

class BusConnection::Driver : public std::enable_shared_from_this<Driver> {
public:
    Driver(asio::io_context& context, std::shared_ptr<spdlog::logger> log, const char* name, Open open,
           OnConnected on_connected)
        : log_(std::move(log)), name_(name), open_(open), on_connected_(std::move(on_connected)),
          readable_(context), writable_(context), timer_(context) {}

    void connect() {
        sd_bus* raw = nullptr;
        const int result = open_(&raw);
        bus_.reset(raw);
        if (result < 0) {
            bus_.reset();
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

    [[nodiscard]] sd_bus* bus() const noexcept { return bus_.get(); }

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

BusConnection::BusConnection(asio::io_context& context, std::shared_ptr<spdlog::logger> log, const char* name,
                             Open open, OnConnected on_connected)
    : driver_(std::make_shared<Driver>(context, std::move(log), name, open, std::move(on_connected))) {}

BusConnection::~BusConnection() {
    driver_->close();
}

void BusConnection::connect() {
    driver_->connect();
}

sd_bus* BusConnection::bus() const noexcept {
    return driver_->bus();
}

void BusConnection::flush() {
    if (driver_->bus() != nullptr) driver_->turn();
}

} // namespace mohr::core
