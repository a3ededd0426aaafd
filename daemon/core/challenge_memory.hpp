// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/bytes.hpp>

#include <deque>
#include <set>
#include <string_view>

namespace mohr::core {

/// Login challenges that were answered, or are being answered, so that none serves twice. Bounded: each costs
/// a person's decision and PIN, so that nobody can wash old ones out cheaply.
class ChallengeMemory {
public:
    static constexpr std::size_t max_challenges = 16384;

    /// False if it was reserved or used before by this origin.
    [[nodiscard]] bool reserve(std::string_view origin, ByteView challenge);
    /// Nothing was signed over it after all.
    void release(std::string_view origin, ByteView challenge);

private:
    std::set<Bytes> known_;
    std::deque<Bytes> order_;
};

} // namespace mohr::core
