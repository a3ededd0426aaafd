// SPDX-License-Identifier: Apache-2.0
#include "manager/service_state.hpp"

#include "manager/control_client.hpp"
#include "manager/values.hpp"

namespace mohr::desktop {
namespace {

using nlohmann::json;

std::optional<Asking> asking_of(const json& value) {
    if (!value.is_object()) return std::nullopt;
    return Asking{text_of(value, "origin"), text_of(value, "kind"), number_of(value, "waiting")};
}

ServiceStatus status_of(const json& value, qint64 now) {
    ServiceStatus status;
    status.running = flag_member(value, "running");
    status.version = text_of(value, "version");
    status.profile = text_of(value, "profile");
    status.agent = text_of(value, "agent");
    status.token = text_of(value, "token");
    status.secret_memory = text_of(value, "secretMemory");
    status.pid = number_of(value, "pid");
    status.plain_port = number_of(member(value, "ports"), "plain");
    status.tls_port = number_of(member(value, "ports"), "tls");
    status.connections = number_of(value, "doorConnections");
    status.landlock = number_of(member(value, "sandbox"), "landlock");
    status.seccomp = flag_member(member(value, "sandbox"), "seccomp");
    status.unlocked = flag_member(value, "unlocked");
    status.developer = flag_member(value, "developerMode");
    status.asking = asking_of(member(value, "asking"));
    status.tls_not_after = text_of(member(value, "tls"), "notAfter");
    status.tls_renew = flag_member(member(value, "tls"), "renew");
    for (const json& window : member(value, "decryptWindows"))
        status.windows.push_back({text_of(window, "origin"), number_of(window, "itemsLeft"),
                                  now + number_of(window, "secondsLeft") * 1000});
    for (const json& one : member(value, "waiting"))
        status.waiting.push_back({text_of(one, "program"), flag_member(one, "knownBrowser"),
                                  number_of(one, "port"), number_of(one, "seconds")});
    return status;
}

} // namespace

ServiceState::ServiceState(ControlClient& client, QObject* parent) : QObject(parent), client_(client) {
    clock_.start();
    connect(&client, &ControlClient::connected_changed, this, [this](bool connected) {
        if (connected) return refresh();
        status_.reset();
        Q_EMIT changed();
    });
    connect(&client, &ControlClient::notified, this, [this](const QString& method) {
        if (method == QLatin1String("service.changed") || method == QLatin1String("token.changed") ||
            method == QLatin1String("agent.changed"))
            refresh();
    });
}

void ServiceState::refresh() {
    if (!client_.connected()) return;
    if (std::exchange(reading_, true)) {
        stale_ = true;
        return;
    }
    read_again();
}

void ServiceState::read_again() {
    stale_ = false;
    client_.request(this, "service.status", [this](const Reply& status) {
        if (!status) return taken(std::nullopt);
        client_.request(this, "token.info",
                        [this, read = status_of(*status, now())](const Reply& info) mutable {
                            if (!info) return taken(std::nullopt);
                            read.user_blocked = flag_member(member(*info, "user"), "blocked");
                            read.admin_blocked = flag_member(member(*info, "admin"), "blocked");
                            taken(std::move(read));
                        });
    });
}

void ServiceState::taken(std::optional<ServiceStatus> status) {
    reading_ = false;
    status_ = std::move(status);
    Q_EMIT changed();
    if (stale_) refresh();
}

Glance ServiceState::glance() const {
    if (!status_) return Glance::trouble;
    if (!status_->running) return Glance::off;
    if (status_->asking) return Glance::asking;
    if (status_->user_blocked || status_->admin_blocked || status_->tls_renew) return Glance::trouble;
    return status_->unlocked ? Glance::on : Glance::locked;
}

QString ServiceState::name() const {
    if (!status_) return qtTrId("manager.state.unreachable");
    return running() ? qtTrId("manager.state.on") : qtTrId("manager.state.off");
}

QString ServiceState::explanation() const {
    if (!status_) return failure_text(client_.problem());
    if (!status_->running) return qtTrId("manager.state.offHint");
    if (status_->asking) return qtTrId("manager.state.asking");
    if (status_->admin_blocked) return qtTrId("M20");
    if (status_->user_blocked) return qtTrId("M19");
    if (status_->tls_renew) return qtTrId("manager.state.tlsRenew");
    if (status_->token == QLatin1String("not_activated")) return qtTrId("M03");
    if (status_->token == QLatin1String("activated")) return qtTrId("M08");
    return status_->unlocked ? qtTrId("manager.state.unlocked") : qtTrId("manager.state.locked");
}

void ServiceState::set_running(bool running) {
    client_.request(this, running ? "service.start" : "service.stop", [this](const Reply& reply) {
        if (!reply) Q_EMIT failed(reply.error());
        refresh();
    });
}

void ServiceState::lock_token() {
    client_.request(this, "token.lock", [this](const Reply& reply) {
        if (!reply) Q_EMIT failed(reply.error());
        refresh();
    });
}

} // namespace mohr::desktop
