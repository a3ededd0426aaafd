// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/failure.hpp"
#include <mohr/base/bytes.hpp>
#include <mohr/base/files.hpp>
#include <mohr/protocol/control_frames.hpp>

#include <QElapsedTimer>
#include <QObject>
#include <QPointer>
#include <QSocketNotifier>
#include <QTimer>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mohr::desktop {

/// How long a request may stay without any sign of life.
inline constexpr std::chrono::milliseconds reply_limit{15'000};
/// Of one that asks the person, or works on a file: other prompts may come first.
inline constexpr std::chrono::milliseconds person_limit{600'000};

/// How a request is sent and waits.
struct RequestOptions {
    std::chrono::milliseconds limit = reply_limit; ///< `progress` of the core begins it anew
    /// Names and descriptors that travel with it; closed here once they are sent.
    std::vector<std::pair<std::string, Descriptor>> descriptors;
    std::function<void(quint64 done, quint64 total)> progress; ///< bytes
};

/// The connection to the control socket (docs/control-api.md), on Qt's event loop. It comes back by itself when
/// the core does, and is always subscribed to the core's notifications. No secret ever passes: a method that needs
/// a PIN is sent without one, and the core opens its own prompt.
class ControlClient : public QObject {
    Q_OBJECT
public:
    using RequestId = qint64;
    using Handler = std::function<void(const Reply&)>;

    explicit ControlClient(QString socket, QObject* parent = nullptr);
    ~ControlClient() override;

    /// Tries to connect now, and then again and again (0.5 s up to 10 s apart) while there is no connection.
    void start();
    [[nodiscard]] bool connected() const { return connected_; }
    /// Why there is none: service_not_running, foreign_service, connection_lost.
    [[nodiscard]] const Failure& problem() const { return problem_; }

    /// Sends a request. `handler` is called exactly once, later, from the event loop, whatever happens: with the
    /// reply, or with connection_lost or service_timeout; never if `context` is gone by then.
    RequestId request(QObject* context, std::string_view method, const nlohmann::json& params,
                      Handler handler, RequestOptions options = {});
    /// The same without parameters.
    RequestId request(QObject* context, std::string_view method, Handler handler);
    /// Asks the core to end it; the handler is still called, most likely with `cancelled`.
    void cancel(RequestId id);

Q_SIGNALS:
    void connected_changed(bool connected);
    /// service.changed, token.changed, agent.changed, activity.added, interface.changed.
    void notified(const QString& method, const nlohmann::json& params);

private:
    struct Pending {
        QPointer<QObject> context;
        Handler handler;
        std::chrono::milliseconds limit{};
        qint64 deadline = 0; ///< of clock_
        std::function<void(quint64, quint64)> progress;
    };
    struct Outgoing {
        Bytes bytes;
        std::size_t sent = 0;
        std::vector<std::pair<std::string, Descriptor>> descriptors;
    };

    void try_connect();
    void subscribe();
    void disconnect_with(const Failure& failure);
    void send(const std::string& text, std::vector<std::pair<std::string, Descriptor>> descriptors);
    void send_waiting();
    void read_ready();
    [[nodiscard]] Outcome<void> take(const std::string& text);
    void take_progress(const nlohmann::json& params);
    void finish(RequestId id, const Reply& reply);
    void later(const QPointer<QObject>& context, Handler handler, Failure failure);
    void expire();
    void plan_deadline();

    QString path_;
    Descriptor socket_;
    protocol::ControlFrameReader frames_;
    std::unique_ptr<QSocketNotifier> readable_;
    std::unique_ptr<QSocketNotifier> writable_;
    std::deque<Outgoing> outgoing_;
    std::map<RequestId, Pending> pending_;
    RequestId next_id_ = 1;
    bool connected_ = false;
    Failure problem_{QStringLiteral("service_not_running")};
    std::chrono::milliseconds retry_delay_{};
    QTimer retry_;
    QTimer deadline_;
    QElapsedTimer clock_;
};

/// `given`, else $XDG_RUNTIME_DIR/mohr/control.sock; empty where there is neither.
[[nodiscard]] QString control_socket_path(const QString& given);

} // namespace mohr::desktop
