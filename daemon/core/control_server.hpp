// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io_loop.hpp"
#include <mohr/base/files.hpp>
#include <mohr/base/secret.hpp>
#include <mohr/protocol/errors.hpp>
#include <mohr/protocol/jsonrpc.hpp>

#include <nlohmann/json_fwd.hpp>
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace spdlog {
class logger;
}

namespace mohr::core {

struct ControlLimits {
    std::size_t connections = 32;
    std::size_t requests_per_connection = 16;
    std::size_t queued_bytes = std::size_t{16} << 20;
    std::chrono::milliseconds half_message = std::chrono::seconds(30);  ///< from its first byte to its last
    std::chrono::milliseconds agent_silence = std::chrono::minutes(11); ///< beyond every consent deadline
};

/// One request with all that came with it. Secrets and descriptors by the names that the message gave them.
struct ControlRequest {
    std::uint64_t connection = 0;
    pid_t peer = 0;
    protocol::jsonrpc::Id id;
    std::string method;
    std::unique_ptr<nlohmann::json> params;
    std::map<std::string, Secret> secrets;
    std::map<std::string, Descriptor> descriptors;
};

/// A result or a failure. Not Outcome<json>: a json converts to an error code, so that Outcome could not tell
/// them apart.
class ControlOutcome {
public:
    ControlOutcome(nlohmann::json value);
    ControlOutcome(protocol::Failure failure);
    [[nodiscard]] explicit operator bool() const noexcept { return value_ != nullptr; }
    [[nodiscard]] nlohmann::json& value() const noexcept { return *value_; }
    [[nodiscard]] const protocol::Failure& error() const noexcept { return failure_; }

private:
    std::shared_ptr<nlohmann::json> value_;
    protocol::Failure failure_;
};

/// Exactly once, on the I/O thread.
using ControlReply = std::function<void(ControlOutcome)>;

/// What the answer to one of our own requests was (prompt.show).
struct ControlAnswer {
    std::unique_ptr<nlohmann::json> result; ///< null: an error, or nothing useful
    std::map<std::string, Secret> secrets;
};

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

    void notify(std::uint64_t connection, std::string_view method, const nlohmann::json& params);
    /// Asks the client; `answered` once: with its answer, or with nothing if the connection ends first.
    void ask(std::uint64_t connection, std::string_view method, const nlohmann::json& params,
             std::function<void(std::optional<ControlAnswer>)> answered);
    /// Sends what is queued, refuses new connections; `done` when all is out or after `deadline`.
    void finish(std::chrono::milliseconds deadline, std::function<void()> done);

private:
    struct State;
    class Connection;
    explicit ControlServer(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

} // namespace mohr::core
