// SPDX-License-Identifier: Apache-2.0
#include "dastine_turns.hpp"

#include <utility>

namespace mohr::door {

DastineTurns::Turn::Turn(DastineTurns& turns, std::string origin, std::function<void()> begin)
    : turns_(turns), origin_(std::move(origin)), begin_(std::move(begin)) {
    Queue& queue = turns_.queues_[origin_];
    queue.push_back(this);
    turns_.begin_first(queue);
}

DastineTurns::Turn::~Turn() {
    const auto found = turns_.queues_.find(origin_);
    std::erase(found->second, this);
    if (found->second.empty())
        turns_.queues_.erase(found);
    else
        turns_.begin_first(found->second);
}

DastineTurns::Hold::~Hold() {
    if (--turns_.holds_ > 0) return;
    for (const auto& [origin, queue] : turns_.queues_) turns_.begin_first(queue);
}

void DastineTurns::begin_first(const Queue& queue) const {
    Turn& first = *queue.front();
    if (holds_ > 0 || std::exchange(first.begun_, true)) return;
    first.begin_();
}

} // namespace mohr::door
