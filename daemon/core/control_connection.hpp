// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io_loop.hpp"
#include <mohr/base/files.hpp>
#include <mohr/base/secret.hpp>
#include <mohr/protocol/errors.hpp>
#include <mohr/protocol/jsonrpc.hpp>

#include <nlohmann/json_fwd.hpp>
#include <sys/socket.h>
#include <sys/types.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace spdlog {
class logger;
}

namespace mohr::core {

struct ControlLimits {
    std::size_t connections = 32;
    std::size_t requests_per_connection = 16;
    std::size_t queued_bytes = std::size_t{16} << 20;
    std::chrono::milliseconds half_message = std::chrono::seconds(30); ///< from its first byte to its last
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

/// A descriptor that goes with a message, by the name that the message gives it.
struct ControlDescriptor {
    std::string name;
    int fd = -1;
    std::shared_ptr<const void> owner; ///< keeps it open until it is sent
};
using ControlDescriptors = std::vector<ControlDescriptor>;

/// One peer that speaks the framing of docs/control-api.md: a client of the control socket, or a mohr-prompt of ours. Limits,
/// one reply for each request, secrets and descriptors with the message that names them. Knows no method. I/O thread only.
class ControlConnection : public std::enable_shared_from_this<ControlConnection> {
public:
    struct Handlers {
        std::function<void(ControlRequest, ControlReply)> request;
        std::function<void(const std::string& method, const nlohmann::json&)> notification;
        std::function<void()> gone;    ///< once, when it is closed from whichever side
        std::function<void()> written; ///< nothing waits to be sent any more
    };

    /// At most so many descriptors go with one message: SCM_MAX_FD of the kernel is 253.
    static constexpr std::size_t max_sent_descriptors = 250;

    ControlConnection(IoLoop& loop, std::shared_ptr<spdlog::logger> log, ControlLimits limits,
                      std::uint64_t id, Descriptor socket, pid_t peer, Handlers handlers);
    ~ControlConnection();
    ControlConnection(const ControlConnection&) = delete;
    ControlConnection& operator=(const ControlConnection&) = delete;

    void start();
    void notify(std::string_view method, const nlohmann::json& params);
    /// `answered` once: with the peer's answer, or with nothing if the connection ends first.
    void ask(std::string_view method, const nlohmann::json& params, const ControlDescriptors& descriptors,
             std::function<void(std::optional<ControlAnswer>)> answered);
    [[nodiscard]] bool idle() const noexcept { return queue_.empty() && open_requests_ == 0; }
    void close();

private:
    struct Pending;
    struct Outgoing {
        Bytes frame;
        ControlDescriptors descriptors; ///< go with its first byte
    };

    void wait_readable();
    void read_turn();
    bool read_once();
    bool take_descriptors(msghdr& header, bool first_byte);
    bool fail(std::string_view why);
    void arm_deadline();
    bool on_json(const std::string& text);
    bool on_secret(Secret secret);
    bool complete_if_ready();
    void dispatch(Pending complete);
    void on_request(Pending complete);
    void on_answer(Pending complete);
    void send(const std::string& json, const ControlDescriptors& descriptors = {});
    [[nodiscard]] ssize_t send_some(const Outgoing& next) const;
    void flush();
    void wait_writable();

    struct Io;
    IoLoop& loop_;
    std::shared_ptr<spdlog::logger> log_;
    ControlLimits limits_;
    std::uint64_t id_;
    pid_t peer_;
    Handlers handlers_;
    std::unique_ptr<Io> io_;
    std::vector<Descriptor> descriptors_;
    std::unique_ptr<Pending> pending_;
    std::map<std::int64_t, std::function<void(std::optional<ControlAnswer>)>> questions_;
    std::int64_t last_question_ = 0;
    std::size_t open_requests_ = 0;
    std::deque<Outgoing> queue_;
    std::size_t queued_bytes_ = 0;
    std::size_t sent_ = 0;
    bool closed_ = false;
};

} // namespace mohr::core
