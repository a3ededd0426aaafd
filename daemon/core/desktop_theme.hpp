// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bus.hpp"

#include <functional>
#include <memory>

namespace mohr::core {

/// Whether the person's desktop prefers dark windows: `color-scheme` of `org.freedesktop.appearance`, as the desktop portal
/// tells it (XDG Desktop Portal, interface org.freedesktop.portal.Settings), and its changes. The core asks for all windows:
/// mohr-prompt loads nothing that could. I/O thread only.
class DesktopTheme {
public:
    using OnChange = std::function<void(bool dark)>;
    DesktopTheme(boost::asio::io_context& context, std::shared_ptr<spdlog::logger> log, OnChange on_change);

    /// From here on the portal may be started to be asked. Before the person's session has begun it would come up without
    /// a display, and stay so for every program: until then it is asked only where it runs.
    void session_began();

private:
    void watch(sd_bus* bus);
    void ask(sd_bus* bus);
    void take(sd_bus_message* message);
    static int on_reply(sd_bus_message* message, void* self, sd_bus_error* error);
    static int on_setting(sd_bus_message* message, void* self, sd_bus_error* error);
    static int on_owner(sd_bus_message* message, void* self, sd_bus_error* error);

    OnChange on_change_;
    bool dark_ = false;
    bool may_start_ = false;
    BusConnection session_; ///< last: its callbacks use the others
};

} // namespace mohr::core
