// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/clock.hpp>
#include <mohr/protocol/link.hpp>
#include <mohr/token/token.hpp>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mohr::core {

/// What a person let one site do in one decrypt prompt (rule 3): so many items with the certificate that was
/// chosen there, until then. It holds the proof of the PIN, so it ends with the lock.
struct DecryptWindow {
    static constexpr unsigned max_items = 200;
    static constexpr unsigned max_minutes = 15;

    token::KeyId key;
    bool unauthenticated = false; ///< the prompt said "not tamper-proof"
    unsigned items = 0;           ///< in all
    unsigned used = 0;
    SteadyInstant ends{};
    std::shared_ptr<token::Authorisation> proof;
};

/// What the core remembers of the sites on the Dastine front between their operations: it follows the origin
/// (and the page's session), not the socket, and lives while any connection of the origin is open and `grace`
/// longer. I/O thread only.
class PortalSessions {
public:
    static constexpr std::chrono::minutes grace{10};

    explicit PortalSessions(const Clock& clock) : clock_(clock) {}

    void opened(const std::string& origin, protocol::link::ConnectionId connection);
    /// True if it was one of ours, and its origin's last.
    bool closed(protocol::link::ConnectionId connection);
    /// Origins whose grace is over: all that was remembered is gone.
    [[nodiscard]] std::vector<std::string> expire();
    [[nodiscard]] bool has(protocol::link::ConnectionId connection) const;

    /// Access for now: not remembered, good for the origin's connections on this front.
    void grant(const std::string& origin);
    void revoke(const std::string& origin);
    [[nodiscard]] bool granted(const std::string& origin) const;

    /// Keys generated in a session that still wait for their certificate.
    void add_key(const std::string& origin, const std::string& session, const token::KeyId& key);
    void remove_key(const std::string& origin, const std::string& session, const token::KeyId& key);
    [[nodiscard]] std::vector<token::KeyId> keys(const std::string& origin, const std::string& session) const;

    void open_window(const std::string& origin, DecryptWindow window);
    void close_window(const std::string& origin);
    void close_windows();
    /// The window that is open now, or null.
    [[nodiscard]] DecryptWindow* window(const std::string& origin);
    /// Takes one item of it: nothing if it does not cover this.
    [[nodiscard]] std::shared_ptr<token::Authorisation> take(const std::string& origin,
                                                             const token::KeyId& key, bool unauthenticated);
    struct OpenWindow {
        std::string origin;
        unsigned items_left = 0;
        std::chrono::milliseconds time_left{};
    };
    [[nodiscard]] std::vector<OpenWindow> windows();

private:
    struct Portal {
        std::set<protocol::link::ConnectionId> connections;
        std::optional<SteadyInstant> left; ///< when the last one closed
        bool granted = false;
        std::map<std::string, std::set<token::KeyId>> keys; ///< by session
        std::optional<DecryptWindow> window;
    };
    [[nodiscard]] Portal& at(const std::string& origin);
    [[nodiscard]] const Portal* find(const std::string& origin) const;

    const Clock& clock_;
    std::map<std::string, Portal> portals_;
    std::map<protocol::link::ConnectionId, std::string> origins_;
};

} // namespace mohr::core
