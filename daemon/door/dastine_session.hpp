// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dastine_content.hpp"
#include "dastine_host.hpp"
#include "dastine_turns.hpp"
#include <mohr/base/clock.hpp>
#include <mohr/protocol/dastine.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace mohr::door {

namespace dastine = protocol::dastine;

/// One command that takes its turn: it touches keys, the selection or a prompt.
struct DastineOrder {
    link::ConnectionId connection = 0;
    std::string name; ///< as the page spelt it
    dastine::Command command;
    std::unique_ptr<DastineContent> content; ///< null where the command has no document
    link::SiteQuirks quirks;
    std::string token_label;
    bool denied = false;    ///< the site was refused when it asked
    bool withdrawn = false; ///< by a Reset that came later
};

/// How an order ended.
struct DastineReply {
    link::ConnectionId connection = 0;
    std::string name;
    std::string text;                ///< the Result, or …
    std::unique_ptr<Source> payload; ///< … its bytes, to become base64
};

/// What one page is to the front: its origin and `info`, over several sockets and a reload (docs/dastine.md).
/// Orders run one after the other, in the order they came; what they want of the core has to wait for the
/// origin's turn too.
class DastineSession {
public:
    struct Key {
        std::string origin;
        std::string info;                  ///< empty: of one connection only
        link::ConnectionId connection = 0; ///< where info is empty
        auto operator<=>(const Key&) const = default;
    };
    struct Selected {
        std::string handle;
        Bytes certificate;
    };
    using Deliver = std::function<void(DastineReply)>;

    DastineSession(Key key, const Clock& clock, DastineHost& host, DastineTurns& turns,
                   std::uint64_t max_reply_bytes, Deliver deliver);
    ~DastineSession();
    DastineSession(const DastineSession&) = delete;
    DastineSession& operator=(const DastineSession&) = delete;

    [[nodiscard]] const Key& key() const noexcept { return key_; }
    void attach(link::ConnectionId connection);
    /// Its orders die; the one that has a prompt is cancelled.
    void detach(link::ConnectionId connection);
    [[nodiscard]] bool is_attached() const noexcept { return !connections_.empty(); }
    /// Since when no socket is open.
    [[nodiscard]] SteadyInstant idle_since() const noexcept { return idle_since_; }
    [[nodiscard]] bool is_idle() const noexcept { return !running_ && waiting_.empty(); }
    /// Those of this connection that have no reply yet.
    [[nodiscard]] std::size_t orders_of(link::ConnectionId connection) const;

    void submit(DastineOrder order);

    // answered at once
    void set_hints(const dastine::ConfigHints& hints) { hints_ = hints; }
    [[nodiscard]] const std::optional<Selected>& selected() const noexcept { return selected_; }
    void forget_selection() { selected_.reset(); }
    [[nodiscard]] dastine::ResultCode watch(dastine::TokenEvent event, link::ConnectionId connection);
    [[nodiscard]] dastine::ResultCode poll(dastine::TokenEvent event, link::ConnectionId connection);

    // from the core
    void on_token(dastine::TokenEvent event);
    /// False if the operation is none of this session's.
    [[nodiscard]] bool on_state(link::OperationId id, link::PromptState state);
    [[nodiscard]] bool on_reply(link::OperationId id, Outcome<link::Answer>& outcome);

    void step();
    void tick();

private:
    class Job;
    struct Watch {
        link::ConnectionId owner = 0; ///< who set it or polled last; 0: not set
        bool happened = false;
    };

    /// Delivers what has ended and begins what waits, until an order has to wait for the core.
    void run();
    void start(Job& job);
    /// What waits behind another page is not wanted any more.
    void withdraw();
    /// The work behind an order, or the code that answers at once.
    [[nodiscard]] Outcome<std::unique_ptr<Work>> make_work(Job& job);
    [[nodiscard]] Outcome<std::unique_ptr<Work>> make_document_work(Job& job, const WorkContext& context);
    [[nodiscard]] Outcome<std::unique_ptr<Work>> make_enrolment_work(Job& job, const WorkContext& context);
    [[nodiscard]] std::unique_ptr<Work> select(const WorkContext& context, link::CertificateFilter filter,
                                               dastine::Store store);
    [[nodiscard]] Outcome<std::unique_ptr<Work>> generate(const WorkContext& context,
                                                          dastine::GenerateKeyPair& command);
    [[nodiscard]] Outcome<std::unique_ptr<Work>> import(const WorkContext& context,
                                                        const dastine::ImportCertificate& command);
    void reset(Job& job);
    void finish(Job& job, Outcome<WorkResult> outcome);
    void deliver(Job& job, WorkResult result);
    void fail(Job& job, const Failure& failure);
    [[nodiscard]] Watch& watch_of(dastine::TokenEvent event) noexcept {
        return event == dastine::TokenEvent::remove ? remove_ : insert_;
    }

    Key key_;
    const Clock& clock_;
    DastineHost& host_;
    DastineTurns& turns_;
    std::uint64_t max_reply_bytes_;
    Deliver deliver_;

    std::set<link::ConnectionId> connections_;
    SteadyInstant idle_since_;
    std::optional<Selected> selected_;
    std::string generated_key_;
    dastine::ConfigHints hints_;
    Watch remove_;
    Watch insert_;
    std::deque<DastineOrder> waiting_;
    std::unique_ptr<Job> running_;
    std::uint64_t failures_ = 0;
    bool in_run_ = false;
};

} // namespace mohr::door
