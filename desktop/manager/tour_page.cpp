// SPDX-License-Identifier: Apache-2.0
#include "manager/tour_page.hpp"

#include "manager/cards.hpp"
#include "manager/service_state.hpp"
#include "manager/shell.hpp"
#include "manager/tray.hpp"
#include "shared/appearance.hpp"
#include "shared/language.hpp"

#include <QAccessible>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSettings>
#include <QStandardPaths>
#include <QVBoxLayout>
#include <array>

namespace mohr::desktop {
namespace {

constexpr int picture_size = 96;

struct Step {
    const char* heading;
    const char* text;
    const char* picture;
    const char* action; ///< null: none
    const char* page;   ///< that the action opens
};
constexpr std::array steps{
    Step{QT_TRID_NOOP("manager.tour.what"), QT_TRID_NOOP("manager.tour.whatText"), "mohr", nullptr, nullptr},
    Step{QT_TRID_NOOP("manager.tour.switch"), QT_TRID_NOOP("manager.tour.switchText"), "tray-on",
         QT_TRID_NOOP("manager.tour.switchAction"), "service"},
    Step{QT_TRID_NOOP("manager.tour.prompt"), QT_TRID_NOOP("manager.tour.promptText"), "tray-asking",
         QT_TRID_NOOP("manager.settings.markButton"), "settings"},
    Step{QT_TRID_NOOP("manager.tour.token"), QT_TRID_NOOP("manager.tour.tokenText"), "tray-locked",
         QT_TRID_NOOP("main.mobileToken"), "token"},
};

QSettings settings_file() {
    return QSettings(QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation) +
                         QStringLiteral("/mohr/desktop.ini"),
                     QSettings::IniFormat);
}

} // namespace

bool tour_was_seen() {
    return settings_file().value(QStringLiteral("tourSeen"), false).toBool();
}

void remember_tour_was_seen() {
    settings_file().setValue(QStringLiteral("tourSeen"), true);
}

TourPage::TourPage(Shell& shell)
    : Page(shell), progress_(make_text(QStringLiteral("muted"))), picture_(new QLabel),
      heading_(make_text(QStringLiteral("large"))), text_(make_text()), action_(new QPushButton),
      back_(new QPushButton), skip_(new QPushButton), next_(new QPushButton) {
    set_style_class(*next_, QStringLiteral("primary"));
    auto* card = new Card;
    card->body()->setSpacing(16);
    card->body()->addWidget(progress_);
    card->body()->addWidget(picture_);
    card->body()->addWidget(heading_);
    card->body()->addWidget(text_);
    card->body()->addWidget(action_, 0, Qt::AlignLeading);
    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    row->addWidget(skip_);
    row->addStretch(1);
    row->addWidget(back_);
    row->addWidget(next_);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(16);
    column->addWidget(card);
    column->addLayout(row);
    column->addStretch(1);
    connect(back_, &QPushButton::clicked, this, [this] { show_step(step_ - 1); });
    connect(next_, &QPushButton::clicked, this, [this] { show_step(step_ + 1); });
    connect(skip_, &QPushButton::clicked, this, [this] { show_step(static_cast<int>(steps.size())); });
    connect(action_, &QPushButton::clicked, this, &TourPage::act);
    TourPage::retranslate();
}

QString TourPage::title() const {
    return qtTrId("manager.home.tour");
}

void TourPage::refresh() {
    show_step(0);
}

void TourPage::act() {
    remember_tour_was_seen();
    shell().open(QString::fromLatin1(steps.at(static_cast<std::size_t>(step_)).page));
}

void TourPage::show_step(int step) {
    if (step >= static_cast<int>(steps.size())) {
        remember_tour_was_seen();
        return shell().open(QStringLiteral("home"), QStringLiteral("after-tour"));
    }
    step_ = step;
    const Step& shown = steps.at(static_cast<std::size_t>(step));
    progress_->setText(qtTrId("manager.tour.progress")
                           .arg(number_text(step + 1), number_text(static_cast<qint64>(steps.size()))));
    picture_->setPixmap(
        QIcon(QStringLiteral(":/icons/%1.svg").arg(QLatin1String(shown.picture))).pixmap(picture_size));
    heading_->setText(qtTrId(shown.heading));
    text_->setText(qtTrId(shown.text));
    action_->setVisible(shown.action != nullptr);
    if (shown.action) action_->setText(qtTrId(shown.action));
    back_->setVisible(step > 0);
    next_->setText(step + 1 < static_cast<int>(steps.size()) ? qtTrId("wiz.next") : qtTrId("common.close"));
    QAccessibleEvent event(heading_, QAccessible::Alert);
    QAccessible::updateAccessibility(&event);
}

void TourPage::retranslate() {
    back_->setText(qtTrId("wiz.prev"));
    skip_->setText(qtTrId("manager.tour.skip"));
    show_step(step_);
}

} // namespace mohr::desktop
