// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include "overloaded.hpp"
#include "session_calls.hpp"
#include <mohr/base/encoding.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mohr::door {

namespace jsonrpc = protocol::jsonrpc;
namespace web = protocol::web;
using nlohmann::json;
using protocol::Code;

namespace {

constexpr unsigned max_unknown_methods = 3;
constexpr std::chrono::milliseconds progress_interval{100};
} // namespace

/// One request that has no reply yet, and what it may ask of its surroundings.
class Session::Request final : public WorkHost {
public:
    Request(Session& session, jsonrpc::Id id, std::string method, bool as_stream)
        : session_(session), id_(std::move(id)), method_(std::move(method)), as_stream_(as_stream) {}

    void operate(link::Request request, Descriptors previews) override {
        operation_ = session_.host_.start_operation(std::move(request), std::move(previews));
        session_.operations_[operation_] = this;
    }
    void open_spool(std::uint64_t expected_bytes, std::function<void(SpoolFile)> opened) override {
        session_.host_.open_spool(expected_bytes, [alive = session_.alive_, &session = session_,
                                                   opened = std::move(opened)](SpoolFile file) {
            if (!*alive) return;
            opened(std::move(file));
            session.settle();
        });
    }
    void progress(std::uint64_t done, std::optional<std::uint64_t> total) override {
        if (!streamed_) return;
        const SteadyInstant now = session_.clock_.steady();
        if (last_progress_ && now - *last_progress_ < progress_interval) return;
        last_progress_ = now;
        json params{{"id", session_id()}, {"done", done}};
        if (total) params["total"] = *total;
        session_.notify("progress", std::move(params));
    }
    void finish(Outcome<WorkResult> result) override {
        if (!result_) result_ = std::move(result);
    }

    [[nodiscard]] json session_id() const {
        if (const auto* number = std::get_if<std::int64_t>(&id_)) return *number;
        return std::get<std::string>(id_);
    }
    void abandon() {
        if (operation_ == 0) return;
        session_.operations_.erase(operation_);
        session_.host_.cancel_operation(operation_);
        operation_ = 0;
    }
    void answered() {
        session_.operations_.erase(operation_);
        operation_ = 0;
    }

    Session& session_;
    jsonrpc::Id id_;
    std::string method_;
    bool as_stream_;
    bool streamed_ = false; ///< takes from a stream: worth telling how far it is
    std::unique_ptr<Work> work_;
    std::optional<Outcome<WorkResult>> result_;

private:
    link::OperationId operation_ = 0;
    std::optional<SteadyInstant> last_progress_;
};

Session::Session(SessionConfig config, const Clock& clock, SessionHost& host)
    : config_(std::move(config)), clock_(clock), host_(host),
      streams_(config_.limits, host, [this] { return correlation(); }) {}

Session::~Session() {
    *alive_ = false;
    // Works detach from their feeds, sources from theirs: both before the uploads go.
    requests_.clear();
    streams_.end_downloads();
}

// --- from the page ---

void Session::on_text(std::string_view text) {
    auto message = jsonrpc::parse(text, {.max_depth = config_.limits.json_depth});
    if (!message) {
        fail(message.error().id, "", message.error().failure);
    } else if (message->kind == jsonrpc::Kind::notification) {
        on_notice(std::move(*message));
    } else {
        on_request(std::move(*message));
    }
    settle();
}

void Session::on_request(jsonrpc::Message message) {
    const web::Method* const method = web::find_method(message.method);
    if (method == nullptr) {
        fail(message.id, "", Failure(Code::method_not_found));
        return unknown_method();
    }
    const auto same = [&](const auto& request) { return request->id_ == message.id; };
    if (std::any_of(requests_.begin(), requests_.end(), same))
        return fail(message.id, method->name,
                    Failure(Code::invalid_request, "a request of this id is running"));
    if (requests_.size() >= config_.limits.requests_per_connection)
        return fail(message.id, method->name, over_limit("requests", config_.limits.requests_per_connection));
    if (access_ != link::Access::granted && !method->before_grant)
        return fail(message.id, method->name, Failure(Code::origin_denied));
    auto call = web::decode_call(*method, *message.params, config_.limits);
    if (!call) return fail(message.id, method->name, call.error());
    begin(message.id, method->name, std::move(*call));
}

