// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dastine_front.hpp"
#include "log.hpp"
#include "session.hpp"
#include "transport.hpp"

#include <memory>
#include <optional>
#include <string>

namespace mohr::door {

/// What a client needs of the door.
class ClientHost {
public:
    virtual ~ClientHost() = default;
    virtual boost::asio::io_context& context() = 0;
    virtual const Clock& clock() = 0;
    virtual Log& log() = 0;
    virtual const link::Limits& limits() = 0;
    virtual const std::string& version() = 0;
    virtual void tell_core(const link::FromDoor& message, Descriptors descriptors = {}) = 0;
    virtual link::OperationId start_operation(link::ConnectionId connection, link::JobId job,
                                              link::Request request, Descriptors previews) = 0;
    virtual void cancel_operation(link::OperationId id) = 0;
    virtual void open_spool(std::uint64_t expected_bytes, std::function<void(SpoolFile)> opened) = 0;
    virtual OriginBudget* preview_budget() = 0;
    virtual HashThread* hash_thread() = 0;
    virtual DastineFront& dastine() = 0;
    /// Whether there is room for one more WebSocket of this origin.
    virtual bool may_open(link::Api api, const std::string& origin) = 0;
    /// Something that is counted has changed.
    virtual void changed() = 0;
    virtual void closed(link::ConnectionId connection) = 0;
};

/// One accepted connection: from the check of its peer, through the upgrade, to its session.
class Client final : public TransportEvents, public SessionHost, public std::enable_shared_from_this<Client> {
public:
    Client(ClientHost& host, link::ConnectionId id, link::FourTuple peer, bool tls)
        : host_(host), id_(id), peer_(std::move(peer)), tls_(tls) {}

    void set_transport(std::shared_ptr<Transport> transport) { transport_ = std::move(transport); }
    /// Empty until the upgrade was asked for.
    [[nodiscard]] const std::string& origin() const noexcept { return origin_; }
    [[nodiscard]] link::Api api() const noexcept { return api_; }
    [[nodiscard]] bool is_silent() const noexcept { return silent_; }
    [[nodiscard]] bool is_open() const noexcept { return session_ != nullptr || dastine_open_; }
    [[nodiscard]] Transport& transport() noexcept { return *transport_; }
    [[nodiscard]] std::size_t streams() const noexcept { return session_ ? session_->streams() : 0; }
    void drop() { transport_->drop(); }
    /// The front door closes.
    void end(const std::string& reason);

    // from the core
    void on_verdict(bool allowed);
    void on_site(const link::SiteState& state);
    void on_token_changed();
    void on_state(const link::OperationState& state);
    void on_reply(link::OperationReply& reply);

    // from the transport
    void on_first_byte() override;
    void on_upgrade(const Upgrade& upgrade) override;
    void on_open() override;
    void on_text(std::string_view text) override { session_->on_text(text); }
    [[nodiscard]] bool on_text_piece(std::string_view piece, bool last) override {
        return host_.dastine().on_text(id_, piece, last);
    }
    void on_binary(ByteView piece, bool last) override;
    void on_drained() override;
    void on_closed() override;

    // for the session
    void send(std::string text) override { transport_->send_text(std::move(text)); }
    void send(Bytes binary) override { transport_->send_binary(std::move(binary)); }
    [[nodiscard]] std::size_t unsent_bytes() const override { return transport_->unsent_bytes(); }
    void close(CloseCode code) override { transport_->close(code); }
    [[nodiscard]] link::OperationId start_operation(link::Request request, Descriptors previews) override;
    void cancel_operation(link::OperationId id) override { host_.cancel_operation(id); }
    void open_spool(std::uint64_t expected_bytes, std::function<void(SpoolFile)> opened) override;
    [[nodiscard]] OriginBudget* preview_budget() override { return host_.preview_budget(); }
    [[nodiscard]] HashThread* hash_thread() override { return host_.hash_thread(); }
    void step_soon() override;
    void failed(std::string_view method, std::string_view correlation, const Failure& failure) override;

private:
    ClientHost& host_;
    link::ConnectionId id_;
    link::FourTuple peer_;
    bool tls_;
    bool silent_ = true;
    bool upgrading_ = false;
    bool accepted_ = false;
    bool step_pending_ = false;
    std::optional<std::string> ending_;
    bool dastine_open_ = false;
    link::Api api_{};
    std::string origin_;
    link::SiteState site_;
    std::shared_ptr<Transport> transport_;
    std::unique_ptr<Session> session_;
};

} // namespace mohr::door
