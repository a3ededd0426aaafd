// SPDX-License-Identifier: Apache-2.0
#include "portal_sessions.hpp"

#include <algorithm>
#include <utility>

namespace mohr::core {

namespace link = protocol::link;

namespace {
/// Each key costs a person's decision; a page that collects sessions loses one of them.
constexpr std::size_t max_sessions_with_keys = 64;
} // namespace

PortalSessions::Portal& PortalSessions::at(const std::string& origin) {
    const auto [portal, made] = portals_.try_emplace(origin);
    if (made) portal->second.left = clock_.steady(); // until a connection opens
    return portal->second;
}

void PortalSessions::opened(const std::string& origin, link::ConnectionId connection) {
    auto& portal = at(origin);
    portal.connections.insert(connection);
    portal.left.reset();
    origins_[connection] = origin;
}

bool PortalSessions::closed(link::ConnectionId connection) {
    const auto found = origins_.find(connection);
    if (found == origins_.end()) return false;
    auto& portal = portals_[found->second];
    portal.connections.erase(connection);
    origins_.erase(found);
    if (!portal.connections.empty()) return false;
    portal.left = clock_.steady();
    return true;
}

std::vector<std::string> PortalSessions::expire() {
    std::vector<std::string> over;
    for (auto portal = portals_.begin(); portal != portals_.end();) {
        if (portal->second.left && clock_.steady() - *portal->second.left >= grace) {
            over.push_back(portal->first);
            portal = portals_.erase(portal);
        } else {
            ++portal;
        }
    }
    return over;
}

bool PortalSessions::has(link::ConnectionId connection) const {
    return origins_.contains(connection);
}

const PortalSessions::Portal* PortalSessions::find(const std::string& origin) const {
    const auto found = portals_.find(origin);
    return found == portals_.end() ? nullptr : &found->second;
}

void PortalSessions::grant(const std::string& origin) {
    at(origin).granted = true;
}

void PortalSessions::revoke(const std::string& origin) {
    const auto found = portals_.find(origin);
    if (found == portals_.end()) return;
    found->second.granted = false;
    found->second.window.reset();
}

bool PortalSessions::granted(const std::string& origin) const {
    const auto* portal = find(origin);
    return portal != nullptr && portal->granted;
}

void PortalSessions::add_key(const std::string& origin, const std::string& session, const token::KeyId& key) {
    auto& keys = at(origin).keys;
    if (keys.size() >= max_sessions_with_keys && !keys.contains(session)) keys.erase(keys.begin());
    keys[session].insert(key);
}

void PortalSessions::remove_key(const std::string& origin, const std::string& session,
                                const token::KeyId& key) {
    auto& keys = at(origin).keys;
    const auto found = keys.find(session);
    if (found == keys.end()) return;
    found->second.erase(key);
    if (found->second.empty()) keys.erase(found);
}

std::vector<token::KeyId> PortalSessions::keys(const std::string& origin, const std::string& session) const {
    const auto* portal = find(origin);
    if (portal == nullptr) return {};
    const auto found = portal->keys.find(session);
    if (found == portal->keys.end()) return {};
    return {found->second.begin(), found->second.end()};
}

void PortalSessions::open_window(const std::string& origin, DecryptWindow window) {
    at(origin).window = std::move(window);
}

void PortalSessions::close_window(const std::string& origin) {
    const auto found = portals_.find(origin);
    if (found != portals_.end()) found->second.window.reset();
}

void PortalSessions::close_windows() {
    for (auto& [origin, portal] : portals_) portal.window.reset();
}

DecryptWindow* PortalSessions::window(const std::string& origin) {
    const auto found = portals_.find(origin);
    if (found == portals_.end() || !found->second.window) return nullptr;
    auto& window = found->second.window;
    if (window->used >= window->items || clock_.steady() >= window->ends) window.reset();
    return window ? &*window : nullptr;
}

std::shared_ptr<token::Authorisation> PortalSessions::take(const std::string& origin, const token::KeyId& key,
                                                           bool unauthenticated) {
    auto* open = window(origin);
    if (open == nullptr || open->key != key || (unauthenticated && !open->unauthenticated)) return nullptr;
    ++open->used;
    return open->proof;
}

std::vector<PortalSessions::OpenWindow> PortalSessions::windows() {
    std::vector<OpenWindow> all;
    for (const auto& [origin, portal] : portals_)
        if (const auto* open = window(origin))
            all.push_back({origin, open->items - open->used,
                           std::chrono::ceil<std::chrono::milliseconds>(open->ends - clock_.steady())});
    return all;
}

} // namespace mohr::core
