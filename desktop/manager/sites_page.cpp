// SPDX-License-Identifier: Apache-2.0
#include "manager/sites_page.hpp"

#include "manager/cards.hpp"
#include "manager/control_client.hpp"
#include "manager/question.hpp"
#include "manager/quirks_box.hpp"
#include "manager/shell.hpp"
#include "manager/tables.hpp"
#include "manager/values.hpp"
#include "shared/appearance.hpp"
#include "shared/dates.hpp"
#include "shared/foreign_text.hpp"

#include <QComboBox>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QItemSelectionModel>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTableView>
#include <QVBoxLayout>

namespace mohr::desktop {

SitesPage::SitesPage(Shell& shell)
    : Page(shell), search_(new QLineEdit), table_(nullptr), empty_(make_text(QStringLiteral("muted"))),
      details_(new Card), origin_(make_text(QStringLiteral("title"))),
      program_(make_text(QStringLiteral("muted"))), choices_{Choice{"access", new QLabel, new QComboBox},
                                                             Choice{"listing", new QLabel, new QComboBox},
                                                             Choice{"blind", new QLabel, new QComboBox}},
      silence_(make_text()), lift_(new QPushButton), show_quirks_(new QPushButton), quirks_(new QuirksBox),
      forget_(new QPushButton) {
    found_.setSourceModel(&model_);
    found_.setFilterKeyColumn(SitesModel::origin);
    found_.setFilterCaseSensitivity(Qt::CaseInsensitive);
    table_ = make_table(found_, SitesModel::origin);
    search_->setClearButtonEnabled(true);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addWidget(search_);
    column->addWidget(empty_);
    column->addWidget(table_, 1);
    column->addWidget(make_details());
    connect(search_, &QLineEdit::textChanged, &found_, &QSortFilterProxyModel::setFilterFixedString);
    connect(table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& row) {
                const Site* site = model_.at(found_.mapToSource(row).row());
                if (site) selected_ = site->origin;
                show_details();
            });
    // Every decision about a site, here or elsewhere, is written down.
    connect(&shell.client(), &ControlClient::notified, this, [this](const QString& method) {
        if (method == QLatin1String("activity.added") && isVisible()) refresh();
    });
    SitesPage::retranslate();
}

QWidget* SitesPage::make_details() {
    auto* grid = new QGridLayout;
    grid->setHorizontalSpacing(16);
    grid->setColumnStretch(2, 1);
    for (std::size_t i = 0; i < choices_.size(); ++i) {
        Choice& choice = choices_.at(i);
        for (const char* decision : {"ask", "allow", "deny"})
            choice.box->addItem(QString(), QString::fromLatin1(decision));
        choice.label->setBuddy(choice.box);
        grid->addWidget(choice.label, static_cast<int>(i), 0);
        grid->addWidget(choice.box, static_cast<int>(i), 1);
        connect(choice.box, &QComboBox::activated, this, [this, i] { choose(choices_.at(i)); });
    }
    set_style_class(*forget_, QStringLiteral("danger"));
    connect(lift_, &QPushButton::clicked, this, &SitesPage::lift);
    connect(forget_, &QPushButton::clicked, this, &SitesPage::forget);
    show_quirks_->setCheckable(true);
    connect(show_quirks_, &QPushButton::toggled, this, &SitesPage::show_details);
    connect(quirks_, &QuirksBox::chosen, this, &SitesPage::set_quirk);
    auto* silence = new QHBoxLayout;
    silence->addWidget(silence_, 1);
    silence->addWidget(lift_);
    QVBoxLayout* body = details_->body();
    body->addWidget(origin_);
    body->addWidget(program_);
    body->addLayout(silence);
    body->addLayout(grid);
    body->addWidget(show_quirks_, 0, Qt::AlignLeading);
    body->addWidget(quirks_);
    body->addWidget(forget_, 0, Qt::AlignLeading);
    return details_;
}

QString SitesPage::title() const {
    return qtTrId("manager.page.sites");
}

void SitesPage::refresh() {
    shell().client().request(this, "site.list", [this](const Reply& reply) { take(reply); });
}

void SitesPage::take(const Reply& reply) {
    if (!reply) return shell().complain(failure_text(reply.error()));
    const QString before = selected_;
    model_.set_sites(sites_of(*reply), forgotten_);
    selected_ = before;
    const int row = model_.row_of(selected_);
    if (row >= 0) table_->setCurrentIndex(found_.mapFromSource(model_.index(row, 0)));
    empty_->setVisible(model_.rowCount() == 0);
    table_->setVisible(model_.rowCount() > 0);
    show_details();
}

