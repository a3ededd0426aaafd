// SPDX-License-Identifier: Apache-2.0
#include "dastine_front.hpp"

#include "dastine_job.hpp"
#include "overloaded.hpp"
#include <mohr/base/encoding.hpp>

#include <algorithm>

namespace mohr::door {

using dastine::ResultCode;
using protocol::Code;

namespace {

/// How long what a page selected outlives its last socket.
constexpr std::chrono::minutes grace{10};
constexpr std::size_t max_sessions_per_origin = 64;
constexpr std::size_t max_sessions = 1024;
/// Messages that nobody could answer, before the socket is closed.
constexpr unsigned max_offences = 3;
/// A page that stops in the middle of a message gives back what its document has taken.
constexpr std::chrono::seconds stalled{60};

bool is_denied(const link::SiteState& site) {
    return site.access == link::Access::denied || site.access == link::Access::silenced;
}

} // namespace

struct DastineFront::Page {
    Page(DastineFront& f, link::ConnectionId c, std::string o, const link::SiteState& s)
        : front(f), connection(c), origin(std::move(o)), site(s), outbox(f.host_, c),
          reader([this](ByteView bytes) { on_content(bytes); }) {}

    void on_content(ByteView bytes) {
        if (!content)
            content = std::make_unique<DastineContent>(front.host_, front.budget_, origin,
                                                       front.config_.limits.message_bytes);
        content->receive(bytes);
        last_content = front.clock_.steady();
    }

