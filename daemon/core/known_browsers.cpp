// SPDX-License-Identifier: Apache-2.0
#include "known_browsers.hpp"

#include <algorithm>

namespace mohr::core {

std::vector<std::string> default_browser_paths() {
    return {"/usr/lib/firefox-esr/firefox-esr",
            "/usr/lib/firefox/firefox",
            "/usr/lib/chromium/chromium",
            "/opt/google/chrome/chrome",
            "/opt/microsoft/msedge/msedge",
            "/opt/brave.com/brave/brave",
            "/opt/vivaldi/vivaldi-bin",
            "/opt/firefox/firefox",
            "/snap/firefox/",
            "/snap/chromium/"};
}

bool is_known_browser(std::string_view executable, const std::vector<std::string>& paths) {
    constexpr std::string_view replaced = " (deleted)";
    if (executable.ends_with(replaced)) executable.remove_suffix(replaced.size());
    // /proc names no such paths; whoever does wants to be taken for something else.
    if (!executable.starts_with('/') || executable.find("/../") != std::string_view::npos) return false;
    return std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
        if (path.empty()) return false;
        return path.back() == '/' ? executable.starts_with(path) : executable == path;
    });
}

} // namespace mohr::core