const Site* SitesPage::current() const {
    return model_.at(model_.row_of(selected_));
}

void SitesPage::show_details() {
    const Site* site = current();
    details_->setVisible(site != nullptr);
    if (!site) return;
    show_foreign_ltr(*origin_, site->origin);
    program_->setVisible(!site->program.isEmpty());
    program_->setText(qtTrId("manager.site.program").arg(isolated_ltr(site->program)));
    const std::array<QString, 3> values{site->access, site->listing, site->blind};
    for (std::size_t i = 0; i < choices_.size(); ++i)
        choices_.at(i).box->setCurrentIndex(choices_.at(i).box->findData(values.at(i)));
    silence_->setVisible(site->silenced());
    lift_->setVisible(site->silenced());
    silence_->setText(site->blocked
                          ? qtTrId("manager.site.blockedText")
                          : qtTrId("manager.site.silencedText").arg(date_time_text(site->silenced_until)));
    show_quirks_->setVisible(!site->quirks.empty());
    quirks_->setVisible(!site->quirks.empty() && show_quirks_->isChecked());
    quirks_->show_quirks(site->quirks);
}

void SitesPage::choose(const Choice& choice) {
    const QString decision = choice.box->currentData().toString();
    const QString origin = selected_;
    const bool dangerous = qstrcmp(choice.member, "blind") == 0 && decision == QLatin1String("allow");
    if (!dangerous) return set_permission(origin, choice.member, decision);
    show_details(); // as it is, until the second yes
    ask(*this,
        {qtTrId("manager.site.blindWarning").arg(isolated_ltr(origin)), qtTrId("manager.site.allowBlind"),
         true},
        [this, origin] { set_permission(origin, "blind", QStringLiteral("allow")); });
}

void SitesPage::set_permission(const QString& origin, const char* member, const QString& decision) {
    shell().client().request(this, "site.set",
                             {{"origin", origin.toStdString()}, {member, decision.toStdString()}},
                             [this](const Reply& reply) { changed(reply); });
}

void SitesPage::set_quirk(const QString& key, const QString& value) {
    shell().client().request(
        this, "site.setQuirk",
        {{"origin", selected_.toStdString()}, {"key", key.toStdString()}, {"value", value.toStdString()}},
        [this](const Reply& reply) { changed(reply); });
}

void SitesPage::lift() {
    // Any decision about access ends the silence; this one is what it was.
    if (const Site* site = current()) set_permission(site->origin, "access", site->access);
}

void SitesPage::changed(const Reply& reply) {
    if (!reply) shell().complain(failure_text(reply.error()));
    refresh();
}

void SitesPage::forget() {
    const QString origin = selected_;
    if (origin.isEmpty()) return;
    shell().offer_undo(
        qtTrId("manager.site.forgotten").arg(isolated_ltr(origin)),
        [this, origin] {
            forgotten_.clear();
            shell().client().request(this, "site.forget", {{"origin", origin.toStdString()}},
                                     [this](const Reply& reply) { changed(reply); });
        },
        [this] {
            forgotten_.clear();
            refresh();
        });
    forgotten_ = origin; // after the offer, which settles an earlier one
    selected_.clear();
    refresh();
}

void SitesPage::retranslate() {
    search_->setPlaceholderText(qtTrId("manager.search"));
    search_->setAccessibleName(qtTrId("manager.search"));
    table_->setAccessibleName(qtTrId("manager.page.sites"));
    empty_->setText(qtTrId("manager.site.none"));
    const std::array names{"manager.op.access", "manager.op.listing", "manager.site.blind"};
    for (std::size_t i = 0; i < choices_.size(); ++i) {
        const Choice& choice = choices_.at(i);
        choice.label->setText(qtTrId(names.at(i)));
        choice.box->setAccessibleName(qtTrId(names.at(i)));
        for (int n = 0; n < choice.box->count(); ++n)
            choice.box->setItemText(n, permission_text(choice.box->itemData(n).toString()));
    }
    lift_->setText(qtTrId("manager.site.lift"));
    forget_->setText(qtTrId("manager.site.forget"));
    show_quirks_->setText(qtTrId("manager.site.quirks"));
    quirks_->retranslate();
    model_.retranslate();
    show_details();
}

} // namespace mohr::desktop
