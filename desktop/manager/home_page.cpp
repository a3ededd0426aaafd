// SPDX-License-Identifier: Apache-2.0
#include "manager/home_page.hpp"

#include "manager/look.hpp"
#include "manager/service_state.hpp"
#include "manager/shell.hpp"
#include "shared/appearance.hpp"

#include <QIcon>
#include <QLabel>
#include <QVBoxLayout>

namespace mohr::desktop {

HomePage::HomePage(Shell& shell)
    : Page(shell), intro_(new QLabel), mobile_token_(new LinkCard(QIcon(QStringLiteral(":/icons/mohr.svg")))),
      tour_(new QPushButton) {
    intro_->setWordWrap(true);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(16);
    column->addWidget(intro_);
    column->addWidget(mobile_token_);
    column->addStretch(1);
    column->addWidget(tour_, 0, Qt::AlignLeading);
    connect(mobile_token_, &QPushButton::clicked, this,
            [this] { this->shell().open(QStringLiteral("token")); });
    connect(tour_, &QPushButton::clicked, this, [this] { this->shell().open(QStringLiteral("tour")); });
    HomePage::retranslate();
}

QString HomePage::title() const {
    return qtTrId("manager.page.home");
}

void HomePage::perform(const QString& verb, const QStringList&) {
    const auto& status = shell().state().status();
    if (verb == QLatin1String("after-tour") && status && status->token == QLatin1String("activated"))
        shell().open(QStringLiteral("token"), QStringLiteral("offer-reset"));
}

void HomePage::retranslate() {
    intro_->setText(qtTrId("manager.home.intro"));
    mobile_token_->set_texts(qtTrId("main.mobileToken"), qtTrId("manager.home.mobileTokenHint"));
    tour_->setText(qtTrId("manager.home.tour"));
}

} // namespace mohr::desktop
