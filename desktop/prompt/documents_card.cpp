// SPDX-License-Identifier: Apache-2.0
#include "prompt/documents_card.hpp"

#include "prompt/preview_pane.hpp"
#include "prompt/wording.hpp"
#include "shared/appearance.hpp"
#include "shared/foreign_text.hpp"
#include "shared/language.hpp"

#include <QAbstractTableModel>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QStringList>
#include <QTextEdit>
#include <QTreeView>
#include <QVBoxLayout>
#include <algorithm>

namespace mohr::desktop {
namespace {

using protocol::Prompt;
constexpr int list_height = 176;
constexpr int text_height = 140;
constexpr std::uint64_t max_previewed_bytes = 16 * 1024 * 1024; ///< docs/link.md

/// A batch, row by row; texts are made as they are drawn.
class DocumentModel : public QAbstractTableModel {
public:
    DocumentModel(const std::vector<Prompt::Document>& documents, QObject* parent)
        : QAbstractTableModel(parent), documents_(documents) {}

    [[nodiscard]] int rowCount(const QModelIndex& parent) const override {
        return parent.isValid() ? 0 : static_cast<int>(documents_.size());
    }
    [[nodiscard]] int columnCount(const QModelIndex&) const override { return 3; }
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override {
        const auto& document = documents_.at(static_cast<std::size_t>(index.row()));
        const bool text = role == Qt::DisplayRole || role == Qt::AccessibleTextRole;
        if (index.column() == 1 && (text || role == Qt::ToolTipRole))
            return isolated(from_utf8(document.name));
        if (index.column() == 0 && text) return number_text(index.row() + 1);
        if (index.column() == 2 && text) return document.size ? size_text(*document.size) : QString();
        return {};
    }
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation, int role) const override {
        if (role != Qt::DisplayRole) return {};
        const std::array<const char*, 3> names{"prompt.document.number", "prompt.document.name",
                                               "prompt.document.size"};
        return qtTrId(names.at(static_cast<std::size_t>(section)));
    }

private:
    const std::vector<Prompt::Document>& documents_;
};

QWidget* make_text(const QString& text, QWidget* parent) {
    auto* const view = new QTextEdit(parent);
    view->setAcceptRichText(false);
    view->setLayoutDirection(text.isRightToLeft() ? Qt::RightToLeft : Qt::LeftToRight); // the text's own
    view->setPlainText(visible_lines(text));
    view->setReadOnly(true);
    view->setTabChangesFocus(true);
    view->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    view->setAccessibleName(qtTrId("prompt.preview"));
    view->setFixedHeight(text_height);
    return view;
}

QLabel* foreign_line(const QString& text, const char* style, QWidget* parent, bool ltr) {
    auto* const line = make_line(QString(), style, parent);
    ltr ? show_foreign_ltr(*line, text) : show_foreign(*line, text);
    make_selectable(*line);
    return line;
}

/// The document as mohr-preview draws it; without a descriptor its beginning, or why it cannot be shown.
QWidget* make_preview(const Prompt::Document& document, const Previews& previews, bool signs, bool blind,
                      QWidget* parent) {
    const auto found = previews.find(document.preview_descriptor);
    if (found != previews.end() && document.size)
        return new PreviewPane({found->second.get(), document.preview_offset, *document.size},
                               from_utf8(document.media_type), from_utf8(document.name), parent);
    if (!document.preview.empty()) return make_text(from_utf8(document.preview), parent);
    if (blind || !signs) return nullptr; // the notice says it; or there is nothing that could be shown
    const bool large = document.size.value_or(0) > max_previewed_bytes;
    return make_line(qtTrId(large ? "prompt.preview.large" : "prompt.noPreview"), "muted", parent);
}

} // namespace

DocumentsCard::DocumentsCard(const Prompt& prompt, const Previews& previews, PreviewPlace place,
                             QWidget* parent)
    : Card(parent), documents_(prompt.documents), previews_(previews),
      signs_(prompt.kind == Prompt::Kind::sign), blind_(prompt.blind), detail_column_(&column()),
      preview_column_(&column()) {
    if (documents_.size() > 1) {
        column().addWidget(make_line(documents_text(prompt), "title", this));
        if (place == PreviewPlace::beside) {
            auto* const halves = new QHBoxLayout;
            halves->setSpacing(16);
            detail_column_ = new QVBoxLayout;
            preview_column_ = new QVBoxLayout;
            halves->addLayout(detail_column_, 1);
            halves->addLayout(preview_column_, 1);
            column().addLayout(halves);
        }
        add_list(prompt, *detail_column_);
    }
    show_document(0);
}

void DocumentsCard::add_list(const Prompt& prompt, QVBoxLayout& column) {
    auto* const list = new QTreeView(this);
    list->setModel(new DocumentModel(documents_, list));
    list->setRootIsDecorated(false);
    list->setUniformRowHeights(true);
    list->setAlternatingRowColors(true);
    list->setAllColumnsShowFocus(true);
    list->setTextElideMode(Qt::ElideMiddle);
    list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    list->setTabKeyNavigation(false);
    list->setAccessibleName(documents_text(prompt));
    list->setFixedHeight(list_height);
    list->header()->setSectionsMovable(false);
    list->header()->setStretchLastSection(false);
    list->header()->setSectionResizeMode(0, QHeaderView::Fixed);
    list->header()->setSectionResizeMode(1, QHeaderView::Stretch);
    list->header()->setSectionResizeMode(2, QHeaderView::Fixed);
    list->header()->resizeSection(0, 56);
    list->header()->resizeSection(2, 120);
    list->setCurrentIndex(list->model()->index(0, 0));
    column.addWidget(list);
    connect(list->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& index) { show_document(static_cast<std::size_t>(index.row())); });
}

void DocumentsCard::show_document(std::size_t index) {
    const Prompt::Document& document = documents_.at(index);
    delete detail_;
    delete preview_;
    detail_ = new QWidget(this);
    auto* const rows = new QVBoxLayout(detail_);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(4);
    auto* const name = foreign_line(from_utf8(document.name), "title", detail_, false);
    rows->addWidget(name);
    QStringList about;
    about += document.size ? size_text(*document.size) : qtTrId("prompt.document.digestOnly");
    if (!document.media_type.empty()) about += isolated_ltr(from_utf8(document.media_type));
    rows->addWidget(make_line(about.join(QStringLiteral(" · ")), "muted", detail_));
    if (!document.digest.empty()) {
        rows->addWidget(make_line(
            qtTrId("prompt.document.digest").arg(isolated_ltr(from_utf8(document.digest_algorithm))), "muted",
            detail_));
        rows->addWidget(foreign_line(grouped(from_utf8(document.digest)), "mono", detail_, true));
    }
    detail_column_->addWidget(detail_, 0, Qt::AlignTop);
    detail_->show();
    preview_ = make_preview(document, previews_, signs_, blind_, this);
    if (preview_ == nullptr) return;
    preview_column_->addWidget(preview_, 0, Qt::AlignTop);
    preview_->show();
}

} // namespace mohr::desktop
