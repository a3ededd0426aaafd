// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_api.hpp"
#include "control_asking.hpp"

#include <set>

/// Shared by the files that hold the methods; nobody else includes it.
namespace mohr::core {

struct RunningJob {
    std::uint64_t connection = 0;
    protocol::jsonrpc::Id id;
    link::JobId job = 0;
};

struct ControlApi::State : std::enable_shared_from_this<ControlApi::State> {
    explicit State(ControlServices s) : services(std::move(s)) {}
    /// Once it is owned by a shared pointer.
    void begin();

    ControlServices services;
    ControlServer* server = nullptr;
    std::set<std::uint64_t> subscribers;
    std::vector<RunningJob> jobs;
    std::shared_ptr<ControlAsking> asking;

    using Request = std::shared_ptr<ControlRequest>;
    using Work = std::function<ControlOutcome()>;

    void broadcast(std::string_view method);
    /// Runs `work` on the pool and replies with what it returns.
    void on_pool(Work work, ControlReply reply);
    /// The same for what changes or tries the token: the decision is in the activity log before the reply is
    /// sent.
    void on_pool_logged(const Request& request, Work work, ControlReply reply);
    void log_entry(const Request& request, const std::string& decision, const std::string& detail,
                   std::function<void(bool written)> then);
    void log_entry(const ControlRequest& request, const std::string& decision, const std::string& detail,
                   std::function<void(bool written)> then);
    /// The answer to a change that is made but for which the log took no line.
    [[nodiscard]] static protocol::Failure not_logged();
    /// Says in the prompt that a program of this computer asks; it is drawn in a window.
    void name_asker(const ControlRequest& request, PromptRequest& prompt) const;
};

using MethodHandler = void (*)(ControlApi::State& state, const ControlApi::State::Request& request,
                               ControlReply reply);
struct Method {
    const char* name;
    MethodHandler run;
    std::vector<const char*> secrets;     ///< exactly these
    std::vector<const char*> descriptors; ///< at most these; the first is compulsory
};

[[nodiscard]] std::vector<Method> service_methods();
[[nodiscard]] std::vector<Method> token_methods();
[[nodiscard]] std::vector<Method> key_methods();
[[nodiscard]] std::vector<Method> record_methods(); ///< site.* and log.*
[[nodiscard]] std::vector<Method> file_methods();
[[nodiscard]] std::vector<Method> tls_methods();
[[nodiscard]] std::vector<Method> interface_methods();

[[nodiscard]] nlohmann::json tls_json(const TlsIdentity& identity);
/// Pool thread: looks into /proc for each that has waited for long.
[[nodiscard]] nlohmann::json waiting_json(const std::vector<DoorHost::Waiting>& waiting);

} // namespace mohr::core
