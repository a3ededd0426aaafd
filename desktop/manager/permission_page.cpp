// SPDX-License-Identifier: Apache-2.0
#include "manager/permission_page.hpp"

#include "manager/cards.hpp"
#include "manager/notifier.hpp"
#include "manager/permission.hpp"
#include "manager/shell.hpp"
#include "shared/appearance.hpp"

#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace mohr::desktop {
namespace {

QString yes_no(bool yes) {
    return yes ? qtTrId("manager.permission.yes") : qtTrId("manager.permission.no");
}

QString unit_text(UnitState state) {
    switch (state) {
    case UnitState::enabled:
        return qtTrId("manager.permission.yes");
    case UnitState::disabled:
        return qtTrId("manager.permission.no");
    case UnitState::not_installed:
        return qtTrId("manager.permission.notInstalled");
    case UnitState::no_manager:
        break;
    }
    return qtTrId("manager.permission.noManager");
}

} // namespace

PermissionPage::PermissionPage(Shell& shell)
    : Page(shell), run_card_(new Card), run_text_(make_text()), facts_(new Facts), grant_(new QPushButton),
      notice_card_(new Card), notice_text_(make_text()), try_(new QPushButton) {
    set_style_class(*grant_, QStringLiteral("primary"));
    run_card_->body()->addWidget(run_text_);
    run_card_->body()->addWidget(facts_);
    run_card_->body()->addWidget(grant_, 0, Qt::AlignLeading);
    notice_card_->body()->addWidget(notice_text_);
    notice_card_->body()->addWidget(try_, 0, Qt::AlignLeading);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(16);
    column->addWidget(run_card_);
    column->addWidget(notice_card_);
    column->addStretch(1);
    connect(grant_, &QPushButton::clicked, this, [this] { this->shell().permission().grant(); });
    connect(try_, &QPushButton::clicked, this, &PermissionPage::try_notification);
    connect(&shell.permission(), &Permission::changed, this, &PermissionPage::show_state);
    PermissionPage::retranslate();
}

QString PermissionPage::title() const {
    return qtTrId("manager.page.permission");
}

void PermissionPage::refresh() {
    shell().permission().refresh();
}

void PermissionPage::show_state() {
    const auto& state = shell().permission().state();
    facts_->setVisible(state.has_value());
    grant_->setVisible(state && !state->granted());
    run_text_->setText(state && state->granted() ? qtTrId("manager.permission.granted") : qtTrId("M02"));
    if (state) {
        facts_->set(0, qtTrId("manager.permission.unit"), unit_text(state->unit));
        facts_->set(1, qtTrId("manager.permission.running"), yes_no(state->running));
        facts_->set(2, qtTrId("manager.permission.autostart"), yes_no(state->autostart));
    }
    notice_text_->setText(!shown_   ? qtTrId("manager.permission.notices")
                          : *shown_ ? qtTrId("manager.permission.noticesShown")
                                    : qtTrId("manager.permission.noticesRefused"));
}

void PermissionPage::try_notification() {
    shell().notifier().try_out(
        {QStringLiteral("trial"), qtTrId("app.name"), qtTrId("manager.permission.trialText"), {}, {}, false},
        [this](bool shown) {
            shown_ = shown;
            show_state();
        });
}

void PermissionPage::retranslate() {
    run_card_->set_heading(qtTrId("manager.permission.run"));
    notice_card_->set_heading(qtTrId("manager.permission.noticesHeading"));
    grant_->setText(qtTrId("manager.permission.grant"));
    try_->setText(qtTrId("manager.permission.try"));
    show_state();
}

} // namespace mohr::desktop
