// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "activity_log.hpp"
#include "chosen_surface.hpp"
#include "control_api.hpp"
#include "daemon.hpp"
#include "desktop_theme.hpp"
#include "door_host.hpp"
#include "instance_lock.hpp"
#include "lock_signals.hpp"
#include "sandbox.hpp"
#include "scripted_consent.hpp"
#include "toggle_file.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/token/soft_token.hpp>

#include <boost/asio/signal_set.hpp>
#include <spdlog/logger.h>

#include <thread>

/// The parts of the daemon, which daemon_start.cpp makes and daemon.cpp runs.
namespace mohr::core {

struct Daemon::Parts {
    Parts(Options o, Config c, Paths p, std::shared_ptr<spdlog::logger> l)
        : options(std::move(o)), config(std::move(c)), paths(std::move(p)), log(std::move(l)),
          toggle_file(paths.state), spools(SpoolDirectory::choose(paths.cache)),
          device_secret(paths.data / "device-secret") {}

    Options options;
    Config config;
    Paths paths;
    std::shared_ptr<spdlog::logger> log;
    SystemClock clock;
    ToggleFile toggle_file;
    SpoolDirectory spools;
    token::FileDeviceSecret device_secret;
    std::optional<InstanceLock> lock;
    std::optional<Listeners> listeners;
    std::optional<SandboxDirectory> sandbox;
    std::optional<TlsIdentity> identity;
    std::unique_ptr<token::SoftToken> token;
    // The loop goes after what posts to it; its pool is joined first of all (see ~Parts).
    IoLoop loop{std::max(1U, std::thread::hardware_concurrency()),
                [this](const char* what) { log->error("a bug ended its work: {}", printable(what)); }};
    std::optional<SitePermissions> sites;
    std::unique_ptr<ActivityLog> activity;
    TerminalAgent terminal;
    SessionDisplay display{loop, own_environment(), user_manager_environment, display_answers};
    std::optional<InterfaceSettings> interface;
    std::optional<DesktopTheme> desktop_theme;
    std::optional<PromptWindow> window;
    std::optional<ChosenSurface> chosen;
    std::unique_ptr<ScriptedConsent> scripted;
    std::unique_ptr<OperationService> operations;
    std::unique_ptr<DoorHost> door;
    std::unique_ptr<OwnerAuthentication> owner;
    std::unique_ptr<ControlApi> api;
    std::unique_ptr<ControlServer> control;
    std::unique_ptr<LockSignals> lock_signals;
    std::unique_ptr<boost::asio::signal_set> signals;
    std::string token_state;
    std::string token_label;
    std::size_t token_keys = 0;
    bool unlocked = false;
    bool accepting = true;
    bool stopping = false;
    bool announced = false;

    ~Parts() { loop.join_pool(); }

    Result<void, StartFailure> open_profile();
    Result<void, StartFailure> open_token();
    Result<void, StartFailure> make_policy();
    Result<void, StartFailure> open_door();
    Result<void, StartFailure> open_control();
    Result<std::unique_ptr<ScriptedConsent>> make_script();
    void make_surface();

    [[nodiscard]] PromptSurface& surface() {
        if (scripted) return *scripted;
        return *chosen;
    }
    Result<void> toggle(bool open);
    Result<void> issue_tls(TlsNames names);
    void token_changed();
    void ask_token_state();
    void token_unlocked();
    void locked(link::TokenEvent how);
    void away(const char* why, std::function<void()> done);
    void look_at_idle();
    void watch_signals();
    void announce();
    void stop();
};

} // namespace mohr::core
