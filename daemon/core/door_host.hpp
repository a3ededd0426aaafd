// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io_loop.hpp"
#include "listeners.hpp"
#include "operations.hpp"
#include "spool.hpp"
#include "tls_identity.hpp"
#include <mohr/protocol/link.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace spdlog {
class logger;
}

namespace mohr::core {

struct DoorSettings {
    std::filesystem::path program;
    std::vector<std::string> arguments;
    std::string product_version;
    link::Limits limits;
    link::DastineLimits dastine;
    std::string dastine_version = "5.8.38.0";
    bool developer_mode = false;
    std::chrono::milliseconds ready_deadline = std::chrono::seconds(10);
    std::chrono::milliseconds ping = std::chrono::seconds(10); ///< between two; three unanswered: it hangs
    std::chrono::milliseconds restart_first =
        std::chrono::milliseconds(100); ///< doubled for each death in a row …
    std::chrono::milliseconds restart_last = std::chrono::seconds(30); ///< … up to this
    std::chrono::milliseconds stop_deadline = std::chrono::seconds(3);
};

/// What service.status tells of the door.
struct DoorStatus {
    bool ready = false;
    int landlock_abi = 0;
    bool seccomp = false;
    link::Counters counters;
    pid_t pid = 0;
};

/// Starts mohr-door, feeds it, and takes what it sends to the parts that decide: peer checks to sock_diag,
/// operations to the OperationService. Starts it again, with growing pauses, when it dies. I/O thread only.
class DoorHost {
public:
    struct JobCallbacks {
        std::function<void(std::uint64_t done, std::uint64_t total)> on_progress;
        /// Exactly once; the text is the JSON result.
        std::function<void(protocol::Outcome<std::string>)> on_reply;
    };

    /// Everything given by reference outlives the host.
    DoorHost(IoLoop& loop, std::shared_ptr<spdlog::logger> log, DoorSettings settings,
             const Listeners& listeners, const TlsIdentity& identity, OperationService& operations,
             SpoolDirectory& spools);
    ~DoorHost();
    DoorHost(const DoorHost&) = delete;
    DoorHost& operator=(const DoorHost&) = delete;

    /// Called on the I/O thread whenever the status changed.
    void on_status(std::function<void()> listener);
    /// State of the token for granted origins: "not_activated", …
    void set_token_state(std::function<std::string()> ask, std::function<std::string()> label = {});

    [[nodiscard]] Result<void> start(bool accepting);
    /// The listeners were opened or closed: accept again, or end all sessions.
    void set_accepting(bool accepting, const std::string& reason);
    /// Tells the pages, ends the sessions and the process; `done` once it is gone, at the latest after
    /// stop_deadline.
    void stop(std::function<void()> done);

    [[nodiscard]] DoorStatus status() const;
    /// Connections of this user that have asked for nothing yet, the oldest first: a browser that asks its
    /// own user keeps them so.
    struct Waiting {
        link::FourTuple peer;
        std::chrono::steady_clock::time_point since;
    };
    [[nodiscard]] std::vector<Waiting> waiting() const;
    void access_changed(const std::string& origin);
    /// The identity given at construction is another one now.
    void identity_changed();
    void token_changed(link::TokenEvent event);

    /// Lets the door work on files of the command line; its consent is asked with `program` as the asking
    /// program. The id cancels it.
    [[nodiscard]] link::JobId start_job(link::FileJob job, std::vector<Descriptor> descriptors,
                                        Program program, JobCallbacks callbacks);
    void cancel_job(link::JobId job);

private:
    struct Connection;
    struct Job;
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace mohr::core
