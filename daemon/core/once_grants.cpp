// SPDX-License-Identifier: Apache-2.0
#include "once_grants.hpp"

#include <iterator>

namespace mohr::core {

void OnceGrants::give(const std::string& origin, const std::string& program, ConnectionId connection) {
    given_[{origin, program}].open.insert(connection);
}

bool OnceGrants::extend(const std::string& origin, const std::string& program, ConnectionId connection,
                        SteadyInstant now) {
    if (program.empty()) return false;
    const auto found = given_.find({origin, program});
    if (found == given_.end()) return false;
    if (found->second.open.empty() && now >= found->second.until) {
        given_.erase(found);
        return false;
    }
    return found->second.open.insert(connection).second;
}

bool OnceGrants::covers(const std::string& origin, ConnectionId connection) const {
    for (auto it = given_.lower_bound({origin, {}}); it != given_.end() && it->first.first == origin; ++it)
        if (it->second.open.contains(connection)) return true;
    return false;
}

void OnceGrants::closed(ConnectionId connection, SteadyInstant now) {
    for (auto it = given_.begin(); it != given_.end();) {
        auto& [key, grant] = *it;
        if (grant.open.erase(connection) > 0) grant.until = now + lifetime_;
        const bool forgotten = grant.open.empty() && (key.second.empty() || now >= grant.until);
        it = forgotten ? given_.erase(it) : std::next(it);
    }
}

void OnceGrants::drop(const std::string& origin) {
    std::erase_if(given_, [&](const auto& entry) { return entry.first.first == origin; });
}

} // namespace mohr::core
