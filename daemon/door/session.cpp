// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include "overloaded.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/base/x509.hpp>

#include <boost/endian/conversion.hpp>
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
/// A download stops adding to the send queue here; the page's credit is the real bound.
constexpr std::size_t send_ahead_bytes = 512 * 1024;

Failure stream_error(const char* why) {
    return Failure(Code::stream_error, why);
}
Failure over_limit(const char* name, std::uint64_t max) {
    Failure failure(Code::limit_exceeded);
    failure.limit = name;
    failure.max = max;
    return failure;
}

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

struct Session::Download {
    StreamId id = 0;
    std::unique_ptr<Source> source;
    std::uint64_t credit = web::initial_download_credit;
};

/// The uploads' way out.
class Session::Streams final : public StreamHost {
public:
    explicit Streams(Session& session) : session_(session) {}
    void grant_credit(StreamId stream, std::uint64_t bytes) override {
        session_.notify("stream.credit", {{"stream", stream}, {"bytes", bytes}});
    }
    void open_spool(std::uint64_t expected_bytes, std::function<void(SpoolFile)> opened) override {
        session_.host_.open_spool(expected_bytes, std::move(opened));
    }
    void resume_soon(StreamId stream) override {
        session_.to_resume_.insert(stream);
        session_.host_.step_soon();
    }

private:
    Session& session_;
};

Session::Session(SessionConfig config, const Clock& clock, SessionHost& host)
    : config_(std::move(config)), clock_(clock), host_(host),
      streams_host_(std::make_unique<Streams>(*this)) {}

Session::~Session() {
    *alive_ = false;
    // Works detach from their feeds, sources from theirs: both before the uploads go.
    requests_.clear();
    downloads_.clear();
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

namespace {

void streams_of(const web::Document& document, std::vector<StreamId>& wanted) {
    if (const auto* stream = std::get_if<StreamId>(&document.content)) wanted.push_back(*stream);
}
void streams_of(const web::Content& content, std::vector<StreamId>& wanted) {
    if (const auto* stream = std::get_if<StreamId>(&content)) wanted.push_back(*stream);
}

/// Every stream that a call names, so that either all are there to be used or nothing happens.
std::vector<StreamId> wanted_streams(const web::Call& call) {
    std::vector<StreamId> wanted;
    if (const auto* one = std::get_if<web::SignRaw>(&call)) streams_of(one->document, wanted);
    if (const auto* one = std::get_if<web::SignCms>(&call)) streams_of(one->document, wanted);
    if (const auto* one = std::get_if<web::EncryptCms>(&call)) streams_of(one->document, wanted);
    if (const auto* one = std::get_if<web::DecryptCms>(&call)) streams_of(one->cms, wanted);
    if (const auto* one = std::get_if<web::SignBatch>(&call))
        for (const web::BatchItem& item : one->items) streams_of(item.document, wanted);
    if (const auto* one = std::get_if<web::Verify>(&call)) {
        streams_of(one->cms, wanted);
        if (one->document) streams_of(*one->document, wanted);
    }
    return wanted;
}

/// The document's bytes, or nothing where only a digest was given.
std::optional<web::Content> content_of(web::Document& document) {
    if (auto* bytes = std::get_if<Bytes>(&document.content)) return std::move(*bytes);
    if (auto* stream = std::get_if<StreamId>(&document.content)) return *stream;
    return std::nullopt;
}

/// PEM and PKCS#7 are parsed here, so that the core reads bare DER only.
Outcome<Bytes> der_sequence(ByteView given) {
    const auto certificates = read_certificates(given);
    if (!certificates) {
        Failure failure(Code::malformed_data, certificates.error().describe());
        failure.path = "certificate";
        return failure;
    }
    Bytes sequence;
    for (const Certificate& one : *certificates)
        sequence.insert(sequence.end(), one.der().begin(), one.der().end());
    return sequence;
}

} // namespace

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
    auto work = make_work(context, call);
    if (!work) return fail(id, method, work.error());
    request->work_ = std::move(*work);
    Request& started = *requests_.emplace_back(std::move(request));
    started.work_->start();
}

Outcome<void> Session::check_claims(const std::vector<StreamId>& wanted) const {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto found = uploads_.find(wanted[i]);
        if (found == uploads_.end() || found->second->used())
            return stream_error("unknown stream, or used already");
        if (std::find(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(i), wanted[i]) !=
            wanted.begin() + static_cast<std::ptrdiff_t>(i))
            return stream_error("one stream for two documents");
    }
    return {};
}

