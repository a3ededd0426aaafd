// SPDX-License-Identifier: Apache-2.0
#include "manager/settings_page.hpp"

#include "manager/autostart.hpp"
#include "manager/cards.hpp"
#include "manager/control_client.hpp"
#include "manager/interface_settings.hpp"
#include "manager/shell.hpp"
#include "manager/values.hpp"

#include <QCheckBox>
#include <QComboBox>
#include <QGridLayout>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QVBoxLayout>

namespace mohr::desktop {

SettingsPage::SettingsPage(Shell& shell)
    : Page(shell), look_card_(new Card), language_label_(new QLabel), language_(new QComboBox),
      theme_label_(new QLabel), theme_(new QComboBox), mark_card_(new Card), mark_text_(make_text()),
      mark_state_(make_text(QStringLiteral("muted"))), mark_(new QPushButton), start_card_(new Card),
      autostart_(new QCheckBox), permission_(new QPushButton) {
    language_->addItem(QString(), QStringLiteral("fa"));
    language_->addItem(QString(), QStringLiteral("en"));
    for (const Theme theme : {Theme::system, Theme::light, Theme::dark})
        theme_->addItem(QString(), theme_name(theme));
    language_label_->setBuddy(language_);
    theme_label_->setBuddy(theme_);
    auto* grid = new QGridLayout;
    grid->setHorizontalSpacing(16);
    grid->setColumnStretch(2, 1);
    grid->addWidget(language_label_, 0, 0);
    grid->addWidget(language_, 0, 1);
    grid->addWidget(theme_label_, 1, 0);
    grid->addWidget(theme_, 1, 1);
    look_card_->body()->addLayout(grid);
    mark_card_->body()->addWidget(mark_text_);
    mark_card_->body()->addWidget(mark_state_);
    mark_card_->body()->addWidget(mark_, 0, Qt::AlignLeading);
    start_card_->body()->addWidget(autostart_);
    start_card_->body()->addWidget(permission_, 0, Qt::AlignLeading);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(16);
    column->addWidget(look_card_);
    column->addWidget(mark_card_);
    column->addWidget(start_card_);
    column->addStretch(1);
    connect(language_, &QComboBox::activated, this, [this] {
        this->shell().settings().set_language(language_from_name(language_->currentData().toString()));
    });
    connect(theme_, &QComboBox::activated, this, [this] {
        this->shell().settings().set_theme(theme_from_name(theme_->currentData().toString()));
    });
    connect(mark_, &QPushButton::clicked, this, &SettingsPage::set_mark);
    connect(autostart_, &QCheckBox::toggled, this, [this](bool enabled) {
        if (const auto done = set_autostart(enabled); !done)
            this->shell().complain(failure_text(done.error()));
        show_settings();
    });
    connect(permission_, &QPushButton::clicked, this,
            [this] { this->shell().open(QStringLiteral("permission")); });
    connect(&shell.settings(), &InterfaceSettings::changed, this, &SettingsPage::show_settings);
    connect(&shell.settings(), &InterfaceSettings::mark_changed, this, &SettingsPage::show_settings);
    SettingsPage::retranslate();
}

QString SettingsPage::title() const {
    return qtTrId("manager.page.settings");
}

void SettingsPage::refresh() {
    show_settings();
}

void SettingsPage::show_settings() {
    language_->setCurrentIndex(language_->findData(language_name(shell().settings().language())));
    theme_->setCurrentIndex(theme_->findData(theme_name(shell().settings().theme())));
    const bool marked = shell().settings().has_mark();
    mark_state_->setText(marked ? qtTrId("manager.settings.markThere")
                                : qtTrId("manager.settings.markMissing"));
    mark_->setText(marked ? qtTrId("manager.settings.markChange") : qtTrId("manager.settings.markButton"));
    const QSignalBlocker blocker(autostart_);
    autostart_->setChecked(autostart_enabled());
}

void SettingsPage::set_mark() {
    mark_->setEnabled(false);
    RequestOptions options;
    options.limit = person_limit;
    shell().client().request(
        this, "interface.setMark", nlohmann::json::object(),
        [this](const Reply& reply) {
            mark_->setEnabled(true);
            if (reply)
                shell().say(flag_member(*reply, "mark") ? qtTrId("manager.settings.markSet")
                                                        : qtTrId("manager.settings.markMissing"));
            else if (!is_refusal(reply.error()))
                shell().complain(failure_text(reply.error()));
        },
        std::move(options));
}

void SettingsPage::retranslate() {
    look_card_->set_heading(qtTrId("manager.settings.look"));
    language_label_->setText(qtTrId("manager.settings.language"));
    language_->setItemText(0, qtTrId("lang.fa"));
    language_->setItemText(1, qtTrId("lang.en"));
    language_->setAccessibleName(qtTrId("manager.settings.language"));
    theme_label_->setText(qtTrId("manager.settings.theme"));
    theme_->setItemText(0, qtTrId("manager.settings.themeSystem"));
    theme_->setItemText(1, qtTrId("manager.settings.themeLight"));
    theme_->setItemText(2, qtTrId("manager.settings.themeDark"));
    theme_->setAccessibleName(qtTrId("manager.settings.theme"));
    mark_card_->set_heading(qtTrId("manager.op.mark"));
    mark_text_->setText(qtTrId("manager.settings.markText"));
    start_card_->set_heading(qtTrId("manager.settings.start"));
    autostart_->setText(qtTrId("manager.settings.autostart"));
    permission_->setText(qtTrId("manager.settings.permission"));
    show_settings();
}

} // namespace mohr::desktop
