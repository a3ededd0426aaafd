// SPDX-License-Identifier: Apache-2.0
#include "manager/certificate_page.hpp"

#include "manager/certificate_details.hpp"
#include "manager/certificate_import.hpp"
#include "manager/key_request.hpp"
#include "manager/question.hpp"
#include "manager/request_sheets.hpp"
#include "manager/shell.hpp"
#include "manager/values.hpp"
#include "shared/appearance.hpp"
#include "shared/foreign_text.hpp"
#include "shared/language.hpp"

#include <nlohmann/json.hpp>

#include <QDragEnterEvent>
#include <QDropEvent>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLineEdit>
#include <QMimeData>
#include <QPushButton>
#include <QStackedLayout>
#include <QTableView>

namespace mohr::desktop {
namespace {

constexpr int gap = 8;
constexpr int wide_gap = 16;
constexpr int table_height = 280;
constexpr int row_height = 40;
constexpr int min_column_width = 72;
constexpr int min_name_width = 120;
constexpr int narrow_page =
    680; ///< below it names would be cut to nothing: the table scrolls sideways instead

QStringList local_files(const QMimeData& data) {
    QStringList out;
    for (const QUrl& url : data.urls())
        if (url.isLocalFile()) out << url.toLocalFile();
    return out;
}

} // namespace

CertificatePage::CertificatePage(Shell& shell)
    : Page(shell), model_(new CertificateModel(this)), search_(new CertificateSearch(this)),
      stack_(new QStackedLayout(this)) {
    setAcceptDrops(true);
    search_->setSourceModel(model_);
    details_ = new CertificateDetails(this);
    stack_->addWidget(make_list());
    stack_->addWidget(details_);
    connect(details_, &CertificateDetails::left, this, &CertificatePage::show_list);
    connect(details_, &CertificateDetails::removal_wanted, this, &CertificatePage::remove);
    connect(details_, &CertificateDetails::request_wanted, this, &CertificatePage::request_again);
    connect(details_, &CertificateDetails::import_wanted, this, &CertificatePage::choose_import);
    connect(details_, &CertificateDetails::told, this,
            [this](const QString& text) { this->shell().say(text); });
    connect(details_, &CertificateDetails::failed, this,
            [this](const QString& text) { this->shell().complain(text); });
    connect(&this->shell().client(), &ControlClient::notified, this,
            [this](const QString& method, const nlohmann::json&) {
                if (method == QLatin1String("token.changed")) refresh();
            });
    CertificatePage::retranslate();
}

QString CertificatePage::title() const {
    return qtTrId("cert.management");
}

QWidget* CertificatePage::make_list() {
    auto* list = new QWidget(this);
    search_field_ = new QLineEdit(list);
    search_field_->setClearButtonEnabled(true);
    new_ = new QPushButton(icon_named(QStringLiteral("certificate-new")), {}, list);
    import_ = new QPushButton(list);
    open_ = new QPushButton(list);
    auto* tools = new QHBoxLayout;
    tools->setSpacing(gap);
    tools->addWidget(search_field_, 1);
    tools->addWidget(open_);
    tools->addWidget(import_);
    tools->addWidget(new_);
    busy_ = new Busy(list);
    make_table();
    empty_ = text_label(list, QStringLiteral("muted"));
    empty_->setAlignment(Qt::AlignCenter);
    ways_ = text_label(list, QStringLiteral("muted"));
    auto* column = new QVBoxLayout(list);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(wide_gap);
    column->addLayout(tools);
    column->addWidget(busy_);
    column->addWidget(table_, 1);
    column->addWidget(empty_);
    column->addWidget(ways_);
    connect(search_field_, &QLineEdit::textChanged, this, [this](const QString& text) {
        search_->look_for(text);
        show_empty();
    });
    connect(new_, &QPushButton::clicked, this, &CertificatePage::begin_new_key);
    connect(import_, &QPushButton::clicked, this, &CertificatePage::choose_import);
    connect(open_, &QPushButton::clicked, this, [this] { show_details(selected()); });
    return list;
}

void CertificatePage::make_table() {
    table_ = new QTableView(this);
    table_->setModel(search_);
    table_->setSelectionBehavior(QAbstractItemView::SelectRows);
    table_->setSelectionMode(QAbstractItemView::SingleSelection);
    table_->setEditTriggers(QAbstractItemView::NoEditTriggers);
    table_->setTabKeyNavigation(false);
    table_->setDragEnabled(true);
    table_->setDragDropMode(QAbstractItemView::DragOnly);
    table_->setShowGrid(false);
    table_->setSortingEnabled(true);
    table_->sortByColumn(CertificateModel::state, Qt::AscendingOrder);
    table_->setMinimumHeight(table_height);
    table_->setIconSize({20, 20});
    table_->setWordWrap(false);
    table_->setTextElideMode(Qt::ElideMiddle);
    table_->verticalHeader()->hide();
    table_->verticalHeader()->setDefaultSectionSize(row_height);
    QHeaderView* header = table_->horizontalHeader();
    header->setHighlightSections(false);
    header->setDefaultAlignment(Qt::AlignLeading | Qt::AlignVCenter);
    header->setSectionResizeMode(QHeaderView::ResizeToContents);
    // Names of people and of authorities share what the others leave, cut in their middle; the whole stands in the tooltip.
    for (const int column : {CertificateModel::name, CertificateModel::issuer})
        header->setSectionResizeMode(column, QHeaderView::Stretch);
    connect(table_, &QTableView::activated, this, [this] { show_details(selected()); });
    connect(table_->selectionModel(), &QItemSelectionModel::selectionChanged, this,
            [this] { open_->setEnabled(!selected().isEmpty()); });
    connect(search_, &QAbstractItemModel::modelReset, this, [this] { open_->setEnabled(false); });
}

void CertificatePage::resizeEvent(QResizeEvent* event) {
    Page::resizeEvent(event);
    const int least = width() < narrow_page ? min_name_width : min_column_width;
    table_->horizontalHeader()->setMinimumSectionSize(least);
}

void CertificatePage::retranslate() {
    search_field_->setPlaceholderText(qtTrId("certificate.search"));
    search_field_->setAccessibleName(qtTrId("certificate.search"));
    new_->setText(qtTrId("certificate.new"));
    import_->setText(qtTrId("certificate.import"));
    open_->setText(qtTrId("certificate.details"));
    open_->setEnabled(!selected().isEmpty());
    table_->setAccessibleName(qtTrId("cert.management"));
    ways_->setText(qtTrId("certificate.ways"));
    model_->retranslate();
    show_empty();
}

void CertificatePage::show_empty() {
    const bool none = search_->rowCount() == 0;
    table_->setVisible(!none);
    empty_->setVisible(none);
    empty_->setText(model_->rowCount() == 0 ? qtTrId("certificate.none") : qtTrId("certificate.noneFound"));
}

void CertificatePage::refresh() {
    shell().client().request(this, "key.list", [this](const Reply& reply) {
        if (reply) take(*reply);
    });
}

void CertificatePage::take(const nlohmann::json& key_list) {
    const QString kept = selected();
    model_->set_entries(certificate_entries(key_list));
    for (int row = 0; row < search_->rowCount() && !kept.isEmpty(); ++row)
        if (model_->at(search_->mapToSource(search_->index(row, 0)).row()).id == kept) table_->selectRow(row);
    show_empty();
    if (stack_->currentWidget() != details_) return;
    const CertificateEntry* shown = model_->find(details_->id());
    if (shown != nullptr)
        details_->show_entry(*shown);
    else
        show_list();
}

void CertificatePage::perform(const QString& verb, const QStringList&) {
    if (verb == QLatin1String("new")) begin_new_key();
}

QString CertificatePage::selected() const {
    const QModelIndexList rows = table_->selectionModel()->selectedRows();
    return rows.isEmpty() ? QString() : model_->at(search_->mapToSource(rows.first()).row()).id;
}

void CertificatePage::show_details(const QString& id) {
    const CertificateEntry* entry = model_->find(id);
    if (entry == nullptr) return;
    details_->show_entry(*entry);
    stack_->setCurrentWidget(details_);
    details_->setFocus();
}

void CertificatePage::show_list() {
    stack_->setCurrentIndex(0);
    table_->setFocus();
}

void CertificatePage::ask_core(const char* method, const nlohmann::json& params,
                               std::function<void(const nlohmann::json&)> on_done) {
    if (running_ != 0) return;
    RequestOptions options;
    options.limit = person_limit;
    running_ = shell().client().request(
        this, method, params,
        [this, on_done = std::move(on_done)](const Reply& reply) {
            running_ = 0;
            busy_->end();
            refresh();
            if (reply) return on_done(*reply);
            to_import_.clear();
            if (is_refusal(reply.error())) return shell().say(qtTrId("token.nothingChanged"));
            shell().complain(failure_text(reply.error()));
        },
        std::move(options));
    show_list();
    busy_->begin([] { return qtTrId("token.waiting"); }, [this] { shell().client().cancel(running_); });
}

void CertificatePage::begin_new_key() {
    auto* sheet = new RequestSheet(window(), {});
    connect(sheet, &QDialog::accepted, this, [this, sheet] {
        ask_core("key.generate", to_params(sheet->request()),
                 [this](const nlohmann::json& result) { show_request(result); });
    });
    sheet->open();
}

void CertificatePage::request_again(const QString& id) {
    auto* sheet = new RequestSheet(window(), id);
    connect(sheet, &QDialog::accepted, this, [this, sheet] {
        ask_core("key.request", to_params(sheet->request()),
                 [this](const nlohmann::json& result) { show_request(result); });
    });
    sheet->open();
}

void CertificatePage::show_request(const nlohmann::json& result) {
    auto* sheet = new RequestResultSheet(window(), result);
    connect(sheet, &RequestResultSheet::told, this, [this](const QString& text) { shell().say(text); });
    connect(sheet, &RequestResultSheet::failed, this,
            [this](const QString& text) { shell().complain(text); });
    sheet->open();
}

void CertificatePage::choose_import() {
    ask_for_files(window(), qtTrId("certificate.import"), qtTrId("certificate.import.filter"), true,
                  [this](const QStringList& paths) { import_files(paths); });
}

void CertificatePage::import_files(const QStringList& paths) {
    to_import_ += paths;
    import_next();
}

void CertificatePage::import_next() {
    if (to_import_.isEmpty() || running_ != 0) return;
    const QString path = to_import_.takeFirst();
    auto file = read_import_file(path, model_->entries());
    if (!file) return shell().complain(import_problem_text(file.error(), path));
    ask_core(file->method, std::move(file->params), [this](const nlohmann::json& object) {
        shell().say(qtTrId("certificate.imported").arg(isolated(text_of(object, "commonName"))));
        import_next();
    });
}

void CertificatePage::remove(const QString& id) {
    const CertificateEntry* entry = model_->find(id);
    if (entry == nullptr) return;
    const QString name = isolated(entry_name(*entry));
    const QString text = entry->certificate ? qtTrId("certificate.remove.ask").arg(name)
                                            : qtTrId("certificate.remove.askKey").arg(name);
    ask(*window(), {text, qtTrId("certificate.remove"), true}, [this, id, name] {
        model_->hide(id);
        show_list();
        show_empty();
        shell().offer_undo(
            qtTrId("certificate.remove.soon").arg(name), [this, id] { remove_now(id); },
            [this, id] {
                model_->show_again(id);
                show_empty();
            });
    });
}

void CertificatePage::remove_now(const QString& id) {
    RequestOptions options;
    options.limit = person_limit;
    shell().client().request(
        this, "certificate.remove", {{"id", id.toStdString()}},
        [this, id](const Reply& reply) {
            model_->show_again(id); // the list that follows does not have it any more, if it is gone
            refresh();
            if (reply) return shell().say(qtTrId("certificate.remove.done"));
            if (is_refusal(reply.error())) return shell().say(qtTrId("certificate.remove.kept"));
            shell().complain(failure_text(reply.error()));
        },
        std::move(options));
}

void CertificatePage::dragEnterEvent(QDragEnterEvent* event) {
    if (!local_files(*event->mimeData()).isEmpty() && event->source() == nullptr)
        event->acceptProposedAction();
}

void CertificatePage::dropEvent(QDropEvent* event) {
    import_files(local_files(*event->mimeData()));
}

} // namespace mohr::desktop
