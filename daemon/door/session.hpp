// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "session_streams.hpp"
#include "transport.hpp"
#include "work.hpp"
#include <mohr/base/clock.hpp>
#include <mohr/protocol/jsonrpc.hpp>
#include <mohr/protocol/web_api.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mohr::door {

/// What a session has done to the world: the tests look at it, the door does it.
class SessionHost {
public:
    virtual ~SessionHost() = default;
    virtual void send(std::string text) = 0;
    virtual void send(Bytes binary) = 0;
    [[nodiscard]] virtual std::size_t unsent_bytes() const = 0;
    virtual void close(CloseCode code) = 0;
    [[nodiscard]] virtual link::OperationId start_operation(link::Request request, Descriptors previews) = 0;
    virtual void cancel_operation(link::OperationId id) = 0;
    /// Answers later; an empty descriptor means refused.
    virtual void open_spool(std::uint64_t expected_bytes, std::function<void(SpoolFile)> opened) = 0;
    /// What all copies of documents for prompts may take together; null: no common bound.
    [[nodiscard]] virtual OriginBudget* preview_budget() { return nullptr; }
    /// Where documents are hashed; null: in the loop.
    [[nodiscard]] virtual HashThread* hash_thread() { return nullptr; }
    /// Calls Session::step() once from the loop.
    virtual void step_soon() = 0;
    /// A failed request, for the log.
    virtual void failed(std::string_view method, std::string_view correlation, const Failure& failure) = 0;
};

struct SessionConfig {
    link::Limits limits;
    std::string version;
    std::string origin;
    std::uint64_t connection = 0; ///< for correlation ids
};

/// One open WebSocket of /v1: decoded messages and answers go in, replies come out. No sockets and no
/// threads; every request gets exactly one reply.
class Session {
public:
    Session(SessionConfig config, const Clock& clock, SessionHost& host);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // from the page
    void on_text(std::string_view text);
    void on_binary(ByteView piece, bool last);
    /// There is room in the send queue.
    void on_drained();

    // from the core
    /// `told`: what the page is told of it; nothing: `access` itself.
    void on_site(link::Access access, const std::string& token, std::optional<link::Access> told = {});
    void on_state(link::OperationId id, link::PromptState state);
    void on_reply(link::OperationId id, Outcome<link::Answer> outcome);
    void on_token_changed();
    /// Says so to the page; the caller closes.
    void stopping(std::string_view reason);

    void step();
    [[nodiscard]] std::size_t requests() const noexcept { return requests_.size(); }
    [[nodiscard]] std::size_t streams() const noexcept { return streams_.size(); }

private:
    class Request;
    friend class Request;

    void on_request(protocol::jsonrpc::Message message);
    void on_notice(protocol::jsonrpc::Message message);
    void unknown_method();
    void begin(const protocol::jsonrpc::Id& id, std::string_view method, protocol::web::Call call);
    [[nodiscard]] nlohmann::json service_info() const;
    void reply_service_info(const protocol::jsonrpc::Id& id);
    void open_stream(const protocol::jsonrpc::Id& id, const protocol::web::StreamOpen& call);
    void close_stream(const protocol::jsonrpc::Id& id, StreamId stream);
    void cancel(const protocol::jsonrpc::Id& id);

    void reply(const protocol::jsonrpc::Id& id, nlohmann::json result);
    void fail(const protocol::jsonrpc::Id& id, std::string_view method, const Failure& failure);
    void deliver(Request& request, WorkResult result);
    void notify(std::string_view method, nlohmann::json params);
    [[nodiscard]] std::string correlation(); ///< a new one

    /// What could not be done inside a callback: finished requests, ended streams.
    void settle();

    SessionConfig config_;
    const Clock& clock_;
    SessionHost& host_;
    link::Access access_ = link::Access::undecided;
    link::Access told_access_ = link::Access::undecided; ///< what the page knows: also that it is silenced
    std::string token_;
    std::string info_; ///< members of the answer to service.info as JSON text; empty after a change

    std::vector<std::unique_ptr<Request>> requests_;
    std::map<link::OperationId, Request*> operations_;
    SessionStreams streams_;
    std::uint64_t failures_ = 0;
    unsigned unknown_methods_ = 0;
    bool site_known_ = false;
    bool settling_ = false;
    bool pump_wanted_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace mohr::door
