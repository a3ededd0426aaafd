// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "peer_lookup.hpp"
#include <mohr/base/files.hpp>
#include <mohr/protocol/link.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mohr::core {

/// Why the front door cannot be opened.
struct ListenFailure {
    enum class Reason : std::uint8_t {
        held_by_us,    ///< another program of this user
        held_by_other, ///< a program of another user (T25, T26)
        system,        ///< anything else
    };
    Reason reason = Reason::system;
    std::uint16_t port = 0;
    std::string text; ///< one sentence for the person: "port 51356 is held by user anna (uid 1001)"
};
[[noreturn]] void throw_exception_from_error(const ListenFailure& failure,
                                             const boost::source_location& where);

/// A set of ports: on each, 127.0.0.1 and ::1.
struct PortPlan {
    std::vector<std::uint16_t> plain;
    std::vector<std::uint16_t> tls;
};

/// The sockets of the front door. They stay bound as long as this lives, so that nobody else can take the
/// ports while the door is closed (R17).
class Listeners {
public:
    /// All or nothing; ::1 may be missing only where the kernel has no such address. SO_REUSEADDR, never
    /// SO_REUSEPORT, IPV6_V6ONLY. The sockets are bound, not yet listening.
    [[nodiscard]] static Result<Listeners, ListenFailure> bind(const PortPlan& ports);
    /// The same on free ports, one number for both families (sandbox).
    [[nodiscard]] static Result<Listeners, ListenFailure> bind_free();

    /// Starts to accept. Fails with BaseErrc::io.
    [[nodiscard]] Result<void> open();
    /// Refuses connections from now on; the ports stay ours.
    void close();
    [[nodiscard]] bool is_open() const noexcept { return open_; }

    struct Socket {
        Descriptor descriptor;
        protocol::link::ListenSocket what;
    };
    [[nodiscard]] const std::vector<Socket>& sockets() const noexcept { return sockets_; }
    [[nodiscard]] std::uint16_t plain_port() const noexcept;
    [[nodiscard]] std::uint16_t tls_port() const noexcept;

private:
    Listeners() = default;
    [[nodiscard]] Result<void, ListenFailure> add_port(std::uint16_t port, bool tls);
    std::vector<Socket> sockets_;
    bool open_ = false;
};

} // namespace mohr::core
