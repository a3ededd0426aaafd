// SPDX-License-Identifier: Apache-2.0
#include "fault.hpp"

#if defined(MOHR_FAULT_POINTS)
#include <atomic>

namespace mohr::token {
namespace {
std::atomic<FaultHook> installed{nullptr};
}

void set_fault_hook(FaultHook hook) noexcept {
    installed = hook;
}

void fault_point(const char* point) noexcept {
    if (const FaultHook hook = installed.load(std::memory_order_relaxed)) hook(point);
}

} // namespace mohr::token
#endif
