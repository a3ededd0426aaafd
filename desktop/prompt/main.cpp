// SPDX-License-Identifier: Apache-2.0
#include "prompt/conversation.hpp"
#include "prompt/pin_field.hpp"
#include "shared/accessible_areas.hpp"
#include <mohr/base/hardening.hpp>
#include <mohr/base/secret.hpp>

#include <sys/socket.h>

#include <QApplication>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <malloc.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace {

constexpr int core_descriptor = 3;
constexpr std::size_t secret_bytes = 64 * 1024;

bool is_socket(int descriptor) {
    int type = 0;
    socklen_t size = sizeof type;
    return ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

/// Qt loads code by these; only what says where to draw stays. The generic platform theme keeps another toolkit from being
/// loaded beside the PIN, no input method sees it, and no configuration of the session is read.
void clean_environment() {
    constexpr std::array<std::string_view, 4> kept{"QT_SCALE_FACTOR", "QT_QPA_PLATFORM",
                                                   "QT_LINUX_ACCESSIBILITY_ALWAYS_ON", "QT_ACCESSIBILITY"};
    std::vector<std::string> gone;
    for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view line(*entry);
        const std::string_view name = line.substr(0, line.find('='));
        const bool of_qt = name.starts_with("QT_") || name.starts_with("QML") || name.starts_with("LD_");
        if (of_qt && std::find(kept.begin(), kept.end(), name) == kept.end()) gone.emplace_back(name);
    }
    for (const std::string& name : gone) ::unsetenv(name.c_str());
    // Qt asks the session's type which of the two it shall use; a compositor that somebody started from a console has none.
    const auto is_set = [](const char* name) {
        const char* value = ::getenv(name);
        return value != nullptr && *value != '\0';
    };
    if (is_set("WAYLAND_DISPLAY") && !is_set("DISPLAY")) ::setenv("QT_QPA_PLATFORM", "wayland", 1);
    ::setenv("QT_IM_MODULE", "none", 1);
    ::setenv("QT_QPA_PLATFORMTHEME", "generic", 1);
}

} // namespace

int main(int argc, char** argv) {
    // Whatever the heap frees is overwritten: Qt passes each key on as a text of one character.
    ::mallopt(M_PERTURB, 0xA5);
    if (!is_socket(core_descriptor)) {
        std::fputs("mohr-prompt: mohrd starts this program when somebody asks for a decision\n", stderr);
        return 2;
    }
    if (const auto hardened = mohr::harden_process(); !hardened) {
        std::fprintf(stderr, "mohr-prompt: %s\n", hardened.error().describe().c_str());
        return 1;
    }
    mohr::close_descriptors_from(core_descriptor + 1);
    mohr::install_secret_memory(secret_bytes, mohr::OpensslHeap::ordinary);
    clean_environment();
    QApplication app(argc, argv);
    mohr::desktop::install_accessible_areas();
    QCoreApplication::setApplicationName(QStringLiteral("mohr-prompt"));
    QApplication::setQuitOnLastWindowClosed(false);
    QGuiApplication::setDesktopFileName(QStringLiteral("mohr-prompt"));
    mohr::desktop::install_pin_field_accessibility();
    mohr::desktop::Conversation conversation{mohr::Descriptor(core_descriptor)};
    return QApplication::exec();
}
