// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/failure.hpp"

#include <QElapsedTimer>
#include <QObject>
#include <QString>
#include <optional>
#include <vector>

namespace mohr::desktop {

class ControlClient;

/// What the tray and the header show at a glance, worst first.
enum class Glance : std::uint8_t { trouble, off, asking, locked, on };

struct DecryptWindow {
    QString origin;
    qint64 items_left = 0;
    qint64 ends = 0; ///< of QElapsedTimer's clock of ServiceState, ms
};

struct Waiting {
    QString program;
    bool known_browser = false;
    qint64 port = 0;
    qint64 seconds = 0;
};

struct Asking {
    QString origin; ///< empty: a program of this computer
    QString kind;
    qint64 waiting = 0; ///< further ones behind it
};

/// `service.status` in Qt's types.
struct ServiceStatus {
    bool running = false;
    QString version, profile, agent, token, secret_memory;
    qint64 pid = 0, plain_port = 0, tls_port = 0, connections = 0, landlock = 0;
    bool user_blocked = false, admin_blocked = false;
    bool unlocked = false, seccomp = false, developer = false;
    std::optional<Asking> asking;
    std::vector<DecryptWindow> windows;
    std::vector<Waiting> waiting;
    QString tls_not_after; ///< ISO 8601
    bool tls_renew = false;
};

/// The core's state as this program last heard it; read again whenever the core says that it changed.
class ServiceState : public QObject {
    Q_OBJECT
public:
    explicit ServiceState(ControlClient& client, QObject* parent = nullptr);

    /// Whether the core answers.
    [[nodiscard]] bool reachable() const { return status_.has_value(); }
    /// Nothing while the core cannot be reached.
    [[nodiscard]] const std::optional<ServiceStatus>& status() const { return status_; }
    [[nodiscard]] bool running() const { return status_ && status_->running; }
    [[nodiscard]] Glance glance() const;
    /// "Dastineh: running", "Dastineh: stopped" (R14); the same for every surface that shows it.
    [[nodiscard]] QString name() const;
    /// What is behind it, in one sentence; may be empty.
    [[nodiscard]] QString explanation() const;
    /// The clock of DecryptWindow::ends.
    [[nodiscard]] qint64 now() const { return clock_.elapsed(); }

    void refresh();
    /// Opens or closes the front door. Failures come as `failed`.
    void set_running(bool running);
    void lock_token();

Q_SIGNALS:
    void changed();
    void failed(const Failure& failure);

private:
    void read_again();
    void taken(std::optional<ServiceStatus> status);

    ControlClient& client_;
    std::optional<ServiceStatus> status_;
    QElapsedTimer clock_;
    bool reading_ = false;
    bool stale_ = false; ///< changed while it was being read
};

} // namespace mohr::desktop