Outcome<std::shared_ptr<Feed>> Session::claim(web::Content& content) {
    if (auto* bytes = std::get_if<Bytes>(&content)) return std::make_shared<BytesFeed>(std::move(*bytes));
    return uploads_.at(std::get<StreamId>(content));
}

Outcome<std::unique_ptr<Work>> Session::make_work(const WorkContext& context, web::Call& call) {
    if (auto claims = check_claims(wanted_streams(call)); !claims) return claims.error();
    const auto document = [this](web::Document& from, std::string id = {}) {
        WorkDocument out{std::move(from.name), std::move(from.media_type), std::move(id), nullptr,
                         std::nullopt};
        if (auto content = content_of(from))
            out.feed = *claim(*content);
        else
            out.digest = std::move(std::get<web::Digest>(from.content).value);
        return out;
    };
    using Made = Outcome<std::unique_ptr<Work>>;
    const auto plain = [&](link::Request request) -> Made {
        return make_plain_work(context, std::move(request));
    };
    return std::visit(
        Overloaded{
            [&](web::RequestAccess&) { return plain(link::RequestAccess{}); },
            [&](web::SelectCertificate& c) { return plain(link::SelectCertificate{c.purpose}); },
            [&](web::ListCertificates&) { return plain(link::ListCertificates{}); },
            [&](web::Authenticate& c) {
                return plain(link::Authenticate{std::move(c.challenge), std::move(c.certificate),
                                                c.algorithm.scheme, c.algorithm.digest});
            },
            [&](web::GenerateKey& c) {
                return plain(
                    link::GenerateKey{std::move(c.algorithm), std::move(c.subject), std::move(c.label)});
            },
            [&](web::ImportCertificate& c) -> Made {
                auto sequence = der_sequence(c.data);
                if (!sequence) return sequence.error();
                return plain(link::ImportCertificate{std::move(*sequence)});
            },
            [&](web::SignRaw& c) -> Made {
                SignWork work;
                work.format = link::SignFormat::raw;
                work.digest = c.algorithm.digest;
                work.scheme = c.algorithm.scheme;
                work.certificate = std::move(c.certificate);
                work.documents.push_back(document(c.document));
                return make_sign_work(context, std::move(work));
            },
            [&](web::SignCms& c) -> Made {
                SignWork work;
                work.format = link::SignFormat::cms;
                work.digest = c.digest;
                work.certificate = std::move(c.certificate);
                work.signing_time = c.signing_time;
                work.attached = !c.detached;
                work.documents.push_back(document(c.document));
                return make_sign_work(context, std::move(work));
            },
            [&](web::SignBatch& c) -> Made {
                SignWork work;
                work.format = c.format;
                work.batch = true;
                work.digest = c.algorithm.digest;
                work.scheme = c.algorithm.scheme;
                work.certificate = std::move(c.certificate);
                work.signing_time = c.signing_time;
                for (web::BatchItem& item : c.items)
                    work.documents.push_back(document(item.document, std::move(item.id)));
                return make_sign_work(context, std::move(work));
            },
            [&](web::EncryptCms& c) -> Made {
                auto content = content_of(c.document);
                return make_encrypt_work(context, {*claim(*content), std::move(c.recipients), c.as_stream});
            },
            [&](web::DecryptCms& c) -> Made {
                return make_decrypt_work(context, {*claim(c.cms), std::move(c.name)});
            },
            [&](web::Verify& c) -> Made {
                VerifyWork work{*claim(c.cms), nullptr, std::move(c.anchors)};
                if (c.document) work.document = *claim(*c.document);
                return make_verify_work(context, std::move(work));
            },
            [](auto&) -> Made { return Failure(Code::internal_error, "no work behind this call"); },
        },
        call);
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
                          [this](const web::StreamCredit& c) { credit(c.stream, c.bytes); }},
               *notice);
}

void Session::cancel(const jsonrpc::Id& id) {
    for (const auto& request : requests_) {
        if (request->id_ != id || request->result_) continue;
        request->abandon();
        request->finish(Failure(Code::cancelled));
    }
}