void Session::begin(const jsonrpc::Id& id, std::string_view method, web::Call call) {
    if (std::holds_alternative<web::ServiceInfo>(call)) return reply_service_info(id);
    if (const auto* open = std::get_if<web::StreamOpen>(&call)) return open_stream(id, *open);
    if (const auto* close = std::get_if<web::StreamClose>(&call)) return close_stream(id, close->stream);
    bool as_stream = false;
    if (const auto* sign = std::get_if<web::SignCms>(&call)) as_stream = sign->as_stream;
    if (const auto* encrypt = std::get_if<web::EncryptCms>(&call)) as_stream = encrypt->as_stream;
    if (const auto* decrypt = std::get_if<web::DecryptCms>(&call)) as_stream = decrypt->as_stream;
    auto request = std::make_unique<Request>(*this, id, std::string(method), as_stream);
    const WorkContext context{
        *request,
        clock_,
        [this, alive = alive_] {
            if (!*alive || std::exchange(pump_wanted_, true)) return;
            host_.step_soon();
        },
        config_.limits.credit_bytes,
        config_.limits.inline_bytes,
        {host_.preview_budget(), config_.origin},
        host_.hash_thread(),
    };
    request->streamed_ = !wanted_streams(call).empty();
    auto work = make_work(context, call, streams_);
    if (!work) return fail(id, method, work.error());
    request->work_ = std::move(*work);
    Request& started = *requests_.emplace_back(std::move(request));
    started.work_->start();
}

void Session::unknown_method() {
    if (++unknown_methods_ >= max_unknown_methods) host_.close(CloseCode::policy);
}

void Session::on_notice(jsonrpc::Message message) {
    auto notice = web::decode_notice(message.method, *message.params);
    if (!notice) {
        // Nobody is answered; but a page that guesses at methods is shut out here too.
        const bool guess =
            notice.error().code == Code::method_not_found && web::find_method(message.method) == nullptr;
        return guess ? unknown_method() : void();
    }
    std::visit(Overloaded{[this](const web::Cancel& c) { cancel(c.id); },
                          [this](const web::StreamCredit& c) {
                              if (streams_.credit(c.stream, c.bytes)) pump_wanted_ = true;
                          }},
               *notice);
}

void Session::cancel(const jsonrpc::Id& id) {
    for (const auto& request : requests_) {
        if (request->id_ != id || request->result_) continue;
        request->abandon();
        request->finish(Failure(Code::cancelled));
    }
}

json Session::service_info() const {
    json info = json::object();
    info["protocol"] = web::subprotocol;
    info["version"] = config_.version;
    info["origin"] = config_.origin;
    info["access"] = web::access_name(told_access_);
    if (access_ != link::Access::granted) return info;
    info["token"] = token_;
    info["limits"] = {{"message", config_.limits.message_bytes},
                      {"inline", config_.limits.inline_bytes},
                      {"stream", config_.limits.stream_bytes},
                      {"batch", config_.limits.batch_items}};
    return info;
}

void Session::reply_service_info(const jsonrpc::Id& id) {
    if (info_.empty()) {
        const std::string object = service_info().dump(-1, ' ', false, json::error_handler_t::replace);
        info_ = object.substr(1, object.size() - 2);
    }
    host_.send(jsonrpc::make_result_with(id, json::object(), info_));
}

// --- streams ---

void Session::open_stream(const jsonrpc::Id& id, const web::StreamOpen& call) {
    const auto opened = streams_.open_upload(call.size);
    if (!opened) return fail(id, "stream.open", opened.error());
    reply(id, {{"stream", opened->stream}, {"credit", opened->credit}});
}

void Session::close_stream(const jsonrpc::Id& id, StreamId stream) {
    const auto size = streams_.close(stream);
    if (!size) return fail(id, "stream.close", size.error());
    reply(id, *size ? json{{"size", **size}} : json::object());
}

