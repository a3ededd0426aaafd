// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mohr::cli {

enum class HostState : unsigned char { loopback, unknown, elsewhere };
struct HostName {
    std::string_view name;
    HostState state = HostState::unknown;
    std::vector<std::string> addresses;
};

/// How this machine resolves the Dastine hosts: "elsewhere" if any address is not a loopback one. Takes at most three
/// seconds; a resolver that does not answer counts as unknown.
[[nodiscard]] std::vector<HostName> resolve_dastine_hosts();

/// The lines for /etc/hosts.
[[nodiscard]] std::string hosts_lines();
/// The command that adds them.
[[nodiscard]] std::string hosts_command();

} // namespace mohr::cli
