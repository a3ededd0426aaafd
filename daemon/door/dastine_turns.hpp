// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>

namespace mohr::door {

/// The operations of one origin go to the core one at a time, in the order they are ready, whichever of its
/// pages wants them: the core refuses a site's second prompt as busy, and to a page that is a no.
class DastineTurns {
public:
    /// The place of one operation. Giving it up lets the next begin.
    class Turn {
    public:
        /// `begin` is called once, from here if no other operation of the origin is there.
        Turn(DastineTurns& turns, std::string origin, std::function<void()> begin);
        ~Turn();
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        [[nodiscard]] bool has_begun() const noexcept { return begun_; }

    private:
        friend DastineTurns;
        DastineTurns& turns_;
        std::string origin_;
        std::function<void()> begin_;
        bool begun_ = false;
    };

    /// Nothing begins while one is there, so that several can be given up together.
    class Hold {
    public:
        explicit Hold(DastineTurns& turns) : turns_(turns) { ++turns_.holds_; }
        ~Hold();
        Hold(const Hold&) = delete;
        Hold& operator=(const Hold&) = delete;

    private:
        DastineTurns& turns_;
    };

private:
    using Queue = std::deque<Turn*>;
    void begin_first(const Queue& queue) const;

    std::map<std::string, Queue> queues_; ///< never an empty one
    unsigned holds_ = 0;
};

} // namespace mohr::door
