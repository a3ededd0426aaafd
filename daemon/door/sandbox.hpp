// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/result.hpp>

#include <string_view>

/// What the door cannot do, whatever takes it over: open files, start programs, connect, make sockets, look
/// at or signal other processes.
namespace mohr::door {

struct SandboxState {
    int landlock_abi = 0; ///< 0: the kernel has none
    bool seccomp = false;
};

/// off: only for tests that look at Landlock alone.
enum class Seccomp { on, off };

/// Closes for good. Landlock first, with no more than `max_landlock_abi` (-1: all the kernel has), then
/// seccomp, which ends the process on a forbidden call. Fails with BaseErrc::io; a kernel without Landlock is
/// not a failure.
[[nodiscard]] Result<SandboxState> close_sandbox(int max_landlock_abi, Seccomp seccomp);

#if defined(MOHR_FAULT_POINTS)
/// Tries one attack from inside and prints one line, "attack NAME: …", on standard error; for the tests.
void attack(std::string_view name);
/// A socket made at the first call: make it before the sandbox closes.
int prepared_socket();
#endif

} // namespace mohr::door
