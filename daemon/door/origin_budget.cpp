// SPDX-License-Identifier: Apache-2.0
#include "origin_budget.hpp"

namespace mohr::door {

bool OriginBudget::take(const std::string& origin, std::uint64_t bytes) {
    const auto found = of_origin_.find(origin);
    const std::uint64_t mine = found == of_origin_.end() ? 0 : found->second;
    if (bytes > max_bytes_ - taken_ || mine + bytes > max_bytes_ / 2) return false;
    of_origin_[origin] = mine + bytes;
    taken_ += bytes;
    return true;
}

void OriginBudget::give_back(const std::string& origin, std::uint64_t bytes) {
    taken_ -= bytes;
    const auto found = of_origin_.find(origin);
    if (found == of_origin_.end()) return;
    found->second -= bytes;
    if (found->second == 0) of_origin_.erase(found);
}

} // namespace mohr::door
