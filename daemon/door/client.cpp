// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace mohr::door {

namespace {

/// A site that has access but whose prompts are refused for now is told so (T15).
link::Access told_access(const link::SiteState& state) {
    const bool granted = state.access == link::Access::granted;
    return granted && state.silenced ? link::Access::silenced : state.access;
}

} // namespace

void Client::on_verdict(bool allowed) {
    if (allowed) return transport_->begin();
    host_.log().info("connection refused: another user's");
    transport_->drop();
}

void Client::on_first_byte() {
    silent_ = false;
    host_.changed();
}

void Client::on_upgrade(const Upgrade& upgrade) {
    if (!host_.may_open(upgrade.api, upgrade.origin)) {
        host_.log().info("upgrade refused: too many connections");
        return transport_->refuse();
    }
    api_ = upgrade.api;
    origin_ = upgrade.origin;
    upgrading_ = true;
    host_.tell_core(link::SiteOpen{id_, peer_, origin_, api_, tls_});
}

void Client::on_site(const link::SiteState& state) {
    site_ = state;
    if (dastine_open_) {
        if (!state.allowed) return transport_->close(CloseCode::policy);
        return host_.dastine().on_site(id_, state);
    }
    if (session_) {
        if (!state.allowed) return transport_->close(CloseCode::policy);
        return session_->on_site(state.access, state.token, told_access(state));
    }
    if (!std::exchange(upgrading_, false))
        return; // a change while the 101 is under way: on_open() looks at it
    if (state.allowed) {
        accepted_ = true;
        return transport_->accept_upgrade();
    }
    host_.log().info("upgrade refused by the core");
    transport_->refuse();
}

void Client::on_open() {
    if (api_ == link::Api::dastine) {
        dastine_open_ = true;
        host_.dastine().open(id_, origin_, site_);
        host_.changed();
        if (ending_) end(*ending_);
        return;
    }
    SessionConfig config;
    config.limits = host_.limits();
    config.version = host_.version();
    config.origin = origin_;
    config.connection = id_;
    session_ = std::make_unique<Session>(std::move(config), host_.clock(), *this);
    session_->on_site(site_.access, site_.token, told_access(site_));
    host_.changed();
    if (ending_) end(*ending_);
}

void Client::on_closed() {
    const auto self = shared_from_this();
    session_.reset();
    if (std::exchange(dastine_open_, false)) host_.dastine().close(id_);
    host_.closed(id_);
}

void Client::on_binary(ByteView piece, bool last) {
    if (dastine_open_) return host_.dastine().on_binary(id_, last);
    session_->on_binary(piece, last);
}

void Client::on_drained() {
    if (dastine_open_) return host_.dastine().on_drained(id_);
    session_->on_drained();
}

void Client::end(const std::string& reason) {
    if (dastine_open_) return transport_->close(CloseCode::going_away);
    if (!session_ && accepted_) {
        ending_ = reason; // the 101 is out or nearly: the page is told as soon as it can be
        return;
    }
    if (!session_) return transport_->drop();
    session_->stopping(reason.empty() ? "stopping" : reason);
    transport_->close(CloseCode::going_away);
}

void Client::on_token_changed() {
    if (session_) session_->on_token_changed();
}

void Client::on_state(const link::OperationState& state) {
    if (session_) session_->on_state(state.id, state.state);
}

void Client::on_reply(link::OperationReply& reply) {
    if (session_) session_->on_reply(reply.id, std::move(reply.outcome));
}

link::OperationId Client::start_operation(link::Request request, Descriptors previews) {
    return host_.start_operation(id_, 0, std::move(request), std::move(previews));
}

void Client::open_spool(std::uint64_t expected_bytes, std::function<void(SpoolFile)> opened) {
    host_.open_spool(expected_bytes, [weak = weak_from_this(), opened = std::move(opened)](SpoolFile file) {
        if (const auto self = weak.lock(); self && self->session_) opened(std::move(file));
    });
}

void Client::step_soon() {
    if (std::exchange(step_pending_, true)) return;
    boost::asio::post(host_.context(), [self = shared_from_this()] {
        self->step_pending_ = false;
        if (self->session_) self->session_->step();
    });
}

void Client::failed(std::string_view method, std::string_view correlation, const Failure& failure) {
    host_.log().request_failed(method, correlation, failure);
}

} // namespace mohr::door
