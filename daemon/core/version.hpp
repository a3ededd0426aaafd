// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace mohr::core {

/// The project's version, from CMakeLists.txt.
inline constexpr std::string_view product_version = MOHR_VERSION;

} // namespace mohr::core
