// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace mohr::core {

/// How mohrd ends. Documented in docs/operations.md; the systemd unit does not restart after those from 10
/// to 19.
enum class Exit : int {
    ok = 0,
    failure = 1,
    already_running = 10,    ///< a daemon of this user, on this profile, runs
    port_held_by_us = 11,    ///< by another program of this user
    port_held_by_other = 12, ///< by another user
    root = 13,               ///< started as root outside a sandbox
    unsafe_files = 14,       ///< others could read or change what must be private
    vault = 15,              ///< the vault is damaged, from another machine, or newer
    usage = 64,              ///< EX_USAGE: the command line
    configuration = 78,      ///< EX_CONFIG: mohrd.toml
};

} // namespace mohr::core
