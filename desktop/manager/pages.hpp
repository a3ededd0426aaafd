// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>
#include <functional>
#include <vector>

namespace mohr::desktop {

class Page;
class Shell;

/// One line of the side bar.
struct PageEntry {
    QString id;
    const char* title; ///< key of the text in the side bar
    QString icon;      ///< below :/icons
    bool listed;       ///< in the side bar; the others are opened from elsewhere
    std::function<Page*(Shell&)> make;
};

/// Every page, in the order of the side bar; the first is opened at start (R19).
[[nodiscard]] const std::vector<PageEntry>& page_entries();

} // namespace mohr::desktop