void Session::on_binary(ByteView piece, bool last) {
    if (!streams_.receive(piece, last)) return host_.close(CloseCode::policy);
    settle();
}

void Session::on_drained() {
    pump_wanted_ = true;
    settle();
}

void Session::step() {
    streams_.resume();
    settle();
}

// --- from the core ---

void Session::on_site(link::Access access, const std::string& token, std::optional<link::Access> told) {
    const link::Access now_told = told.value_or(access);
    const bool changed = std::exchange(site_known_, true) && told_access_ != now_told;
    access_ = access;
    told_access_ = now_told;
    token_ = token;
    info_.clear();
    if (changed) notify("access.changed", {{"access", web::access_name(now_told)}});
}

void Session::on_state(link::OperationId id, link::PromptState state) {
    const auto found = operations_.find(id);
    if (found == operations_.end()) return;
    notify("consent.pending", {{"id", found->second->session_id()},
                               {"state", state == link::PromptState::queued ? "queued" : "shown"}});
}

void Session::on_reply(link::OperationId id, Outcome<link::Answer> outcome) {
    const auto found = operations_.find(id);
    if (found == operations_.end()) return; // cancelled meanwhile
    Request& request = *found->second;
    request.answered();
    request.work_->on_answer(std::move(outcome));
    settle();
}

void Session::on_token_changed() {
    if (access_ == link::Access::granted) notify("token.changed", json::object());
}

void Session::stopping(std::string_view reason) {
    notify("service.stopping", {{"reason", reason}});
}

// --- replies ---

void Session::reply(const jsonrpc::Id& id, json result) {
    host_.send(jsonrpc::make_result(id, std::move(result)));
}

void Session::fail(const jsonrpc::Id& id, std::string_view method, const Failure& failure) {
    const std::string told = correlation();
    host_.failed(method, told, failure);
    host_.send(jsonrpc::make_error(id, failure, told));
}

std::string Session::correlation() {
    return std::to_string(config_.connection) + "-" + std::to_string(++failures_);
}

void Session::notify(std::string_view method, json params) {
    host_.send(jsonrpc::make_notification(method, std::move(params)));
}

void Session::deliver(Request& request, WorkResult result) {
    json& fields = *result.fields;
    const auto answer = [&] {
        if (!result.certificate) return reply(request.id_, std::move(fields));
        host_.send(jsonrpc::make_result_with(request.id_, fields, "\"certificate\":" + *result.certificate));
    };
    if (!result.content) return answer();
    const bool small = !result.content_is_json && !request.as_stream_ && result.content_size &&
                       *result.content_size <= config_.limits.inline_bytes;
    if (!small) {
        fields["stream"] = streams_.add_download(std::move(result.content));
        if (result.content_size) fields["size"] = *result.content_size;
        answer();
        pump_wanted_ = true;
        return;
    }
    Bytes content;
    for (;;) {
        const auto state = result.content->pull(content, config_.limits.inline_bytes);
        if (!state) return fail(request.id_, request.method_, state.error());
        if (*state == Source::State::waiting)
            return fail(request.id_, request.method_,
                        Failure(Code::internal_error, "content is not complete"));
        if (*state == Source::State::end) break;
    }
    fields[result.content_name] = to_base64(content);
    answer();
}

void Session::settle() {
    if (std::exchange(settling_, true)) return;
    for (bool again = true; again;) {
        again = false;
        for (std::size_t i = 0; i < requests_.size(); ++i) {
            if (!requests_[i]->result_) continue;
            const std::unique_ptr<Request> done = std::move(requests_[i]);
            requests_.erase(requests_.begin() + static_cast<std::ptrdiff_t>(i));
            done->abandon();
            Outcome<WorkResult> result = std::move(*done->result_);
            if (result)
                deliver(*done, std::move(*result));
            else
                fail(done->id_, done->method_, result.error());
            again = true;
            break;
        }
        if (std::exchange(pump_wanted_, false)) {
            streams_.pump();
            again = true;
        }
    }
    streams_.forget_finished();
    settling_ = false;
}

} // namespace mohr::door
