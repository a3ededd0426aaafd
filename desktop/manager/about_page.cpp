// SPDX-License-Identifier: Apache-2.0
#include "manager/about_page.hpp"

#include "manager/cards.hpp"
#include "manager/service_state.hpp"
#include "manager/shell.hpp"

#include <QCoreApplication>
#include <QIcon>
#include <QLabel>
#include <QVBoxLayout>

namespace mohr::desktop {

AboutPage::AboutPage(Shell& shell)
    : Page(shell), name_(make_text(QStringLiteral("large"))), what_(make_text()), versions_(new Facts),
      licence_card_(new Card), licence_(make_text()) {
    auto* card = new Card;
    auto* mark = new QLabel;
    mark->setPixmap(QIcon(QStringLiteral(":/icons/mohr.svg")).pixmap(64));
    card->body()->addWidget(mark);
    card->body()->addWidget(name_);
    card->body()->addWidget(what_);
    card->body()->addWidget(versions_);
    licence_card_->body()->addWidget(licence_);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(16);
    column->addWidget(card);
    column->addWidget(licence_card_);
    column->addStretch(1);
    connect(&shell.state(), &ServiceState::changed, this, &AboutPage::show_versions);
    AboutPage::retranslate();
}

QString AboutPage::title() const {
    return qtTrId("manager.page.about");
}

void AboutPage::show_versions() {
    const auto& status = shell().state().status();
    versions_->set_ltr(0, qtTrId("manager.about.window"), QCoreApplication::applicationVersion());
    versions_->set_ltr(1, qtTrId("manager.about.service"), status ? status->version : QString());
    versions_->set_ltr(2, qtTrId("manager.about.qt"), QString::fromLatin1(qVersion()));
}

void AboutPage::retranslate() {
    name_->setText(qtTrId("app.name"));
    what_->setText(qtTrId("manager.about.what"));
    licence_card_->set_heading(qtTrId("manager.about.licences"));
    licence_->setText(qtTrId("manager.about.licence"));
    show_versions();
}

} // namespace mohr::desktop
