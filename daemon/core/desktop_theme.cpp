// SPDX-License-Identifier: Apache-2.0
#include "desktop_theme.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

namespace mohr::core {
namespace {

constexpr const char* portal = "org.freedesktop.portal.Desktop";
constexpr const char* portal_path = "/org/freedesktop/portal/desktop";
constexpr const char* settings = "org.freedesktop.portal.Settings";
constexpr const char* appearance = "org.freedesktop.appearance";
constexpr const char* scheme = "color-scheme";
constexpr std::uint32_t prefers_dark = 1; // 0: no preference, 2: prefers light
constexpr std::uint64_t timeout_usec = 5'000'000;

/// Read answers with a variant inside a variant, SettingChanged with one.
bool enter_variants(sd_bus_message* message) {
    const char* content = nullptr;
    for (int depth = 0; depth < 2; ++depth) {
        char type = 0;
        if (sd_bus_message_peek_type(message, &type, &content) <= 0 || type != 'v' || content == nullptr)
            return depth > 0;
        if (sd_bus_message_enter_container(message, 'v', content) < 0) return false;
    }
    return true;
}

} // namespace

DesktopTheme::DesktopTheme(boost::asio::io_context& context, std::shared_ptr<spdlog::logger> log,
                           OnChange on_change)
    : on_change_(std::move(on_change)),
      session_(context, std::move(log), "session", sd_bus_open_user, [this](sd_bus* bus) { watch(bus); }) {
    session_.connect();
}

void DesktopTheme::session_began() {
    if (std::exchange(may_start_, true) || session_.bus() == nullptr) return;
    ask(session_.bus());
    session_.flush();
}

void DesktopTheme::watch(sd_bus* bus) {
    sd_bus_match_signal_async(bus, nullptr, portal, portal_path, settings, "SettingChanged", on_setting,
                              nullptr, this);
    sd_bus_add_match_async(bus, nullptr,
                           "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
                           "member='NameOwnerChanged',arg0='org.freedesktop.portal.Desktop'",
                           on_owner, nullptr, this);
    ask(bus);
}

void DesktopTheme::ask(sd_bus* bus) {
    sd_bus_message* raw = nullptr;
    const int made = sd_bus_message_new_method_call(bus, &raw, portal, portal_path, settings, "Read");
    const OwnedBusMessage call(raw);
    if (made < 0 || sd_bus_message_append(call.get(), "ss", appearance, scheme) < 0) return;
    (void)sd_bus_message_set_auto_start(call.get(), may_start_ ? 1 : 0);
    (void)sd_bus_call_async(bus, nullptr, call.get(), on_reply, this, timeout_usec);
}

void DesktopTheme::take(sd_bus_message* message) {
    std::uint32_t value = 0;
    if (!enter_variants(message) || sd_bus_message_read(message, "u", &value) <= 0) return;
    const bool dark = value == prefers_dark;
    if (std::exchange(dark_, dark) != dark) on_change_(dark);
}

int DesktopTheme::on_reply(sd_bus_message* message, void* self, sd_bus_error*) {
    // No portal, or one that knows no such setting: what was known stays.
    if (sd_bus_message_is_method_error(message, nullptr) == 0)
        static_cast<DesktopTheme*>(self)->take(message);
    return 0;
}

int DesktopTheme::on_setting(sd_bus_message* message, void* self, sd_bus_error*) {
    const char* space = nullptr;
    const char* key = nullptr;
    if (sd_bus_message_read(message, "ss", &space, &key) <= 0) return 0;
    if (std::string_view(space) == appearance && std::string_view(key) == scheme)
        static_cast<DesktopTheme*>(self)->take(message);
    return 0;
}

int DesktopTheme::on_owner(sd_bus_message* message, void* self, sd_bus_error*) {
    const char* name = nullptr;
    const char* before = nullptr;
    const char* now = nullptr;
    if (sd_bus_message_read(message, "sss", &name, &before, &now) > 0 && *now != '\0')
        static_cast<DesktopTheme*>(self)->ask(sd_bus_message_get_bus(message));
    return 0;
}

} // namespace mohr::core
