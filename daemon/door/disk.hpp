// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

namespace mohr::door {

/// Where files are read and written: beside the loop, so that a disk that hangs keeps nobody waiting who does not need it.
class Disk {
public:
    virtual ~Disk() = default;
    /// Carries out `work` behind all that was given before, then `then` from the loop, never inside this call.
    virtual void run(std::function<void()> work, std::function<void()> then) = 0;
};

} // namespace mohr::door
