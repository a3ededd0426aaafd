// SPDX-License-Identifier: Apache-2.0
#include "manager/tables.hpp"

#include <QHeaderView>
#include <QItemSelectionModel>
#include <QTableView>

namespace mohr::desktop {

QTableView* make_table(QAbstractItemModel& model, int wide_column) {
    auto* table = new QTableView;
    table->setModel(&model);
    table->setSelectionBehavior(QAbstractItemView::SelectRows);
    table->setSelectionMode(QAbstractItemView::SingleSelection);
    table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    table->setTabKeyNavigation(false);
    table->setShowGrid(false);
    table->setWordWrap(false);
    table->setAlternatingRowColors(true);
    table->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    table->setMinimumHeight(200);
    table->verticalHeader()->hide();
    table->verticalHeader()->setDefaultSectionSize(36);
    table->horizontalHeader()->setHighlightSections(false);
    table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeading | Qt::AlignVCenter);
    table->horizontalHeader()->setSectionResizeMode(wide_column, QHeaderView::Stretch);
    const auto fit = [table, wide_column] {
        for (int column = 0; column < table->model()->columnCount(); ++column)
            if (column != wide_column) table->resizeColumnToContents(column);
    };
    for (const auto signal : {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved})
        QObject::connect(&model, signal, table, fit);
    QObject::connect(&model, &QAbstractItemModel::modelReset, table, fit);
    QObject::connect(&model, &QAbstractItemModel::dataChanged, table, fit);
    // Coming in by Tab makes a row the current one without selecting it.
    QObject::connect(table->selectionModel(), &QItemSelectionModel::currentRowChanged, table,
                     [table](const QModelIndex& row) {
                         table->selectionModel()->select(row, QItemSelectionModel::ClearAndSelect |
                                                                  QItemSelectionModel::Rows);
                     });
    fit();
    return table;
}

} // namespace mohr::desktop
