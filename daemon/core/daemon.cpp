// SPDX-License-Identifier: Apache-2.0
#include "daemon.hpp"

#include "control_json.hpp"
#include "daemon_parts.hpp"
#include "version.hpp"

#include <nlohmann/json.hpp>
#include <systemd/sd-daemon.h>

#include <csignal>
#include <iostream>

namespace mohr::core {
namespace asio = boost::asio;

namespace {

/// What a stop leaves to the replies on the control socket, after the door's time.
constexpr std::chrono::milliseconds replies_deadline{500};
/// While the token is locked there is nothing to do; while it is open, its own deadline counts.
constexpr std::chrono::seconds longest_idle_look{30};

} // namespace

void throw_exception_from_error(const StartFailure& failure, const boost::source_location&) {
    throw std::runtime_error(failure.text);
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
