// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mohr::cli {

/// Somebody who listens where the daemon wants to: on 127.0.0.1, ::1, or on every address.
struct Listening {
    std::string address; ///< "127.0.0.1", "::1", "0.0.0.0", "::"
    std::string who;     ///< "python3 (process 812)", "user web (uid 1001)"
};
[[nodiscard]] std::vector<Listening> listening_on(std::uint16_t port);

/// Whether this machine has the address, so that it could be bound.
[[nodiscard]] bool has_address(std::string_view address);
/// Whether a connection is taken there within a second.
[[nodiscard]] bool accepts(std::string_view address, std::uint16_t port);

} // namespace mohr::cli
