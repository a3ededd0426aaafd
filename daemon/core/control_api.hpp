// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "activity_log.hpp"
#include "config.hpp"
#include "control_server.hpp"
#include "door_host.hpp"
#include "interface_settings.hpp"
#include "operations.hpp"
#include "owner_authentication.hpp"
#include "permissions.hpp"
#include "terminal_agent.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mohr::core {

/// What the methods act on. Everything outlives the ControlApi.
struct ControlServices {
    IoLoop& loop;
    std::shared_ptr<spdlog::logger> log;
    const Config& config;
    std::string profile;
    token::Token& token;
    SitePermissions& sites;
    ActivityLog& activity;
    OperationService& operations;
    PromptSurface& surface;
    TerminalAgent* terminal; ///< null where prompts are answered by script
    DoorHost& door;
    const Listeners& listeners;
    OwnerAuthentication& owner;
    InterfaceSettings& interface;
    /// Opens or closes the front door and remembers it.
    std::function<Result<void>(bool open)> toggle;
    const TlsIdentity& identity;
    /// Another root and leaf for these names, kept and handed to the door.
    std::function<Result<void>(TlsNames names)> issue_tls;
    std::function<void()> shutdown;
    std::function<void()> token_used;   ///< its keys, certificates or PINs may be others now
    std::function<void()> token_locked; ///< by the person
};

/// The methods of the control socket. I/O thread only; what blocks goes to the pool.
class ControlApi {
public:
    explicit ControlApi(ControlServices services);
    ~ControlApi();
    ControlApi(const ControlApi&) = delete;
    ControlApi& operator=(const ControlApi&) = delete;

    void attach(ControlServer& server);
    void handle(ControlRequest request, ControlReply reply);
    void notification(std::uint64_t connection, const std::string& method, const nlohmann::json& params);
    void gone(std::uint64_t connection);
    /// The daemon ends: what waits for the person is answered with `cancelled`.
    void abort();

    /// To every subscriber: "service.changed", "token.changed", "agent.changed",
    /// "activity.added", "interface.changed".
    void broadcast(std::string_view method);

    /// Names of all methods, sorted: a test holds docs/control-api.md to them.
    [[nodiscard]] static std::vector<std::string> methods();

    struct State;

private:
    std::shared_ptr<State> state_;
};

} // namespace mohr::core