    DastineFront& front;
    link::ConnectionId connection;
    std::string origin;
    link::SiteState site;
    DastineOutbox outbox;
    dastine::MessageReader reader;
    std::unique_ptr<DastineContent> content; ///< of the message that arrives
    SteadyInstant last_content{};
    unsigned offences = 0;
    bool closing = false;
};

DastineFront::DastineFront(DastineConfig config, const Clock& clock, DastineHost& host)
    : config_(std::move(config)), clock_(clock), host_(host), budget_(config_.limits.buffered_bytes) {}
DastineFront::~DastineFront() {
    const DastineTurns::Hold nothing_begins(turns_);
    sessions_.clear(); // their documents give back to the budget
    pages_.clear();
}

// --- the sockets ---

void DastineFront::open(link::ConnectionId connection, std::string origin, const link::SiteState& site) {
    pages_.insert_or_assign(connection, std::make_unique<Page>(*this, connection, std::move(origin), site));
}

void DastineFront::close(link::ConnectionId connection) {
    const auto found = pages_.find(connection);
    if (found == pages_.end()) return;
    const std::unique_ptr<Page> page = std::move(found->second);
    pages_.erase(found);
    const DastineTurns::Hold until_all_are_gone(turns_);
    for (const auto& [key, session] : sessions_) session->detach(connection);
    std::erase_if(sessions_, [&](const auto& one) { return one.first.connection == connection; });
}

bool DastineFront::on_text(link::ConnectionId connection, std::string_view piece, bool last) {
    const auto found = pages_.find(connection);
    if (found == pages_.end()) return true;
    Page& page = *found->second;
    page.reader.feed(piece);
    if (!last) return !page.content || !page.content->is_full();
    end_message(page);
    return true;
}

void DastineFront::on_binary(link::ConnectionId connection, bool last) {
    const auto found = pages_.find(connection);
    if (found != pages_.end() && last) offence(*found->second, CloseCode::unsupported_data);
}

void DastineFront::on_drained(link::ConnectionId connection) {
    if (const auto found = pages_.find(connection); found != pages_.end()) found->second->outbox.pump();
}

void DastineFront::end_message(Page& page) {
    std::unique_ptr<DastineContent> content = std::move(page.content);
    auto request = page.reader.finish();
    if (!request) return offence(page, CloseCode::invalid_payload);
    if (!request->command) return reply(page, request->name, to_text(request->command.error()));
    if (content) content->close();
    on_command(page, std::move(*request), std::move(content));
}

void DastineFront::offence(Page& page, CloseCode code) {
    if (++page.offences < max_offences || std::exchange(page.closing, true)) return;
    host_.close(page.connection, code);
}

// --- commands ---

void DastineFront::on_command(Page& page, dastine::Request request, std::unique_ptr<DastineContent> content) {
    if (std::holds_alternative<dastine::IsAlive>(*request.command)) return;
    DastineSession* const session = session_of(page, request.info);
    if (session == nullptr) return reply(page, request.name, to_text(ResultCode::allocate_memory_error));
    if (const auto result = answer_at_once(page, *session, *request.command))
        return reply(page, request.name, *result);
    if (open_orders(page.connection) >= config_.limits.requests_per_connection)
        return reply(page, request.name, to_text(ResultCode::allocate_memory_error));
    DastineOrder order;
    order.connection = page.connection;
    order.name = std::move(request.name);
    order.command = std::move(*request.command);
    order.content = std::move(content);
    order.quirks = page.site.quirks;
    order.token_label = page.site.token_label;
    order.denied = is_denied(page.site);
    session->submit(std::move(order));
}

std::size_t DastineFront::open_orders(link::ConnectionId connection) const {
    std::size_t orders = 0;
    for (const auto& [key, session] : sessions_) orders += session->orders_of(connection);
    return orders;
}

std::optional<std::string> DastineFront::answer_at_once(Page& page, DastineSession& session,
                                                        const dastine::Command& command) {
    const bool denied = is_denied(page.site);
    using Answer = std::optional<std::string>;
    return std::visit(
        Overloaded{
            [&](const dastine::Constant& c) -> Answer {
                const bool foreign = c.fingerprint || c.result == ResultCode::nid_not_supported;
                return to_text(foreign && page.site.quirks.two_digit_codes ? ResultCode::not_supported
                                                                           : c.result);
            },
            [&](const dastine::GetVersion&) -> Answer { return config_.version; },
            [&](const dastine::SetConfig& c) -> Answer {
                session.set_hints(c.hints);
                return to_text(ResultCode::successful);
            },
            [&](const dastine::SetPinGuide&) -> Answer { return to_text(ResultCode::successful); },
            [&](const dastine::GetSelectedCertificate&) -> Answer {
                if (denied) return to_text(ResultCode::permission_denied);
                if (!session.selected()) return to_text(ResultCode::certificate_not_selected);
                return to_base64(session.selected()->certificate);
            },
            [&](const dastine::GetProviderName&) -> Answer {
                if (denied) return to_text(ResultCode::permission_denied);
                if (!session.selected()) return to_text(ResultCode::certificate_not_selected);
                if (page.site.token_label.empty()) return to_text(ResultCode::provider_name_not_found);
                return token_name(page.site.token_label);
            },
            [&](const dastine::ListTokens&) -> Answer { return list_tokens(page); },
            [&](const dastine::WatchToken& c) -> Answer {
                return to_text(session.watch(c.event, page.connection));
            },
            [&](const dastine::PollToken& c) -> Answer {
                return to_text(session.poll(c.event, page.connection));
            },
            [](const auto&) -> Answer { return std::nullopt; },
        },
        command);
}

std::string DastineFront::list_tokens(const Page& page) const {
    if (page.site.access != link::Access::granted) return to_text(ResultCode::permission_denied);
    if (page.site.token != "initialised" || page.site.token_label.empty())
        return to_text(ResultCode::token_not_available);
    return token_name(page.site.token_label) + "|";
}

void DastineFront::reply(Page& page, const std::string& name, std::string_view result) {
    page.outbox.send(dastine::make_reply(name, result));
}

void DastineFront::deliver(DastineReply answer) {
    const auto found = pages_.find(answer.connection);
    if (found == pages_.end()) return;
    if (!answer.payload) return reply(*found->second, answer.name, answer.text);
    found->second->outbox.send(dastine::reply_head(answer.name), std::move(answer.payload));
}

// --- sessions ---

DastineSession* DastineFront::session_of(Page& page, const std::string& info) {
    DastineSession::Key key{page.origin, info, info.empty() ? page.connection : 0};
    auto found = sessions_.find(key);
    if (found == sessions_.end()) {
        if (!make_room(page.origin)) return nullptr;
        auto session =
            std::make_unique<DastineSession>(key, clock_, host_, turns_, config_.limits.message_bytes,
                                             [this](DastineReply answer) { deliver(std::move(answer)); });
        found = sessions_.emplace(std::move(key), std::move(session)).first;
    }
    found->second->attach(page.connection);
    return found->second.get();
}

/// The one that was left alone for longest goes; those that are in use stay.
bool DastineFront::make_room(const std::string& origin) {
    std::size_t of_origin = 0;
    auto oldest = sessions_.end();
    auto oldest_of_origin = sessions_.end();
    const auto older = [&](auto& best, auto candidate) {
        if (candidate->second->is_attached() || !candidate->second->is_idle()) return;
        if (best == sessions_.end() || candidate->second->idle_since() < best->second->idle_since())
            best = candidate;
    };
    for (auto at = sessions_.begin(); at != sessions_.end(); ++at) {
        older(oldest, at);
        if (at->first.origin != origin) continue;
        ++of_origin;
        older(oldest_of_origin, at);
    }
    if (of_origin >= max_sessions_per_origin) oldest = oldest_of_origin;
    if (of_origin < max_sessions_per_origin && sessions_.size() < max_sessions) return true;
    if (oldest == sessions_.end()) return false;
    sessions_.erase(oldest);
    return true;
}

// --- the core ---

void DastineFront::on_site(link::ConnectionId connection, const link::SiteState& site) {
    if (const auto found = pages_.find(connection); found != pages_.end()) found->second->site = site;
}

void DastineFront::on_token(link::TokenEvent event) {
    // Locked by itself after a while is not taken away: pages would log people out.
    const bool removed = event == link::TokenEvent::locked || event == link::TokenEvent::replaced;
    if (event == link::TokenEvent::replaced)
        for (const auto& [key, session] : sessions_) session->forget_selection();
    if (!removed && event != link::TokenEvent::unlocked) return;
    // Only what was taken away comes back: the unlocking by a page's own signature is no news to it.
    if (!removed && !removed_) return;
    removed_ = removed;
    const auto wire = removed ? dastine::TokenEvent::remove : dastine::TokenEvent::insert;
    // Before a grant a page learns nothing about the token.
    for (const auto& [id, page] : pages_) {
        if (page->site.access != link::Access::granted) continue;
        for (const auto& [key, session] : sessions_)
            if (key.origin == page->origin) session->on_token(wire);
    }
}

void DastineFront::on_state(link::OperationId id, link::PromptState state) {
    for (const auto& [key, session] : sessions_)
        if (session->on_state(id, state)) return;
}

void DastineFront::on_reply(link::OperationId id, Outcome<link::Answer> outcome) {
    for (const auto& [key, session] : sessions_)
        if (session->on_reply(id, outcome)) return;
}

void DastineFront::step() {
    for (const auto& [key, session] : sessions_) session->step();
    for (const auto& [id, page] : pages_) {
        page->outbox.pump();
        if (!page->content) continue;
        page->content->step();
        if (!page->content->is_full()) host_.resume_reading(id);
    }
}

void DastineFront::tick() {
    for (const auto& [key, session] : sessions_) session->tick();
    const SteadyInstant now = clock_.steady();
    for (const auto& [id, page] : pages_)
        if (page->content && now - page->last_content >= stalled) page->content->give_up();
    std::erase_if(sessions_, [&](const auto& one) {
        return !one.second->is_attached() && one.second->is_idle() && now - one.second->idle_since() >= grace;
    });
}

} // namespace mohr::door