void Session::credit(StreamId id, std::uint64_t bytes) {
    const auto found = downloads_.find(id);
    if (found == downloads_.end()) return; // ended meanwhile
    std::uint64_t& credit = found->second->credit;
    credit = std::min(credit + std::min(bytes, config_.limits.stream_bytes), config_.limits.stream_bytes);
    pump_wanted_ = true;
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
    if (streams() >= config_.limits.streams_per_connection)
        return fail(id, "stream.open", over_limit("streams", config_.limits.streams_per_connection));
    const StreamId stream = ++last_stream_;
    auto upload = std::make_shared<Upload>(stream, call.size, config_.limits.stream_bytes, *streams_host_);
    const std::uint64_t credit = upload->first_credit();
    uploads_.emplace(stream, std::move(upload));
    reply(id, {{"stream", stream}, {"credit", credit}});
}

void Session::close_stream(const jsonrpc::Id& id, StreamId stream) {
    if (const auto download = downloads_.find(stream); download != downloads_.end()) {
        download->second->source->abandoned();
        downloads_.erase(download);
        return reply(id, json::object());
    }
    const auto found = uploads_.find(stream);
    if (found == uploads_.end()) return fail(id, "stream.close", stream_error("unknown stream"));
    const auto size = found->second->close();
    if (!size) return fail(id, "stream.close", size.error());
    reply(id, {{"size", *size}});
}

void Session::on_binary(ByteView piece, bool last) {
    if (!ignore_message_ && stream_header_.size() < web::stream_header_bytes) {
        const std::size_t n = std::min(piece.size(), web::stream_header_bytes - stream_header_.size());
        stream_header_.insert(stream_header_.end(), piece.begin(),
                              piece.begin() + static_cast<std::ptrdiff_t>(n));
        piece = piece.subspan(n);
    }
    if (!ignore_message_ && stream_header_.size() == web::stream_header_bytes) {
        const StreamId id = boost::endian::load_big_u32(stream_header_.data());
        const auto found = uploads_.find(id);
        if (found != uploads_.end()) {
            if (!piece.empty()) found->second->receive(piece);
        } else if (id == 0 || id > last_stream_) {
            host_.close(CloseCode::policy); // never opened: there is no call that could be told
            return;
        } else {
            ignore_message_ = true; // it was closed while this was under way
        }
    } else if (!ignore_message_ && last) {
        host_.close(CloseCode::policy);
        return;
    }
    if (last) {
        stream_header_.clear();
        ignore_message_ = false;
    }
    settle();
}

void Session::on_drained() {
    pump_wanted_ = true;
    settle();
}

void Session::step() {
    for (const StreamId id : std::exchange(to_resume_, {}))
        if (const auto found = uploads_.find(id); found != uploads_.end()) found->second->resume();
    settle();
}

void Session::pump() {
    for (auto at = downloads_.begin(); at != downloads_.end();) {
        if (pump(*at->second))
            ++at;
        else
            at = downloads_.erase(at);
    }
}

bool Session::pump(Download& download) {
    while (download.credit > 0 && host_.unsent_bytes() < send_ahead_bytes) {
        const auto max =
            static_cast<std::size_t>(std::min<std::uint64_t>(download.credit, web::download_piece_bytes));
        Bytes message(web::stream_header_bytes);
        message.reserve(web::stream_header_bytes + max);
        boost::endian::store_big_u32(message.data(), download.id);
        const auto state = download.source->pull(message, max);
        const std::size_t pulled = message.size() - web::stream_header_bytes;
        if (pulled > 0) {
            download.credit -= pulled;
            host_.send(std::move(message));
        }
        if (!state || *state == Source::State::end) {
            json params{{"stream", download.id}};
            if (!state) {
                const std::string correlation =
                    std::to_string(config_.connection) + "-" + std::to_string(++failures_);
                host_.failed("stream", correlation, state.error());
                params["error"] = jsonrpc::error_object(state.error(), correlation);
            }
            notify("stream.end", std::move(params));
            return false;
        }
        if (*state == Source::State::waiting) break;
    }
    return true;
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
    const std::string correlation = std::to_string(config_.connection) + "-" + std::to_string(++failures_);
    host_.failed(method, correlation, failure);
    host_.send(jsonrpc::make_error(id, failure, correlation));
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
        auto download = std::make_unique<Download>();
        download->id = ++last_stream_;
        download->source = std::move(result.content);
        fields["stream"] = download->id;
        if (result.content_size) fields["size"] = *result.content_size;
        answer();
        downloads_.emplace(download->id, std::move(download));
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
            pump();
            again = true;
        }
    }
    std::erase_if(uploads_, [](const auto& one) { return one.second->finished(); });
    settling_ = false;
}

} // namespace mohr::door
