// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/activity.hpp"

#include <QAbstractTableModel>
#include <vector>

namespace mohr::desktop {

/// The activity log, newest first; older entries are read as the person scrolls to them.
class ActivityModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { time, what, who, decision, columns };

    explicit ActivityModel(ControlClient& client, QObject* parent = nullptr);

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    [[nodiscard]] bool canFetchMore(const QModelIndex& parent) const override;
    void fetchMore(const QModelIndex& parent) override;

    /// From the newest again; with a query, every entry that holds it.
    void load(const QString& query);
    /// Puts what came since on top.
    void load_newer();
    [[nodiscard]] const ActivityEntry* at(int row) const;
    void retranslate();

Q_SIGNALS:
    void loaded();
    void failed(const Failure& failure);

private:
    void read_older();
    void append(const ActivityPart& part);

    ControlClient& client_;
    std::vector<ActivityEntry> entries_; ///< oldest first: row 0 is the last one
    QString query_;
    qint64 newest_ = 0; ///< sequence up to which all was read
    qint64 oldest_ = 0; ///< sequence above which all was read; 0: nothing older is left
    quint64 generation_ = 0;
    bool reading_ = false;
};

} // namespace mohr::desktop
