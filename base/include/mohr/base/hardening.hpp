// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/result.hpp>

namespace mohr {

/// First act of every program that may hold a secret: no core dumps, not dumpable (prctl PR_SET_DUMPABLE), no
/// new privileges, umask 077. Fails with BaseErrc::io.
[[nodiscard]] Result<void> harden_process();

/// Closes every inherited descriptor from `first` on (close_range(2)).
void close_descriptors_from(int first) noexcept;

} // namespace mohr
