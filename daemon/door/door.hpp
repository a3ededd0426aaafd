// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/files.hpp>
#include <mohr/base/result.hpp>

#include <functional>
#include <memory>
#include <string>

namespace mohr::door {

/// What the tests of the sandbox force; never set in a shipped command line.
struct DoorOptions {
    int forced_landlock_abi = -1; ///< use no more than this ABI; -1: what the kernel has
    bool seccomp = true;          ///< false only with the fault points compiled in
    std::string attack;           ///< with the fault points compiled in: what to try from inside
    std::string attack_from;      ///< on which thread; empty: the loop's
};

/// Runs the door on the link's socket until the core stops it or goes away; the exit status.
[[nodiscard]] int run_door(Descriptor link, const DoorOptions& options);

} // namespace mohr::door
