// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mohr::core {

/// Executables that are browsers on Debian and its relatives; an entry that ends in '/' is a directory.
[[nodiscard]] std::vector<std::string> default_browser_paths();

/// Whether the executable that /proc names is one of them. A file that was replaced by an upgrade while it
/// runs has " (deleted)" behind its path and still counts. Only a hint for the person (T27).
[[nodiscard]] bool is_known_browser(std::string_view executable, const std::vector<std::string>& paths);

} // namespace mohr::core
