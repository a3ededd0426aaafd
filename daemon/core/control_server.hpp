// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_connection.hpp"

#include <filesystem>

namespace mohr::core {

/// The control socket of docs/control-api.md: framing, limits, who may connect, one reply for each request.
/// Knows no method. I/O thread only.
class ControlServer {
public:
    using OnRequest = std::function<void(ControlRequest, ControlReply)>;
    using OnNotification =
        std::function<void(std::uint64_t connection, const std::string& method, const nlohmann::json&)>;
    using OnGone = std::function<void(std::uint64_t connection)>;

    struct Handlers {
        OnRequest request;
        OnNotification notification;
        OnGone gone;
    };

    /// Binds `path` 0600 (its directory is 0700 and ours) and listens. An old socket that nobody listens on
    /// is replaced; the caller holds the lock that says so. Fails with BaseErrc::io.
    [[nodiscard]] static Result<std::unique_ptr<ControlServer>> open(IoLoop& loop,
                                                                     std::shared_ptr<spdlog::logger> log,
                                                                     const std::filesystem::path& path,
                                                                     ControlLimits limits, Handlers handlers);
    ~ControlServer();
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;

    [[nodiscard]] bool connected(std::uint64_t connection) const;
    void notify(std::uint64_t connection, std::string_view method, const nlohmann::json& params);
    /// Asks the client; `answered` once: with its answer, or with nothing if the connection ends first.
    void ask(std::uint64_t connection, std::string_view method, const nlohmann::json& params,
             std::function<void(std::optional<ControlAnswer>)> answered);
    /// Sends what is queued, refuses new connections; `done` when all is out or after `deadline`.
    void finish(std::chrono::milliseconds deadline, std::function<void()> done);

private:
    struct State;
    explicit ControlServer(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

} // namespace mohr::core
