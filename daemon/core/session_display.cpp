// SPDX-License-Identifier: Apache-2.0
#include "session_display.hpp"

#include "bus.hpp"
#include <mohr/base/files.hpp>

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace mohr::core {
namespace {

constexpr std::size_t max_value_bytes = 4096;
constexpr std::uint64_t manager_timeout_usec = 2'000'000;

/// Nothing that names a library, a plugin, a module or a style: what mohr-prompt runs is what is installed.
constexpr std::array<std::string_view, 12> passed{"AT_SPI_BUS_ADDRESS",
                                                  "DBUS_SESSION_BUS_ADDRESS",
                                                  "DISPLAY",
                                                  "HOME",
                                                  "LANG",
                                                  "QT_LINUX_ACCESSIBILITY_ALWAYS_ON",
                                                  "QT_SCALE_FACTOR",
                                                  "WAYLAND_DISPLAY",
                                                  "XAUTHORITY",
                                                  "XDG_CURRENT_DESKTOP",
                                                  "XDG_RUNTIME_DIR",
                                                  "XDG_SESSION_TYPE"};

bool is_passed(std::string_view name) noexcept {
    return name.substr(0, 3) == "LC_" || std::find(passed.begin(), passed.end(), name) != passed.end();
}

/// Empty where it is not set.
std::string_view value_of(const Variables& variables, const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string_view() : found->second;
}

bool has_display(const Variables& variables) {
    return !value_of(variables, "DISPLAY").empty() || !value_of(variables, "WAYLAND_DISPLAY").empty();
}

/// `name` may begin with a zero byte: an abstract address.
bool somebody_listens(std::string_view name) {
    sockaddr_un address{};
    if (name.empty() || name.size() >= sizeof address.sun_path) return false;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    const bool abstract = name.front() == '\0';
    const auto length =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (abstract ? 0 : 1));
    const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return true; // nothing was learned
    return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0 ||
           errno == EAGAIN;
}

/// X(7): [protocol/][host]:number[.screen]; without a host, or with "unix", it is a socket of this machine.
bool x_server_answers(std::string_view display) {
    const std::size_t colon = display.rfind(':');
    if (colon == std::string_view::npos) return false;
    const std::string_view host = display.substr(0, colon);
    if (!host.empty() && host != "unix") return true;
    const std::string_view number = display.substr(colon + 1);
    const std::string path = "/tmp/.X11-unix/X" + std::string(number.substr(0, number.find('.')));
    return somebody_listens(path) || somebody_listens(std::string(1, '\0') + path);
}

bool compositor_answers(const Variables& variables, std::string_view display) {
    if (display.front() == '/') return somebody_listens(display);
    return somebody_listens(std::string(value_of(variables, "XDG_RUNTIME_DIR")).append("/").append(display));
}

void add(Variables& to, std::string_view assignment) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string_view::npos) return;
    to.emplace(std::string(assignment.substr(0, equals)), std::string(assignment.substr(equals + 1)));
}

Error bus_failure(int result) {
    return Error(BaseErrc::io, std::string("user manager: ") + std::strerror(-result));
}

} // namespace

std::vector<std::string> display_environment(const Variables& own, const Variables& manager) {
    const bool mine = has_display(own);
    if (!mine && !has_display(manager)) return {};
    Variables chosen;
    const auto take = [&](const Variables& from) {
        for (const auto& [name, value] : from)
            if (is_passed(name) && value.size() <= max_value_bytes) chosen.emplace(name, value);
    };
    if (!mine) take(manager);
    take(own);
    std::vector<std::string> environment{"PATH=/usr/bin:/bin"};
    for (const auto& [name, value] : chosen) environment.emplace_back(name).append("=").append(value);
    std::sort(environment.begin(), environment.end());
    return environment;
}

bool display_answers(const Variables& variables) {
    const std::string_view wayland = value_of(variables, "WAYLAND_DISPLAY");
    const std::string_view x = value_of(variables, "DISPLAY");
    return (!wayland.empty() && compositor_answers(variables, wayland)) ||
           (!x.empty() && x_server_answers(x));
}

Variables own_environment() {
    Variables variables;
    for (char** one = environ; one != nullptr && *one != nullptr; ++one) add(variables, *one);
    return variables;
}

Result<Variables> user_manager_environment() {
    sd_bus* raw_bus = nullptr;
    int result = sd_bus_open_user(&raw_bus);
    const OwnedBus bus(raw_bus);
    if (result < 0) return bus_failure(result);
    (void)sd_bus_set_method_call_timeout(bus.get(), manager_timeout_usec);
    sd_bus_message* raw = nullptr;
    result = sd_bus_get_property(bus.get(), "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                                 "org.freedesktop.systemd1.Manager", "Environment", nullptr, &raw, "as");
    const OwnedBusMessage reply(raw);
    if (result < 0) return bus_failure(result);
    result = sd_bus_message_enter_container(reply.get(), 'a', "s");
    Variables variables;
    const char* text = nullptr;
    while (result >= 0 && (result = sd_bus_message_read(reply.get(), "s", &text)) > 0) add(variables, text);
    if (result < 0) return bus_failure(result);
    return variables;
}

SessionDisplay::SessionDisplay(Executor& executor, Variables own, Look look, Answers answers)
    : executor_(executor), own_(std::move(own)), look_(std::move(look)), answers_(std::move(answers)),
      own_display_(has_display(own_)) {
    environment_ = display_environment(own_, {});
}
SessionDisplay::~SessionDisplay() = default;

bool SessionDisplay::possible() const {
    if (own_display_ || known() || own_.contains("DBUS_SESSION_BUS_ADDRESS")) return true;
    const auto runtime = own_.find("XDG_RUNTIME_DIR");
    return runtime != own_.end() && ::access((runtime->second + "/bus").c_str(), F_OK) == 0;
}

void SessionDisplay::look(std::function<void()> done) {
    if (own_display_ && answers_(own_)) {
        choose(own_, {});
        return done();
    }
    waiting_.push_back(std::move(done));
    if (waiting_.size() > 1) return; // one is looking already
    executor_.post_to_pool([this, alive = std::weak_ptr(alive_), look = look_, &executor = executor_] {
        auto variables = std::make_shared<Variables>();
        try {
            if (auto found = look()) *variables = std::move(*found);
        } catch (const std::exception&) { // whoever waits goes on without a display
        }
        executor.post([this, alive, variables] {
            if (!alive.expired()) looked(*variables);
        });
    });
}

/// Of two displays that do not answer ours stays: the window that fails there says why, and no terminal takes its place.
void SessionDisplay::looked(const Variables& manager) {
    if (!own_display_) {
        choose(own_, manager);
    } else if (has_display(manager) && answers_(manager)) {
        Variables without = own_;
        for (const char* name : {"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"}) without.erase(name);
        choose(without, manager);
    } else {
        choose(own_, {});
    }
    for (const auto& done : std::exchange(waiting_, {})) done();
}

void SessionDisplay::choose(const Variables& own, const Variables& manager) {
    const bool before = known();
    environment_ = display_environment(own, manager);
    if (before != known() && changed_) changed_();
}

} // namespace mohr::core
