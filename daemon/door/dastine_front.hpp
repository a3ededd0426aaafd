// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dastine_outbox.hpp"
#include "dastine_session.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace mohr::door {

struct DastineConfig {
    link::DastineLimits limits;
    std::string version; ///< what GetVersion answers
};

/// /dastine: all its sockets and sessions. Pieces of messages, answers of the core and ticks go in; replies
/// come out. No sockets and no threads. Every command gets exactly one reply, only DastineIsAlive none, and
/// nothing is sent unasked.
class DastineFront {
public:
    DastineFront(DastineConfig config, const Clock& clock, DastineHost& host);
    ~DastineFront();
    DastineFront(const DastineFront&) = delete;
    DastineFront& operator=(const DastineFront&) = delete;

    // the sockets
    void open(link::ConnectionId connection, std::string origin, const link::SiteState& site);
    void close(link::ConnectionId connection);
    /// False: nothing more may come until DastineHost::resume_reading().
    [[nodiscard]] bool on_text(link::ConnectionId connection, std::string_view piece, bool last);
    void on_binary(link::ConnectionId connection, bool last);
    void on_drained(link::ConnectionId connection);

    // the core
    void on_site(link::ConnectionId connection, const link::SiteState& site);
    void on_token(link::TokenEvent event);
    void on_state(link::OperationId id, link::PromptState state);
    void on_reply(link::OperationId id, Outcome<link::Answer> outcome);

    void step();
    /// About once a second, while is_needed(): ends sessions whose time is over.
    void tick();
    [[nodiscard]] bool is_needed() const noexcept { return !sessions_.empty() || !pages_.empty(); }

    [[nodiscard]] std::size_t sessions() const noexcept { return sessions_.size(); }
    [[nodiscard]] std::uint64_t buffered_bytes() const noexcept { return budget_.taken(); }

private:
    struct Page;
    void end_message(Page& page);
    void offence(Page& page, CloseCode code);
    void on_command(Page& page, dastine::Request request, std::unique_ptr<DastineContent> content);
    /// Of all sessions: a page may send any number of `info`s.
    [[nodiscard]] std::size_t open_orders(link::ConnectionId connection) const;
    /// The Result of what is answered at once; nothing for a command that takes its turn.
    [[nodiscard]] std::optional<std::string> answer_at_once(Page& page, DastineSession& session,
                                                            const dastine::Command& command);
    [[nodiscard]] std::string list_tokens(const Page& page) const;
    void reply(Page& page, const std::string& name, std::string_view result);
    void deliver(DastineReply reply);
    /// Null if there is no room for one more.
    [[nodiscard]] DastineSession* session_of(Page& page, const std::string& info);
    [[nodiscard]] bool make_room(const std::string& origin);

    DastineConfig config_;
    const Clock& clock_;
    DastineHost& host_;
    /// The documents of all messages together, those that arrive and those that wait their turn, in memory and in
    /// spools: what would go beyond is refused, so that neither is filled by pages.
    OriginBudget budget_;
    std::map<link::ConnectionId, std::unique_ptr<Page>> pages_;
    DastineTurns turns_; ///< outlives the sessions
    std::map<DastineSession::Key, std::unique_ptr<DastineSession>> sessions_;
    bool removed_ = false; ///< the token was taken away and has not come back
};

} // namespace mohr::door
