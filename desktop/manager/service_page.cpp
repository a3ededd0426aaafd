// SPDX-License-Identifier: Apache-2.0
#include "manager/service_page.hpp"

#include "manager/cards.hpp"
#include "manager/control_client.hpp"
#include "manager/durations.hpp"
#include "manager/permission.hpp"
#include "manager/service_state.hpp"
#include "manager/shell.hpp"
#include "manager/tray.hpp"
#include "manager/values.hpp"
#include "shared/appearance.hpp"
#include "shared/dates.hpp"
#include "shared/foreign_text.hpp"
#include "shared/language.hpp"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>
#include <array>

namespace mohr::desktop {
namespace {

constexpr int picture_size = 40;

/// "AB:CD:…": as other programs show a fingerprint.
QString fingerprint_text(const QString& hex) {
    QString out;
    for (qsizetype i = 0; i < hex.size(); ++i) {
        if (i > 0 && i % 2 == 0) out += QLatin1Char(':');
        out += hex[i].toUpper();
    }
    return out;
}

QString agent_text(const QString& agent) {
    if (agent == QLatin1String("window")) return qtTrId("manager.service.agentWindow");
    if (agent == QLatin1String("terminal")) return qtTrId("manager.service.agentTerminal");
    if (agent == QLatin1String("scripted")) return qtTrId("manager.service.agentScripted");
    return qtTrId("manager.service.agentNone");
}

} // namespace

ServicePage::ServicePage(Shell& shell)
    : Page(shell), permission_card_(new Card), permission_text_(make_text()),
      permission_button_(new QPushButton), state_card_(new Card), picture_(new QLabel),
      state_(make_text(QStringLiteral("large"))), explanation_(make_text(QStringLiteral("muted"))),
      toggle_(new QPushButton), facts_(new Facts), waiting_card_(new Card), waiting_(make_text()),
      windows_card_(new Card), windows_(new QVBoxLayout), tls_card_(new Card), tls_facts_(new Facts),
      tls_hint_(make_text(QStringLiteral("muted"))), doctor_(make_text(QStringLiteral("muted"))) {
    permission_card_->body()->addWidget(permission_text_);
    permission_card_->body()->addWidget(permission_button_, 0, Qt::AlignLeading);
    auto* head = new QHBoxLayout;
    head->setSpacing(16);
    head->addWidget(picture_);
    head->addWidget(state_, 1);
    state_card_->body()->addLayout(head);
    state_card_->body()->addWidget(explanation_);
    state_card_->body()->addWidget(toggle_, 0, Qt::AlignLeading);
    state_card_->body()->addWidget(facts_);
    waiting_card_->body()->addWidget(waiting_);
    windows_card_->body()->addLayout(windows_);
    tls_card_->body()->addWidget(tls_facts_);
    tls_card_->body()->addWidget(tls_hint_);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(16);
    for (QWidget* widget : std::array<QWidget*, 6>{permission_card_, state_card_, waiting_card_,
                                                   windows_card_, tls_card_, doctor_})
        column->addWidget(widget);
    column->addStretch(1);
    tick_.setInterval(std::chrono::seconds(1));
    connect(&tick_, &QTimer::timeout, this, &ServicePage::count_down);
    connect(toggle_, &QPushButton::clicked, this, [this] { this->shell().toggle_service(); });
    connect(permission_button_, &QPushButton::clicked, this,
            [this] { this->shell().open(QStringLiteral("permission")); });
    connect(&shell.state(), &ServiceState::changed, this, &ServicePage::show_state);
    connect(&shell.permission(), &Permission::changed, this, &ServicePage::show_state);
    ServicePage::retranslate();
}

QString ServicePage::title() const {
    return qtTrId("manager.page.service");
}

void ServicePage::refresh() {
    shell().state().refresh();
    shell().permission().refresh();
    shell().client().request(this, "tls.status", [this](const Reply& reply) { take_tls(reply); });
}

void ServicePage::take_tls(const Reply& reply) {
    tls_name_ = reply ? text_of(*reply, "name") : QString();
    tls_fingerprint_ = reply ? text_of(*reply, "fingerprint") : QString();
    tls_until_ = reply ? text_of(*reply, "notAfter") : QString();
    tls_renew_ = reply && flag_member(*reply, "renew");
    show_tls();
}

void ServicePage::show_tls() {
    tls_facts_->set_ltr(0, qtTrId("manager.service.tlsRoot"), tls_name_);
    tls_facts_->set_ltr(1, qtTrId("manager.service.tlsFingerprint"), fingerprint_text(tls_fingerprint_));
    tls_facts_->set(2, qtTrId("manager.service.tlsUntil"),
                    tls_until_.isEmpty() ? QString() : date_text(tls_until_));
    tls_hint_->setText(tls_renew_ ? qtTrId("manager.state.tlsRenew") : qtTrId("manager.service.tlsHint"));
}

void ServicePage::show_state() {
    const ServiceState& service = shell().state();
    const auto& permission = shell().permission().state();
    permission_card_->setVisible(permission && !permission->granted());
    picture_->setPixmap(tray_icon(service.glance()).pixmap(picture_size));
    state_->setText(service.name());
    explanation_->setText(service.explanation());
    toggle_->setText(service.running() ? qtTrId("manager.switch.off") : qtTrId("manager.switch.on"));
    toggle_->setEnabled(service.reachable());
    set_style_class(*toggle_, service.running() ? QString() : QStringLiteral("primary"));
    const auto& status = service.status();
    facts_->setVisible(status.has_value());
    if (status) {
        const QString ports = QStringLiteral("ws://127.0.0.1:%1   wss://localhost:%2")
                                  .arg(status->plain_port)
                                  .arg(status->tls_port);
        facts_->set_ltr(0, qtTrId("manager.service.addresses"), status->running ? ports : QString());
        facts_->set(1, qtTrId("manager.service.connections"), number_text(status->connections));
        facts_->set(2, qtTrId("manager.service.agent"), agent_text(status->agent));
        facts_->set_ltr(3, qtTrId("manager.service.version"), status->version);
        facts_->set_ltr(4, qtTrId("manager.service.profile"), status->profile);
    }
    show_waiting();
    show_windows();
}

void ServicePage::show_waiting() {
    const auto& status = shell().state().status();
    QStringList lines;
    if (status)
        for (const Waiting& one : status->waiting)
            lines += qtTrId("manager.service.waitingLine")
                         .arg(isolated_ltr(one.program), duration_text(one.seconds));
    waiting_card_->setVisible(!lines.isEmpty());
    waiting_->setText(lines.join(QLatin1Char('\n')) + QLatin1Char('\n') +
                      qtTrId("manager.service.waitingHint"));
}

void ServicePage::show_windows() {
    while (QLayoutItem* item = windows_->takeAt(0)) {
        if (QWidget* widget = item->widget()) {
            widget->hide();
            widget->deleteLater();
        }
        delete item;
    }
    window_rows_.clear();
    const auto& status = shell().state().status();
    if (status)
        for (const DecryptWindow& window : status->windows) {
            auto* row = new QWidget;
            auto* text = make_text();
            auto* end = new QPushButton(qtTrId("manager.window.end"));
            set_style_class(*end, QStringLiteral("danger"));
            end->setAccessibleName(qtTrId("manager.window.endOf").arg(window.origin));
            connect(end, &QPushButton::clicked, this, [this, origin = window.origin] { end_window(origin); });
            auto* line = new QHBoxLayout(row);
            line->setContentsMargins(0, 0, 0, 0);
            line->addWidget(text, 1);
            line->addWidget(end);
            windows_->addWidget(row);
            window_rows_.push_back({window.origin, text});
        }
    windows_card_->setVisible(!window_rows_.empty());
    count_down();
}

void ServicePage::count_down() {
    const ServiceState& service = shell().state();
    bool over = false;
    if (const auto& status = service.status())
        for (const DecryptWindow& window : status->windows)
            for (const WindowRow& row : window_rows_) {
                if (row.origin != window.origin) continue;
                const qint64 seconds = std::max<qint64>((window.ends - service.now() + 999) / 1000, 0);
                row.text->setText(qtTrId("manager.window.row")
                                      .arg(isolated_ltr(row.origin), number_text(window.items_left),
                                           duration_text(seconds)));
                over = over || seconds == 0;
            }
    if (over || window_rows_.empty() || !isVisible())
        tick_.stop();
    else if (!tick_.isActive())
        tick_.start();
    if (over) shell().state().refresh();
}

void ServicePage::end_window(const QString& origin) {
    shell().client().request(this, "site.endWindow", {{"origin", origin.toStdString()}},
                             [this](const Reply& reply) {
                                 if (!reply) shell().complain(failure_text(reply.error()));
                                 shell().state().refresh();
                             });
}

void ServicePage::showEvent(QShowEvent* event) {
    Page::showEvent(event);
    count_down();
}

void ServicePage::hideEvent(QHideEvent* event) {
    Page::hideEvent(event);
    tick_.stop();
}

void ServicePage::retranslate() {
    permission_text_->setText(qtTrId("M02"));
    permission_button_->setText(qtTrId("svc.openSettings"));
    waiting_card_->set_heading(qtTrId("manager.service.waiting"));
    windows_card_->set_heading(qtTrId("manager.op.window"));
    tls_card_->set_heading(qtTrId("manager.op.tls"));
    doctor_->setText(qtTrId("manager.service.doctor"));
    show_tls();
    show_state();
}

} // namespace mohr::desktop
