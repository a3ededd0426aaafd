// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/files.hpp>
#include <mohr/protocol/link.hpp>

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace mohr::door {

/// Accepts on one listening socket that the core has opened.
class Listener {
public:
    using OnAccepted = std::function<void(Descriptor connection)>;
    Listener(boost::asio::io_context& context, Descriptor socket, OnAccepted on_accepted);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    /// Begins, or begins again after the core has shut the socket down and made it listen anew. Idempotent.
    void arm();
    /// Takes no more; what waits in the kernel's queue stays there.
    void disarm();

private:
    class State;
    std::shared_ptr<State> state_;
};

/// Both ends of a connected TCP socket. Fails with BaseErrc::io if it is gone already.
[[nodiscard]] Result<protocol::link::FourTuple> four_tuple(int socket);

} // namespace mohr::door
