// SPDX-License-Identifier: Apache-2.0
#include "manager/control_client.hpp"

#include "manager/control_socket.hpp"
#include "manager/values.hpp"
#include <mohr/protocol/jsonrpc.hpp>

#include <algorithm>

namespace mohr::desktop {
namespace {

namespace jsonrpc = protocol::jsonrpc;
using std::chrono::milliseconds;

constexpr milliseconds first_retry{500};
constexpr milliseconds last_retry{10'000};
constexpr milliseconds cancel_limit{3'000};
constexpr std::size_t read_at_once = 1024 * 1024; ///< then other events have their turn

Failure from_core(const protocol::Failure& error) {
    Failure failure(QString::fromUtf8(protocol::row(error.code).name.data(),
                                      static_cast<qsizetype>(protocol::row(error.code).name.size())),
                    QString::fromStdString(error.path.empty() ? error.limit : error.path));
    failure.reason = QString::fromStdString(error.reason);
    if (error.tries_left) failure.tries_left = *error.tries_left;
    if (error.retry_after) failure.retry_after = *error.retry_after;
    return failure;
}

Failure protocol_error(const std::string& detail) {
    return Failure(QStringLiteral("protocol_error"), QString::fromStdString(detail));
}

} // namespace

ControlClient::ControlClient(QString socket, QObject* parent) : QObject(parent), path_(std::move(socket)) {
    clock_.start();
    retry_.setSingleShot(true);
    deadline_.setSingleShot(true);
    connect(&retry_, &QTimer::timeout, this, &ControlClient::try_connect);
    connect(&deadline_, &QTimer::timeout, this, &ControlClient::expire);
}

ControlClient::~ControlClient() = default;

void ControlClient::start() {
    retry_delay_ = first_retry;
    try_connect();
}

void ControlClient::try_connect() {
    if (socket_) return;
    auto socket = connect_control_socket(path_);
    if (!socket) {
        problem_ = socket.error();
        retry_.start(retry_delay_);
        retry_delay_ = std::min(retry_delay_ * 2, last_retry);
        return;
    }
    socket_ = std::move(*socket);
    frames_ = {};
    readable_ = std::make_unique<QSocketNotifier>(socket_.get(), QSocketNotifier::Read);
    writable_ = std::make_unique<QSocketNotifier>(socket_.get(), QSocketNotifier::Write);
    writable_->setEnabled(false);
    connect(readable_.get(), &QSocketNotifier::activated, this, &ControlClient::read_ready);
    connect(writable_.get(), &QSocketNotifier::activated, this, &ControlClient::send_waiting);
    subscribe();
}

void ControlClient::subscribe() {
    request(this, "service.subscribe", [this](const Reply& reply) {
        if (!reply) return disconnect_with(reply.error());
        retry_delay_ = first_retry;
        connected_ = true;
        Q_EMIT connected_changed(true);
    });
}

void ControlClient::disconnect_with(const Failure& failure) {
    if (!socket_) return;
    // Not deleted at once: this may be called from within their own signals.
    for (auto* notifier : {&readable_, &writable_}) {
        (*notifier)->setEnabled(false);
        notifier->release()->deleteLater();
    }
    socket_.reset();
    outgoing_.clear();
    problem_ = failure;
    const bool was_connected = std::exchange(connected_, false);
    for (auto& [id, pending] : std::exchange(pending_, {}))
        if (pending.context) later(pending.context, std::move(pending.handler), failure);
    plan_deadline();
    retry_.start(retry_delay_);
    retry_delay_ = std::min(retry_delay_ * 2, last_retry);
    if (was_connected) Q_EMIT connected_changed(false);
}

void ControlClient::later(const QPointer<QObject>& context, Handler handler, Failure failure) {
    QMetaObject::invokeMethod(
        this,
        [context, handler = std::move(handler), failure = std::move(failure)] {
            if (context) handler(failure);
        },
        Qt::QueuedConnection);
}

ControlClient::RequestId ControlClient::request(QObject* context, std::string_view method, Handler handler) {
    return request(context, method, nlohmann::json::object(), std::move(handler));
}

ControlClient::RequestId ControlClient::request(QObject* context, std::string_view method,
                                                const nlohmann::json& params, Handler handler,
                                                RequestOptions options) {
    const RequestId id = next_id_++;
    if (!socket_) {
        later(context, std::move(handler), problem_);
        return id;
    }
    jsonrpc::Attachments attachments;
    for (const auto& [name, descriptor] : options.descriptors) attachments.descriptors.push_back(name);
    const std::string text = jsonrpc::make_request(id, method, params, attachments);
    if (text.size() > protocol::max_control_json_bytes) {
        later(context, std::move(handler), Failure(QStringLiteral("limit_exceeded")));
        return id;
    }
    pending_.emplace(id, Pending{context, std::move(handler), options.limit,
                                 clock_.elapsed() + options.limit.count(), std::move(options.progress)});
    plan_deadline();
    send(text, std::move(options.descriptors));
    return id;
}

void ControlClient::cancel(RequestId id) {
    const auto found = pending_.find(id);
    if (found == pending_.end() || !socket_) return;
    found->second.limit = cancel_limit;
    found->second.deadline = clock_.elapsed() + cancel_limit.count();
    plan_deadline();
    send(jsonrpc::make_notification("$/cancel", {{"id", id}}), {});
}

void ControlClient::send(const std::string& text,
                         std::vector<std::pair<std::string, Descriptor>> descriptors) {
    outgoing_.push_back({protocol::control_frame(text), 0, std::move(descriptors)});
    if (outgoing_.size() == 1) send_waiting();
}

void ControlClient::send_waiting() {
    while (!outgoing_.empty()) {
        Outgoing& next = outgoing_.front();
        std::vector<int> descriptors;
        if (next.sent == 0)
            for (const auto& [name, descriptor] : next.descriptors) descriptors.push_back(descriptor.get());
        const auto sent = send_some(socket_.get(), ByteView(next.bytes).subspan(next.sent), descriptors);
        if (!sent) {
            disconnect_with(sent.error());
            return;
        }
        next.sent += *sent;
        if (*sent == 0) break;
        if (next.sent == next.bytes.size()) outgoing_.pop_front();
    }
    writable_->setEnabled(!outgoing_.empty());
}

void ControlClient::read_ready() {
    std::size_t taken = 0;
    while (socket_ && taken < read_at_once) {
        const auto count = receive_some(socket_.get(), frames_.room());
        if (!count) return disconnect_with(count.error());
        if (*count == 0) return;
        taken += *count;
        auto frame = frames_.filled(*count);
        if (!frame) return disconnect_with(protocol_error(frame.error().describe()));
        if (!frame->has_value()) continue;
        const auto* text = std::get_if<std::string>(&**frame);
        const Outcome<void> done = text ? take(*text) : protocol_error("a secret from the core");
        if (!done) return disconnect_with(done.error());
    }
}

Outcome<void> ControlClient::take(const std::string& text) {
    auto message = jsonrpc::parse(text, {.replies = true});
    if (!message) return protocol_error(message.error().failure.detail);
    switch (message->kind) {
    case jsonrpc::Kind::request: // meant for an agent, which we are not
        return protocol_error("a request from the core");
    case jsonrpc::Kind::notification:
        if (message->method == "progress")
            take_progress(*message->params);
        else
            Q_EMIT notified(QString::fromStdString(message->method), *message->params);
        return {};
    case jsonrpc::Kind::result:
    case jsonrpc::Kind::error:
        break;
    }
    const auto* id = std::get_if<std::int64_t>(&message->id);
    if (id == nullptr) return protocol_error("a reply without a number");
    if (message->kind == jsonrpc::Kind::result)
        finish(*id, std::move(*message->result));
    else
        finish(*id, from_core(message->error));
    return {};
}

void ControlClient::take_progress(const nlohmann::json& params) {
    const auto found = pending_.find(number_of(params, "id"));
    if (found == pending_.end()) return;
    Pending& pending = found->second;
    pending.deadline = clock_.elapsed() + pending.limit.count();
    plan_deadline();
    if (const auto progress = pending.progress; progress && pending.context)
        progress(number_member(params, "done"), number_member(params, "total"));
}

void ControlClient::finish(RequestId id, const Reply& reply) {
    const auto found = pending_.find(id);
    if (found == pending_.end()) return; // its time was over
    const Pending pending = std::move(found->second);
    pending_.erase(found);
    plan_deadline();
    if (pending.context) pending.handler(reply);
}

void ControlClient::expire() {
    const qint64 now = clock_.elapsed();
    std::vector<RequestId> late;
    for (const auto& [id, pending] : pending_)
        if (pending.deadline <= now) late.push_back(id);
    for (const RequestId id : late) {
        if (socket_) send(jsonrpc::make_notification("$/cancel", {{"id", id}}), {});
        finish(id, Failure(QStringLiteral("service_timeout")));
    }
    plan_deadline();
}

void ControlClient::plan_deadline() {
    if (pending_.empty()) return deadline_.stop();
    qint64 first = pending_.begin()->second.deadline;
    for (const auto& [id, pending] : pending_) first = std::min(first, pending.deadline);
    deadline_.start(milliseconds(std::max<qint64>(first - clock_.elapsed(), 0)));
}

QString control_socket_path(const QString& given) {
    if (!given.isEmpty()) return given;
    const QString runtime = qEnvironmentVariable("XDG_RUNTIME_DIR");
    return runtime.isEmpty() ? QString() : runtime + QStringLiteral("/mohr/control.sock");
}

} // namespace mohr::desktop
