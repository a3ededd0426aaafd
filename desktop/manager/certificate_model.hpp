// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/certificate_entry.hpp"

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>

namespace mohr::desktop {

/// The certificates and keys of the token, one a row.
class CertificateModel final : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column : std::uint8_t { name, state, use, level, valid_until, issuer, columns };

    using QAbstractTableModel::QAbstractTableModel;

    /// Rows that are still there keep their place and their selection.
    void set_entries(std::vector<CertificateEntry> entries);
    /// A row that the person has removed but may still take back is not shown.
    void hide(const QString& id);
    void show_again(const QString& id);
    [[nodiscard]] const std::vector<CertificateEntry>& entries() const { return all_; }
    [[nodiscard]] const CertificateEntry* find(const QString& id) const;
    [[nodiscard]] const CertificateEntry& at(int row) const {
        return all_.at(shown_.at(static_cast<std::size_t>(row)));
    }
    /// The language has changed.
    void retranslate();

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;
    QMimeData* mimeData(const QModelIndexList& indexes) const override;
    QStringList mimeTypes() const override;
    Qt::DropActions supportedDragActions() const override { return Qt::CopyAction; }

    static constexpr int sort_role = Qt::UserRole + 1;

private:
    void collect();
    [[nodiscard]] QString cell_text(const CertificateEntry& entry, int column) const;

    std::vector<CertificateEntry> all_;
    std::vector<std::size_t> shown_; ///< places in all_
    QStringList hidden_;
};

/// Sorted by any column; a row stays if each word that the person looks for stands in one of its cells.
class CertificateSearch final : public QSortFilterProxyModel {
    Q_OBJECT
public:
    explicit CertificateSearch(QObject* parent = nullptr);
    void look_for(const QString& words);

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

private:
    QStringList words_;
};

/// Persian and Arabic forms of a letter and of the digits alike, and without regard to case.
[[nodiscard]] QString search_form(const QString& text);

} // namespace mohr::desktop
