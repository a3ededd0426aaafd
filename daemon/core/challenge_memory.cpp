// SPDX-License-Identifier: Apache-2.0
#include "challenge_memory.hpp"

#include <mohr/base/digest.hpp>

#include <algorithm>

namespace mohr::core {

namespace {

Bytes name_of(std::string_view origin, ByteView challenge) {
    Hasher hasher(DigestAlgorithm::sha256);
    hasher.update(digest(DigestAlgorithm::sha256, as_bytes(origin)));
    hasher.update(challenge);
    return hasher.finish();
}

} // namespace

bool ChallengeMemory::reserve(std::string_view origin, ByteView challenge) {
    auto name = name_of(origin, challenge);
    if (!known_.insert(name).second) return false;
    order_.push_back(std::move(name));
    if (order_.size() > max_challenges) {
        known_.erase(order_.front());
        order_.pop_front();
    }
    return true;
}

void ChallengeMemory::release(std::string_view origin, ByteView challenge) {
    const auto name = name_of(origin, challenge);
    if (known_.erase(name) == 0) return;
    // The newest are at the end, and so is what is given back.
    const auto found = std::find(order_.rbegin(), order_.rend(), name);
    if (found != order_.rend()) order_.erase(std::next(found).base());
}

} // namespace mohr::core
