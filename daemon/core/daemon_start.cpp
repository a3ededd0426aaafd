// SPDX-License-Identifier: Apache-2.0
// The daemon's start: each part after those that it needs, and why it could not be.
#include "challenge_memory.hpp"
#include "control_json.hpp"
#include "daemon_parts.hpp"
#include "door_process.hpp"
#include "version.hpp"

#include <nlohmann/json.hpp>

namespace mohr::core {
namespace fs = std::filesystem;

namespace {

/// Of the time that a stop may take; the replies on the control socket have the rest.
constexpr std::chrono::milliseconds door_deadline{3000};

StartFailure as_failure(const Error& error) {
    const bool unsafe = error.code == make_error_code(BaseErrc::insecure_file);
    using token::TokenErrc;
    const bool vault = error.code == make_error_code(TokenErrc::vault_damaged) ||
                       error.code == make_error_code(TokenErrc::vault_foreign) ||
                       error.code == make_error_code(TokenErrc::vault_newer);
    return {unsafe ? Exit::unsafe_files : vault ? Exit::vault : Exit::failure, error.describe()};
}

StartFailure as_failure(const ListenFailure& failure) {
    switch (failure.reason) {
    case ListenFailure::Reason::held_by_us:
        return {Exit::port_held_by_us, failure.text};
    case ListenFailure::Reason::held_by_other:
        return {Exit::port_held_by_other, failure.text};
    case ListenFailure::Reason::system:
        break;
    }
    return {Exit::failure, failure.text};
}

} // namespace

Result<void, StartFailure> Daemon::Parts::open_profile() {
    if (options.sandbox) {
        auto taken = SandboxDirectory::take(*options.sandbox);
        if (!taken) return as_failure(taken.error());
        sandbox.emplace(std::move(*taken));
    }
    if (const auto prepared = prepare(paths); !prepared) return as_failure(prepared.error());
    auto locked = InstanceLock::take(paths.runtime / "mohrd.lock");
    if (!locked) return as_failure(locked.error());
    if (!*locked)
        return StartFailure{Exit::already_running, "a daemon of yours is running on this profile already (" +
                                                       paths.runtime.string() + "); see: mohr status"};
    lock.emplace(std::move(**locked));
    const auto remembered = toggle_file.read();
    if (!remembered) return as_failure(remembered.error());
    accepting = *remembered;
    PortPlan ports{{config.plain_port}, {config.tls_port}};
    ports.plain.insert(ports.plain.end(), config.extra_plain_ports.begin(), config.extra_plain_ports.end());
    ports.tls.insert(ports.tls.end(), config.extra_tls_ports.begin(), config.extra_tls_ports.end());
    auto bound = sandbox && !options.configured_ports ? Listeners::bind_free() : Listeners::bind(ports);
    if (!bound) return as_failure(bound.error());
    listeners.emplace(std::move(*bound));
    if (!accepting) listeners->close();
    return {};
}

Result<void, StartFailure> Daemon::Parts::open_token() {
    const auto kdf = find_program("mohr-kdf");
    if (!kdf) return as_failure(kdf.error());
    // In a sandbox the cheapest that a real vault may have.
    const auto cost = sandbox ? std::optional(token::argon2_floor) : std::nullopt;
    token::SoftTokenOptions wanted{paths.data, paths.state, device_secret, clock, *kdf, config.pin, cost};
    wanted.idle_time = config.idle_lock;
    wanted.activation_required = config.activation_required;
    auto opened = token::SoftToken::open(std::move(wanted));
    if (!opened) return as_failure(opened.error());
    token = std::move(*opened);
    if (sandbox)
        if (const auto made = sandbox->provision(*token, clock.now()); !made) return as_failure(made.error());
    const auto info = token->info();
    token_state = state_name(info.state);
    token_label = info.label;
    token_keys = info.keys;
    return {};
}

Result<std::unique_ptr<ScriptedConsent>> Daemon::Parts::make_script() {
    auto lines = ScriptedConsent::read_mode(options.consent);
    if (!lines) return lines.error();
    if (lines->empty()) return Error(BaseErrc::malformed, "the consent script is empty");
    return std::make_unique<ScriptedConsent>(std::move(*lines), sandbox->user_pin().duplicate(),
                                             sandbox->admin_pin().duplicate(), loop);
}

void Daemon::Parts::make_surface() {
    std::string problem;
    interface.emplace(paths.state / "interface.json", problem);
    if (!problem.empty()) log->warn("interface settings: {}", printable(problem));
    const auto program = find_program("mohr-prompt"); // the daemon is installed without windows too
    window.emplace(
        loop, log, PromptWindow::Settings{program ? *program : fs::path()},
        [this] { return display.environment(); }, [this] { return to_prompt_json(*interface); });
    chosen.emplace(config.surface, display, *window, terminal);
    display.on_change([this] {
        log->info("prompts: {}", chosen->kind());
        if (display.known()) desktop_theme->session_began();
        operations->surface_changed();
        if (!api) return;
        api->broadcast("agent.changed");
        api->broadcast("service.changed");
    });
    desktop_theme.emplace(loop.context(), log, [this](bool dark) {
        interface->set_desktop_dark(dark);
        if (api) api->broadcast("interface.changed");
    });
    if (display.known()) desktop_theme->session_began();
    chosen->refresh();
}

Result<void, StartFailure> Daemon::Parts::make_policy() {
    // Rule 9, said once more where it matters: without a sandbox's own PIN there is no scripted consent.
    if (sandbox && !options.consent.empty()) {
        auto script = make_script();
        if (!script) return StartFailure{Exit::usage, script.error().describe()};
        scripted = std::move(*script);
    }
    make_surface();
    auto opened_sites = SitePermissions::open(paths.state / "sites.json", loop, clock);
    if (!opened_sites) return as_failure(opened_sites.error());
    sites.emplace(std::move(*opened_sites));
    ActivityLog::Config log_config;
    log_config.directory = paths.state / "activity";
    log_config.max_file_bytes = config.activity_log_bytes;
    auto opened_log = ActivityLog::open(log_config, loop, *token, clock);
    if (!opened_log) return as_failure(opened_log.error());
    activity = std::move(*opened_log);
    PolicyConfig policy;
    policy.prompt_deadline = config.consent_deadline;
    policy.forbid_blind = !config.blind_signing;
    policy.pin_min = config.pin.user_min;
    policy.pin_max = config.pin.user_max;
    policy.admin_pin_min = config.pin.admin_min;
    policy.admin_pin_max = config.pin.admin_max;
    OperationService::Changes changes;
    changes.access = [this](const std::string& origin) {
        if (door) door->access_changed(origin);
    };
    changes.token = [this] { token_changed(); };
    changes.unlocked = [this] { token_unlocked(); };
    changes.windows = [this] {
        if (api) api->broadcast("service.changed");
    };
    operations = std::make_unique<OperationService>(loop, *token, surface(), *sites, *activity, clock, policy,
                                                    std::move(changes));
    auto challenges = ChallengeFile::open(paths.state / "challenges");
    if (!challenges) return as_failure(challenges.error());
    operations->keep_challenges(std::move(*challenges));
    return {};
}

Result<void, StartFailure> Daemon::Parts::open_door() {
    auto loaded = load_or_make_tls_identity(paths.tls(), clock.now());
    if (!loaded) return as_failure(loaded.error());
    identity.emplace(std::move(*loaded));
    if (needs_renewal(*identity, clock.now()))
        log->warn("the local TLS certificate ends soon: run mohr trust install, then restart Chromium");
    if (sandbox)
        if (const auto written = sandbox->write_trust_file(identity->root()); !written)
            return as_failure(written.error());
    const auto program = find_program("mohr-door");
    if (!program) return as_failure(program.error());
    DoorSettings settings;
    settings.program = *program;
    if (options.force_landlock_abi)
        settings.arguments = {"--force-landlock-abi", std::to_string(*options.force_landlock_abi)};
    settings.product_version = product_version;
    settings.limits = config.limits;
    settings.dastine = config.dastine;
    settings.dastine_version = config.dastine_version;
    settings.developer_mode = config.developer_mode;
    settings.stop_deadline = door_deadline;
    settings.ping = config.door_ping;
    if (spools.in_memory()) log->warn("spools are in memory: {} is a tmpfs", spools.path().string());
    door = std::make_unique<DoorHost>(loop, log, std::move(settings), *listeners, *identity, *operations,
                                      spools);
    door->set_token_state([this] { return token_state; }, [this] { return token_label; });
    door->on_status([this] {
        if (api) api->broadcast("service.changed");
        if (door->status().ready) announce();
    });
    if (const auto started = door->start(accepting); !started) return as_failure(started.error());
    return {};
}

Result<void, StartFailure> Daemon::Parts::open_control() {
    const auto helper = find_program("mohr-owner-auth");
    owner = std::make_unique<PamOwnerAuthentication>(paths.runtime / "owner-auth.sock",
                                                     helper ? *helper : fs::path(),
                                                     config.owner_authentication_service);
    ControlServices services{loop,
                             log,
                             config,
                             sandbox ? "sandbox " + sandbox->path().string() : "default",
                             *token,
                             *sites,
                             *activity,
                             *operations,
                             surface(),
                             scripted ? nullptr : &terminal,
                             *door,
                             *listeners,
                             *owner,
                             *interface,
                             [this](bool open) { return toggle(open); },
                             *identity,
                             [this](TlsNames names) { return issue_tls(names); },
                             [this] { stop(); },
                             [this] { ask_token_state(); },
                             [this] { locked(link::TokenEvent::locked); }};
    api = std::make_unique<ControlApi>(std::move(services));
    ControlServer::Handlers handlers;
    handlers.request = [this](ControlRequest request, ControlReply reply) {
        api->handle(std::move(request), std::move(reply));
    };
    handlers.notification = [this](std::uint64_t connection, const std::string& method,
                                   const nlohmann::json& params) {
        api->notification(connection, method, params);
    };
    handlers.gone = [this](std::uint64_t connection) { api->gone(connection); };
    auto opened = ControlServer::open(loop, log, paths.control_socket(), {}, std::move(handlers));
    if (!opened) return as_failure(opened.error());
    control = std::move(*opened);
    api->attach(*control);
    terminal.attach(*control);
    activity->on_added([this] { api->broadcast("activity.added"); });
    return {};
}

} // namespace mohr::core
