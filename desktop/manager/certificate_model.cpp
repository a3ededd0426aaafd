// SPDX-License-Identifier: Apache-2.0
#include "manager/certificate_model.hpp"

#include "manager/certificate_export.hpp"
#include "manager/parts.hpp"
#include "shared/dates.hpp"
#include "shared/foreign_text.hpp"

#include <QMimeData>
#include <algorithm>

namespace mohr::desktop {

QString search_form(const QString& text) {
    QString out;
    for (const QChar character : text.toCaseFolded()) {
        switch (character.unicode()) {
        case 0x064A: // Arabic yeh
            out += QChar(0x06CC);
            continue;
        case 0x0643: // Arabic kaf
            out += QChar(0x06A9);
            continue;
        case 0x200C: // zero-width non-joiner
            continue;
        default:
            break;
        }
        if (character.isDigit())
            out += QLatin1Char(static_cast<char>('0' + character.digitValue()));
        else
            out += character;
    }
    return out;
}

void CertificateModel::collect() {
    shown_.clear();
    for (std::size_t i = 0; i < all_.size(); ++i)
        if (!hidden_.contains(all_[i].id)) shown_.push_back(i);
}

void CertificateModel::set_entries(std::vector<CertificateEntry> entries) {
    const auto same_id = [](const CertificateEntry& a, const CertificateEntry& b) { return a.id == b.id; };
    if (entries.size() == all_.size() && std::equal(entries.begin(), entries.end(), all_.begin(), same_id)) {
        all_ = std::move(entries);
        if (!shown_.empty()) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columns - 1));
        return;
    }
    beginResetModel();
    all_ = std::move(entries);
    collect();
    endResetModel();
}

void CertificateModel::hide(const QString& id) {
    beginResetModel();
    hidden_ << id;
    collect();
    endResetModel();
}

void CertificateModel::show_again(const QString& id) {
    beginResetModel();
    hidden_.removeAll(id);
    collect();
    endResetModel();
}

const CertificateEntry* CertificateModel::find(const QString& id) const {
    const auto found =
        std::find_if(all_.begin(), all_.end(), [&id](const CertificateEntry& one) { return one.id == id; });
    return found == all_.end() ? nullptr : &*found;
}

void CertificateModel::retranslate() {
    Q_EMIT headerDataChanged(Qt::Horizontal, 0, columns - 1);
    if (!shown_.empty()) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columns - 1));
}

int CertificateModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(shown_.size());
}

int CertificateModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(columns);
}

QString CertificateModel::cell_text(const CertificateEntry& entry, int column) const {
    switch (column) {
    case name:
        return isolated(entry_name(entry));
    case issuer:
        return entry.certificate ? isolated(entry_issuer(entry)) : QString();
    case use:
        return entry.certificate ? use_words(*entry.certificate) : QString();
    case level:
        return entry.certificate ? level_word(*entry.certificate) : QString();
    case valid_until:
        return entry.certificate ? date_text(to_date_time(entry.certificate->not_after())) : QString();
    case state:
        return state_word(entry.state);
    default:
        return {};
    }
}

QVariant CertificateModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) return {};
    const CertificateEntry& entry = at(index.row());
    switch (role) {
    case Qt::DisplayRole:
        return cell_text(entry, index.column());
    case Qt::DecorationRole:
        if (index.column() == state) return icon_named(state_icon(entry.state));
        return {};
    case Qt::ToolTipRole:
        return index.column() == state ? state_text(entry.state) : cell_text(entry, index.column());
    case sort_role:
        if (index.column() == valid_until)
            return entry.certificate ? to_date_time(entry.certificate->not_after()) : QDateTime();
        if (index.column() == state) return static_cast<int>(entry.state);
        return search_form(cell_text(entry, index.column()));
    default:
        return {};
    }
}

QVariant CertificateModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
    switch (section) {
    case name:
        return qtTrId("certificate.column.name");
    case issuer:
        return qtTrId("certificate.column.issuer");
    case use:
        return qtTrId("certificate.column.use");
    case level:
        return qtTrId("certificate.column.level");
    case valid_until:
        return qtTrId("certificate.column.validUntil");
    case state:
        return qtTrId("certificate.column.state");
    default:
        return {};
    }
}

Qt::ItemFlags CertificateModel::flags(const QModelIndex& index) const {
    Qt::ItemFlags flags = QAbstractTableModel::flags(index);
    if (index.isValid() && at(index.row()).certificate) flags |= Qt::ItemIsDragEnabled;
    return flags;
}

QStringList CertificateModel::mimeTypes() const {
    return {QStringLiteral("application/pkix-cert"), QStringLiteral("text/plain")};
}

QMimeData* CertificateModel::mimeData(const QModelIndexList& indexes) const {
    for (const QModelIndex& index : indexes)
        if (const CertificateEntry& entry = at(index.row()); entry.certificate)
            return certificate_mime_data(entry).release();
    return nullptr;
}

CertificateSearch::CertificateSearch(QObject* parent) : QSortFilterProxyModel(parent) {
    setSortRole(CertificateModel::sort_role);
}

void CertificateSearch::look_for(const QString& words) {
    words_ = search_form(words).split(QLatin1Char(' '), Qt::SkipEmptyParts);
    invalidateFilter();
}

bool CertificateSearch::filterAcceptsRow(int row, const QModelIndex& parent) const {
    QString all;
    for (int column = 0; column < sourceModel()->columnCount(parent); ++column)
        all += search_form(sourceModel()->index(row, column, parent).data().toString()) + QLatin1Char('\n');
    return std::all_of(words_.begin(), words_.end(),
                       [&all](const QString& word) { return all.contains(word); });
}

} // namespace mohr::desktop
