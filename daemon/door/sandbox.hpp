// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/sandbox.hpp>

namespace mohr::door {

/// What the door cannot do, whatever takes it over: see mohr/base/sandbox.hpp.
[[nodiscard]] Result<SandboxState> close_sandbox(int max_landlock_abi, Seccomp seccomp,
                                                 const std::function<Result<void>()>& start_threads);

} // namespace mohr::door
