// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/files.hpp>

namespace mohr::cli {

/// SIGINT, SIGTERM, SIGHUP and SIGWINCH as a descriptor that poll(2) watches, so that an interrupted question
/// leaves the terminal as it was and an interrupted request is cancelled at the service.
class Interrupts {
public:
    enum class Kind { none, interrupt, terminate, resized };

    /// Blocks the signals for this process.
    Interrupts();
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    /// The next signal that has come, without waiting.
    [[nodiscard]] Kind take() noexcept;

private:
    Descriptor fd_;
};

} // namespace mohr::cli
