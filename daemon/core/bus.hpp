// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-bus.h>

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}
namespace spdlog {
class logger;
}

namespace mohr::core {

struct BusDeleter {
    void operator()(sd_bus* bus) const noexcept { sd_bus_close_unref(bus); }
};
using OwnedBus = std::unique_ptr<sd_bus, BusDeleter>;

struct BusMessageDeleter {
    void operator()(sd_bus_message* message) const noexcept { sd_bus_message_unref(message); }
};
using OwnedBusMessage = std::unique_ptr<sd_bus_message, BusMessageDeleter>;

/// One connection to a D-Bus bus, driven by the I/O loop. A bus that is not there is tried again every 30 seconds.
/// I/O thread only.
class BusConnection {
public:
    using Open = int (*)(sd_bus**); ///< such as sd_bus_open_user
    /// Called each time that the bus was reached: matches and calls go here. Lends the bus.
    using OnConnected = std::function<void(sd_bus*)>;

    BusConnection(boost::asio::io_context& context, std::shared_ptr<spdlog::logger> log, const char* name,
                  Open open, OnConnected on_connected);
    ~BusConnection();
    BusConnection(const BusConnection&) = delete;
    BusConnection& operator=(const BusConnection&) = delete;

    void connect();
    /// Lent; null while the bus is not reached. What is queued on it leaves with flush().
    [[nodiscard]] sd_bus* bus() const noexcept;
    /// Sends what was queued on the bus outside of its own callbacks.
    void flush();

private:
    class Driver;
    std::shared_ptr<Driver> driver_;
};

} // namespace mohr::core
