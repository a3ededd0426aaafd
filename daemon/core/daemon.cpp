// SPDX-License-Identifier: Apache-2.0
#include "daemon.hpp"

#include "activity_log.hpp"
#include "challenge_memory.hpp"
#include "chosen_surface.hpp"
#include "control_api.hpp"
#include "control_json.hpp"
#include "desktop_theme.hpp"
#include "door_host.hpp"
#include "door_process.hpp"
#include "instance_lock.hpp"
#include "lock_signals.hpp"
#include "sandbox.hpp"
#include "scripted_consent.hpp"
#include "toggle_file.hpp"
#include "version.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/token/soft_token.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <nlohmann/json.hpp>
#include <spdlog/logger.h>
#include <systemd/sd-daemon.h>

#include <csignal>
#include <iostream>
#include <thread>

namespace mohr::core {
namespace fs = std::filesystem;
namespace asio = boost::asio;

namespace {

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

/// How long a stop may take: the door has 3 s of it, the replies on the control socket the rest.
constexpr std::chrono::milliseconds door_deadline{3000};
constexpr std::chrono::milliseconds replies_deadline{500};
/// While the token is locked there is nothing to do; while it is open, its own deadline counts.
constexpr std::chrono::seconds longest_idle_look{30};

} // namespace

void throw_exception_from_error(const StartFailure& failure, const boost::source_location&) {
    throw std::runtime_error(failure.text);
}

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
    std::unique_ptr<asio::signal_set> signals;
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

Result<void> Daemon::Parts::toggle(bool open) {
    // Remembered first: what was acknowledged survives, and a choice that cannot be kept is not made.
    MOHR_TRY(toggle_file.write(open));
    if (open == listeners->is_open()) return {};
    if (open) {
        MOHR_TRY(listeners->open());
    } else {
        listeners->close();
        // R16: whoever waits gets "cancelled by user" before its socket closes.
        operations->abort_sites(protocol::Code::user_cancelled);
    }
    accepting = open;
    // After the replies, which are posted.
    loop.post([this, open] { door->set_accepting(open, "switched_off"); });
    log->info("front door {}", open ? "opened" : "closed");
    api->broadcast("service.changed");
    return {};
}

Result<void> Daemon::Parts::issue_tls(TlsNames names) {
    auto made = make_tls_identity(clock.now(), names);
    if (!made) return made.error();
    MOHR_TRY(store_tls_identity(paths.tls(), *made));
    if (sandbox) MOHR_TRY(sandbox->write_trust_file(made->root()));
    *identity = std::move(*made);
    door->identity_changed();
    log->info("TLS identity issued anew{}",
              names == TlsNames::with_dastine ? ", for the Dastine hosts too" : "");
    api->broadcast("service.changed");
    return {};
}

void Daemon::Parts::token_changed() {
    ask_token_state();
    if (api) api->broadcast("token.changed");
}

/// The state is kept here for the I/O thread, which may not ask the token itself.
void Daemon::Parts::ask_token_state() {
    loop.post_to_pool([this] {
        const auto info = token->info();
        loop.post([this, state = std::string(state_name(info.state)), label = info.label, keys = info.keys] {
            // Initialised anew: the keys are gone at once.
            const bool replaced = token_keys > 0 && keys == 0;
            token_keys = keys;
            token_state = state;
            token_label = label;
            if (door) door->token_changed(replaced ? link::TokenEvent::replaced : link::TokenEvent::changed);
        });
    });
}

void Daemon::Parts::away(const char* why, std::function<void()> done) {
    log->info("token locked: {}", why);
    loop.post_to_pool([this, done = std::move(done)] {
        token->lock();
        loop.post([this, done] {
            locked(link::TokenEvent::locked);
            done();
            if (api) api->broadcast("token.changed");
        });
    });
}

void Daemon::Parts::token_unlocked() {
    if (!std::exchange(unlocked, true) && door) door->token_changed(link::TokenEvent::unlocked);
}

void Daemon::Parts::locked(link::TokenEvent how) {
    operations->token_locked();
    if (std::exchange(unlocked, false) && door) door->token_changed(how);
}

void Daemon::Parts::look_at_idle() {
    loop.post_to_pool([this] {
        const auto next = token->lock_if_idle();
        loop.post([this, next] {
            if (stopping) return;
            if (!next && unlocked) locked(link::TokenEvent::idle_locked);
            if (next) token_unlocked();
            auto pause = std::min<std::chrono::milliseconds>(longest_idle_look, config.idle_lock / 4);
            if (next) {
                const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - clock.steady());
                pause = std::clamp(left, std::chrono::milliseconds(10), pause);
            }
            loop.call_after(std::max(pause, std::chrono::milliseconds(10)), [this] { look_at_idle(); });
        });
    });
}

void Daemon::Parts::watch_signals() {
    signals = std::make_unique<asio::signal_set>(loop.context(), SIGTERM, SIGINT);
    signals->async_wait([this](const boost::system::error_code& error, int number) {
        if (error) return;
        log->info("ending: signal {}", number);
        stop();
    });
}

/// Once, when the door is ready: the service manager, and in a sandbox whoever started us.
void Daemon::Parts::announce() {
    if (std::exchange(announced, true)) return;
    sd_notify(0, "READY=1");
    log->info("ready: version {}, ports {} and {}, front door {}", product_version, listeners->plain_port(),
              listeners->tls_port(), accepting ? "open" : "closed");
    if (!sandbox) return;
    nlohmann::ordered_json line;
    line["ready"] = true;
    line["ws"] = "ws://127.0.0.1:" + std::to_string(listeners->plain_port()) + "/v1";
    line["wss"] = "wss://localhost:" + std::to_string(listeners->tls_port()) + "/v1";
    line["control"] = paths.control_socket().string();
    line["ca"] = sandbox->trust_file().string();
    line["user_pin"] = as_text(sandbox->user_pin().reveal());
    line["admin_pin"] = as_text(sandbox->admin_pin().reveal());
    std::cout << line.dump() << std::endl;
}

void Daemon::Parts::stop() {
    if (std::exchange(stopping, true)) return;
    sd_notify(0, "STOPPING=1");
    log->info("stopping");
    listeners->close();
    operations->abort_all(protocol::Code::cancelled);
    if (api) api->abort();
    // The replies of the operations are posted; the door is told after them.
    loop.post([this] {
        door->stop([this] {
            control->finish(replies_deadline, [this] {
                token->lock();
                loop.stop();
            });
        });
    });
}

Daemon::Daemon(Options options, Config config, Paths paths, std::shared_ptr<spdlog::logger> log)
    : parts_(
          std::make_unique<Parts>(std::move(options), std::move(config), std::move(paths), std::move(log))) {}
Daemon::~Daemon() = default;

Result<void, StartFailure> Daemon::start() {
    MOHR_TRY(parts_->open_profile());
    MOHR_TRY(parts_->open_token());
    MOHR_TRY(parts_->make_policy());
    MOHR_TRY(parts_->open_door());
    MOHR_TRY(parts_->open_control());
    parts_->watch_signals();
    parts_->lock_signals =
        std::make_unique<LockSignals>(parts_->loop.context(), parts_->log,
                                      [parts = parts_.get()](const char* why, std::function<void()> done) {
                                          parts->away(why, std::move(done));
                                      });
    parts_->look_at_idle();
    return {};
}

void Daemon::run() {
    parts_->loop.run();
    parts_->loop.join_pool();
    parts_->lock_signals.reset();
    parts_->token->lock();
    parts_->log->info("ended");
}

} // namespace mohr::core
