// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace mohr::token {

/// A place where a kill is interesting. Nothing in a build without MOHR_FAULT_POINTS.
#if defined(MOHR_FAULT_POINTS)
using FaultHook = void (*)(const char* point);
/// For the fault tests: called at every point of this process; null to switch off.
void set_fault_hook(FaultHook hook) noexcept;
void fault_point(const char* point) noexcept;
#else
inline void fault_point(const char*) noexcept {}
#endif

} // namespace mohr::token
