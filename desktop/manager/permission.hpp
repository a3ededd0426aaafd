// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/failure.hpp"

#include <QDBusPendingCall>
#include <QObject>
#include <functional>
#include <optional>

namespace mohr::desktop {

class ServiceState;

enum class UnitState : std::uint8_t { no_manager, not_installed, disabled, enabled };

/// The permission to run in the background (R10), as the system says it each time it is asked (R11); nothing is kept
/// here.
struct PermissionState {
    UnitState unit = UnitState::no_manager;
    bool running = false;   ///< the unit is active, or the core answers
    bool autostart = false; ///< this program at login

    [[nodiscard]] bool service_allowed() const;
    [[nodiscard]] bool granted() const { return service_allowed() && autostart; }
};

class Permission : public QObject {
    Q_OBJECT
public:
    explicit Permission(ServiceState& state, QObject* parent = nullptr);

    /// As it was read last; nothing before the first time.
    [[nodiscard]] const std::optional<PermissionState>& state() const { return read_; }
    void refresh();
    /// Enables the unit and the autostart entry and starts the service, without a new session.
    void grant();

Q_SIGNALS:
    void changed();
    void failed(const Failure& failure);

private:
    void read_active(UnitState unit);
    void finish(UnitState unit, bool active);
    void enable_unit();
    void start_unit();
    void start_by_hand();
    void ask_portal();
    void ensure_autostart();

    ServiceState& service_;
    std::optional<PermissionState> read_;
};

} // namespace mohr::desktop
