// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/clock.hpp>
#include <mohr/protocol/link.hpp>

#include <map>
#include <set>
#include <string>
#include <utility>

namespace mohr::core {

/// Grants that were not remembered: of one origin in one program, for as long as a connection of the two is open and a
/// while longer, so that a page that is reloaded need not ask again. Never on disk. A program that could not be found
/// out gets its grant for the one connection only.
class OnceGrants {
public:
    using ConnectionId = protocol::link::ConnectionId;

    explicit OnceGrants(std::chrono::milliseconds lifetime) : lifetime_(lifetime) {}
    /// `program` is the path of its executable, or empty.
    void give(const std::string& origin, const std::string& program, ConnectionId connection);
    /// A new connection: whether what was given before covers it too.
    bool extend(const std::string& origin, const std::string& program, ConnectionId connection,
                SteadyInstant now);
    [[nodiscard]] bool covers(const std::string& origin, ConnectionId connection) const;
    void closed(ConnectionId connection, SteadyInstant now);
    void drop(const std::string& origin);
    void clear() { given_.clear(); }

private:
    struct Grant {
        std::set<ConnectionId> open;
        SteadyInstant until{}; ///< where none is open
    };
    std::chrono::milliseconds lifetime_;
    std::map<std::pair<std::string, std::string>, Grant> given_; ///< by origin and program
};

} // namespace mohr::core
