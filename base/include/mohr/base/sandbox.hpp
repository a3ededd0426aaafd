// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/result.hpp>

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

/// What a program that parses foreign bytes gives up, so that whoever takes it over cannot open files, start
/// programs, connect, make sockets, look at or signal other processes.
namespace mohr {

struct SandboxState {
    int landlock_abi = 0; ///< 0: the kernel has none
    bool seccomp = false;
};

/// off: only for tests that look at Landlock alone.
enum class Seccomp { on, off };

/// Numbers of system calls. Beside them memory may be mapped and protected, never executable, and the process may
/// signal itself; anything else ends it.
struct SandboxCalls {
    std::span<const int> allowed;
    std::span<const std::uint64_t> ioctls{}; ///< requests of ioctl(2)
    std::span<const int> trapped{};          ///< not carried out: SIGSYS, for the process to answer itself
};

/// Closes for good. Landlock first, which denies all that it knows, with no more than `max_landlock_abi` (-1: all
/// the kernel has), then seccomp. Landlock binds the calling thread and those it starts: `start_threads` is called
/// between the two, for afterwards none can be started. Fails with BaseErrc::io, or as `start_threads` does; a kernel
/// without Landlock is not a failure.
[[nodiscard]] Result<SandboxState> close_sandbox(const SandboxCalls& calls, int max_landlock_abi = -1,
                                                 Seccomp seccomp = Seccomp::on,
                                                 const std::function<Result<void>()>& start_threads = {});

#if defined(MOHR_FAULT_POINTS)
/// Tries one attack from inside and prints one line, "attack NAME: …", on standard error; for the tests.
void attack(std::string_view name);
/// A socket made at the first call: make it before the sandbox closes.
int prepared_socket();
#endif

} // namespace mohr
