// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace mohr::door {

/// Bytes that all pages together may have the door keep; no origin has more than half.
class OriginBudget {
public:
    explicit OriginBudget(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}
    [[nodiscard]] bool take(const std::string& origin, std::uint64_t bytes);
    void give_back(const std::string& origin, std::uint64_t bytes);
    [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }

private:
    std::uint64_t max_bytes_;
    std::uint64_t taken_ = 0;
    std::map<std::string, std::uint64_t> of_origin_;
};

} // namespace mohr::door
