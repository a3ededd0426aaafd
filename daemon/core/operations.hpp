// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor.hpp"
#include "prompt.hpp"
#include <mohr/base/clock.hpp>
#include <mohr/base/files.hpp>
#include <mohr/protocol/errors.hpp>
#include <mohr/protocol/link.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mohr::token {
class Token;
}

namespace mohr::core {

class ActivityLog;
class ConsentBroker;
class SitePermissions;

namespace link = protocol::link;

/// Who asks. The core fills it in from site_open and from what it looked up itself, never from an operation.
struct Requester {
    link::ConnectionId connection = 0;
    link::JobId job = 0;
    std::string origin; ///< serialised origin; ignored where local
    bool local = false; ///< a file job of the command line or the desktop (connection 0)
    link::Api api = link::Api::v1;
    std::string session; ///< Dastine's `info`; empty: this connection only
    bool insecure = false;
    Program program;
};

struct PolicyConfig {
    std::chrono::milliseconds prompt_deadline = std::chrono::seconds(120);
    std::chrono::milliseconds refusal_window = std::chrono::minutes(10); ///< two refusals inside it …
    std::chrono::milliseconds silence = std::chrono::minutes(10);        ///< … silence the origin this long
    std::chrono::milliseconds budget_window = std::chrono::minutes(1);
    unsigned budget = 3;            ///< refused, expired or abandoned prompts in the budget window
    unsigned silence_after = 2;     ///< refusals in the refusal window
    unsigned block_after = 5;       ///< refusals since the last permission, until lifted
    std::size_t max_waiting = 64;   ///< prompts waiting, all origins
    std::size_t max_local = 16;     ///< of those, of programs of this computer
    std::size_t max_running = 4096; ///< operations that have no reply yet
    bool forbid_blind = false;      ///< operator switch
    unsigned pin_min = 4;
    unsigned pin_max = 24;
    unsigned admin_pin_min = 4;
    unsigned admin_pin_max = 24;
    /// How long a grant that is not remembered outlives the last connection of its origin and program.
    std::chrono::milliseconds once_lifetime = std::chrono::minutes(10);
};

/// Takes every typed operation of the link from request to reply: checks it, asks the person, has the token
/// do it, writes it down, answers. All calls on the I/O thread; callbacks come on it, on_reply exactly once
/// and never inside start().
class ChallengeFile;
class OperationService {
public:
    struct Callbacks {
        std::function<void(link::PromptState)> on_state;
        std::function<void(protocol::Outcome<link::Answer>)> on_reply;
    };
    /// Told after the fact; never inside a call into the service.
    struct Changes {
        std::function<void(const std::string& origin)> access; ///< ask access() again, for each connection
        std::function<void()> token;                           ///< keys or certificates changed
        std::function<void()> unlocked{};                      ///< a right PIN was typed
        std::function<void()> windows{};                       ///< a decrypt window opened, moved or closed
    };

    /// Everything given by reference outlives the service, and the executor's pool is joined before it goes.
    OperationService(Executor& executor, token::Token& token, PromptSurface& surface, SitePermissions& sites,
                     ActivityLog& log, const Clock& clock, PolicyConfig config, Changes changes);
    ~OperationService();
    OperationService(const OperationService&) = delete;
    OperationService& operator=(const OperationService&) = delete;

    /// Used login challenges are kept in this file from now on, and those in it count as used.
    void keep_challenges(std::unique_ptr<ChallengeFile> file);

    /// `previews` are the message's descriptors, which SignItem::preview indexes.
    void start(Requester requester, link::Operation operation, std::vector<Descriptor> previews,
               Callbacks callbacks);
    /// `$/cancel`: the operation is answered with `cancelled`, whatever it was doing; nothing is released.
    void cancel(link::OperationId operation);
    /// A connection of the Dastine front: what its origin selects lives on while one is open.
    void connection_opened(link::ConnectionId connection, const std::string& origin, link::Api api);
    /// `Reset`: what this session selected is forgotten, the decrypt window of its origin ends.
    void session_reset(const std::string& origin, const std::string& session);
    /// The token was locked: every decrypt window ends.
    void token_locked();
    /// A site that may decrypt without prompts for a while (rule 3).
    struct OpenWindow {
        std::string origin;
        unsigned items_left = 0;
        std::chrono::milliseconds time_left{};
    };
    [[nodiscard]] std::vector<OpenWindow> decrypt_windows() const;
    /// False if there is none.
    bool end_decrypt_window(const std::string& origin);
    /// Its prompts and operations die (they are answered with `cancelled`, which nobody may read), its
    /// certificate handles go.
    void connection_closed(link::ConnectionId connection);
    /// The daemon stops, or the door process is gone: every operation is answered with `code`.
    void abort_all(protocol::Code code);
    /// The front door closes: the same for what sites asked; local file jobs go on (R17).
    void abort_sites(protocol::Code code);

    /// What this origin may do on this connection. A grant that was not remembered covers the connections of one origin
    /// and program, until none was open for PolicyConfig::once_lifetime, or the front door closes.
    [[nodiscard]] link::Access access(const std::string& origin, link::ConnectionId connection = 0) const;
    [[nodiscard]] link::SiteQuirks quirks(const std::string& origin) const;
    /// The program behind a connection was found out.
    void program_found(link::ConnectionId connection, const std::string& origin, const Program& program);
    /// Whether the origin's prompts are refused for now, also where it has access.
    [[nodiscard]] bool silenced(const std::string& origin) const;
    /// An agent came or went: waiting prompts go on, or are answered with `no_agent`.
    void surface_changed();
    /// Site permissions were changed from outside (control socket): drops the origin's unremembered grants
    /// and tells Changes::access.
    void site_changed(const std::string& origin);
    /// Looks at deadlines. The service sets its own timers; calling it more often does no harm.
    void tick();

    [[nodiscard]] std::size_t running() const noexcept;
    /// Takes everybody's turn, also those of the control socket.
    [[nodiscard]] ConsentBroker& broker() noexcept;

private:
    class State;
    std::shared_ptr<State> state_;
};

} // namespace mohr::core
