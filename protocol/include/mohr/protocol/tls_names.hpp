// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

namespace mohr::protocol {

/// The names under which https portals of the Dastine protocol open `wss`. They are served, and certified by the
/// local root, only where the person agreed to it.
inline constexpr std::array<std::string_view, 2> dastine_hosts{"localhost.dastine.pki.co.ir",
                                                               "local.dastine.pki.co.ir"};
/// The common name of each local root begins so; eight hexadecimal digits follow that differ for every one.
inline constexpr std::string_view local_root_name = "Mohr loopback root ";

} // namespace mohr::protocol
