// SPDX-License-Identifier: Apache-2.0
#include "manager/activity_page.hpp"

#include "manager/activity_export.hpp"
#include "manager/cards.hpp"
#include "manager/control_client.hpp"
#include "manager/shell.hpp"
#include "manager/tables.hpp"
#include "manager/values.hpp"
#include "shared/appearance.hpp"
#include "shared/dates.hpp"
#include "shared/foreign_text.hpp"
#include "shared/language.hpp"

#include <QAccessible>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QItemSelectionModel>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QStandardPaths>
#include <QTableView>
#include <QVBoxLayout>

namespace mohr::desktop {
namespace {

constexpr std::chrono::milliseconds typing_pause{300};
constexpr std::chrono::milliseconds verify_limit{60'000};
constexpr int max_query = 100;

QString problem_text(const QString& kind) {
    if (kind == QLatin1String("changed")) return qtTrId("manager.activity.changed");
    if (kind == QLatin1String("removed")) return qtTrId("manager.activity.removed");
    if (kind == QLatin1String("reordered")) return qtTrId("manager.activity.reordered");
    if (kind == QLatin1String("cut")) return qtTrId("manager.activity.cut");
    if (kind == QLatin1String("rewritten")) return qtTrId("manager.activity.rewritten");
    return qtTrId("manager.activity.malformed");
}

} // namespace

ActivityPage::ActivityPage(Shell& shell)
    : Page(shell), model_(shell.client()), search_(new QLineEdit), verify_(new QPushButton),
      export_(new QPushButton), verdict_(make_text()), empty_(make_text(QStringLiteral("muted"))),
      table_(make_table(model_, ActivityModel::who)), details_(new Card), facts_(new Facts) {
    search_->setClearButtonEnabled(true);
    search_->setMaxLength(max_query);
    verdict_->hide();
    details_->hide();
    details_->body()->addWidget(facts_);
    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    row->addWidget(search_, 1);
    row->addWidget(verify_);
    row->addWidget(export_);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addLayout(row);
    column->addWidget(verdict_);
    column->addWidget(empty_);
    column->addWidget(table_, 1);
    column->addWidget(details_);
    typing_.setSingleShot(true);
    typing_.setInterval(typing_pause);
    connect(search_, &QLineEdit::textChanged, &typing_, qOverload<>(&QTimer::start));
    connect(&typing_, &QTimer::timeout, this, [this] { model_.load(search_->text()); });
    connect(verify_, &QPushButton::clicked, this, &ActivityPage::verify);
    connect(export_, &QPushButton::clicked, this, &ActivityPage::choose_file);
    connect(table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            &ActivityPage::show_details);
    connect(&model_, &ActivityModel::modelReset, this, &ActivityPage::show_details);
    connect(&model_, &ActivityModel::loaded, this, [this] { empty_->setVisible(model_.rowCount() == 0); });
    connect(&model_, &ActivityModel::failed, this,
            [this](const Failure& failure) { this->shell().complain(failure_text(failure)); });
    connect(&shell.client(), &ControlClient::notified, this, [this](const QString& method) {
        if (method == QLatin1String("activity.added") && isVisible()) model_.load_newer();
    });
    ActivityPage::retranslate();
}

QString ActivityPage::title() const {
    return qtTrId("manager.page.activity");
}

void ActivityPage::refresh() {
    model_.load(search_->text());
}

void ActivityPage::show_details() {
    const ActivityEntry* entry = model_.at(table_->currentIndex().row());
    details_->setVisible(entry != nullptr);
    if (!entry) return;
    details_->set_heading(operation_text(entry->operation));
    facts_->set(0, qtTrId("manager.activity.time"), date_time_text(entry->time));
    facts_->set(1, qtTrId("manager.activity.who"), entry->who());
    facts_->set_ltr(2, qtTrId("manager.activity.program"), entry->program);
    facts_->set(3, qtTrId("manager.activity.decision"), decision_text(entry->decision));
    facts_->set_ltr(4, qtTrId("manager.activity.detail"), entry->detail);
    facts_->set_ltr(5, qtTrId("manager.activity.certificate"), entry->certificate);
    facts_->set(6, qtTrId("manager.activity.blind"),
                entry->blind ? qtTrId("manager.permission.yes") : QString());
    show_documents(*entry);
}

void ActivityPage::show_documents(const ActivityEntry& entry) {
    constexpr std::size_t shown = 20; // all of them are in the exported file
    QStringList lines;
    for (std::size_t i = 0; i < entry.documents.size() && i < shown; ++i)
        lines += entry.documents[i].name + QStringLiteral("  ") + entry.documents[i].digest;
    facts_->set_ltr(7, qtTrId("manager.activity.documents").arg(entry.digest_algorithm),
                    lines.join(QStringLiteral("   ")));
    const qint64 more = static_cast<qint64>(entry.documents.size()) - static_cast<qint64>(lines.size());
    facts_->set(8, QString(), more > 0 ? qtTrId("manager.activity.more").arg(number_text(more)) : QString());
}

void ActivityPage::verify() {
    verify_->setEnabled(false);
    set_style_class(*verdict_, QStringLiteral("muted"));
    verdict_->setText(qtTrId("manager.activity.verifying"));
    verdict_->show();
    RequestOptions options;
    options.limit = verify_limit;
    shell().client().request(
        this, "log.verify", nlohmann::json::object(), [this](const Reply& reply) { show_verdict(reply); },
        std::move(options));
}

void ActivityPage::show_verdict(const Reply& reply) {
    verify_->setEnabled(true);
    if (!reply) {
        verdict_->hide();
        return shell().complain(failure_text(reply.error()));
    }
    const bool intact = flag_member(*reply, "intact");
    const nlohmann::json& problem = member(*reply, "problem");
    set_style_class(*verdict_, intact ? QStringLiteral("card") : QStringLiteral("notice-danger"));
    verdict_->setContentsMargins(8, 8, 8, 8);
    verdict_->setText(
        intact ? qtTrId("manager.activity.intact").arg(number_text(number_of(*reply, "entries")))
               : qtTrId("manager.activity.broken")
                     .arg(problem_text(text_of(problem, "kind")), number_text(number_of(problem, "line")),
                          isolated_ltr(text_of(problem, "file"))));
    QAccessibleEvent event(verdict_, QAccessible::Alert);
    QAccessible::updateAccessibility(&event);
}

void ActivityPage::choose_file() {
    auto* dialog = new QFileDialog(this, qtTrId("manager.activity.export"),
                                   QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    const QString json = qtTrId("manager.activity.jsonLines") + QStringLiteral(" (*.jsonl)");
    const QString csv = qtTrId("manager.activity.csv") + QStringLiteral(" (*.csv)");
    dialog->setNameFilters({json, csv});
    dialog->setDefaultSuffix(QStringLiteral("jsonl"));
    dialog->selectFile(QStringLiteral("mohr-activity.jsonl"));
    connect(dialog, &QFileDialog::filterSelected, dialog, [dialog, csv](const QString& filter) {
        dialog->setDefaultSuffix(filter == csv ? QStringLiteral("csv") : QStringLiteral("jsonl"));
    });
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) {
        const bool csv_wanted = path.endsWith(QLatin1String(".csv"), Qt::CaseInsensitive);
        write_file(path, csv_wanted ? ExportFormat::csv : ExportFormat::json_lines);
    });
    dialog->open();
}

void ActivityPage::write_file(const QString& path, ExportFormat format) {
    export_->setEnabled(false);
    export_activity(shell().client(), this, path, format, [this, path](const Outcome<qint64>& done) {
        export_->setEnabled(true);
        if (!done) return shell().complain(failure_text(done.error()));
        shell().say(qtTrId("manager.activity.exported").arg(number_text(*done), isolated_ltr(path)));
    });
}

void ActivityPage::retranslate() {
    search_->setPlaceholderText(qtTrId("manager.search"));
    search_->setAccessibleName(qtTrId("manager.search"));
    table_->setAccessibleName(qtTrId("manager.page.activity"));
    verify_->setText(qtTrId("manager.activity.verify"));
    export_->setText(qtTrId("manager.activity.exportButton"));
    empty_->setText(qtTrId("manager.activity.none"));
    verdict_->hide(); // it was said in the other language
    model_.retranslate();
    show_details();
}

} // namespace mohr::desktop
