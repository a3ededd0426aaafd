// SPDX-License-Identifier: Apache-2.0
#include "manager/activity_model.hpp"

#include "manager/control_client.hpp"
#include "manager/values.hpp"
#include "shared/dates.hpp"
#include "shared/foreign_text.hpp"

#include <algorithm>
#include <limits>

namespace mohr::desktop {
namespace {

constexpr qint64 portion = 200;

} // namespace

ActivityModel::ActivityModel(ControlClient& client, QObject* parent)
    : QAbstractTableModel(parent), client_(client) {}

int ActivityModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(entries_.size());
}

int ActivityModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : columns;
}

const ActivityEntry* ActivityModel::at(int row) const {
    if (row < 0 || row >= rowCount()) return nullptr;
    return &entries_[entries_.size() - 1 - static_cast<std::size_t>(row)];
}

QVariant ActivityModel::data(const QModelIndex& index, int role) const {
    const ActivityEntry* entry = at(index.row());
    if (!entry || role != Qt::DisplayRole) return {};
    switch (index.column()) {
    case time:
        return date_time_text(entry->time);
    case what:
        return operation_text(entry->operation);
    case who:
        return entry->who();
    case decision:
        return decision_text(entry->decision);
    default:
        return {};
    }
}

QVariant ActivityModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
    switch (section) {
    case time:
        return qtTrId("manager.activity.time");
    case what:
        return qtTrId("manager.activity.what");
    case who:
        return qtTrId("manager.activity.who");
    case decision:
        return qtTrId("manager.activity.decision");
    default:
        return {};
    }
}

bool ActivityModel::canFetchMore(const QModelIndex& parent) const {
    return !parent.isValid() && oldest_ > 0 && !reading_;
}

void ActivityModel::fetchMore(const QModelIndex&) {
    read_older();
}

void ActivityModel::load(const QString& query) {
    const quint64 mine = ++generation_;
    query_ = query;
    reading_ = true;
    const auto begin = [this, mine](const Outcome<ActivityPart>& part) {
        if (mine != generation_) return;
        reading_ = false;
        beginResetModel();
        entries_.clear();
        endResetModel();
        if (!part) {
            Q_EMIT failed(part.error());
            return;
        }
        newest_ = part->total;
        oldest_ = query_.isEmpty() ? part->total : 0;
        if (query_.isEmpty()) return read_older();
        append(*part);
        Q_EMIT loaded();
    };
    // Without a query one entry is enough: it tells how many there are.
    if (query.isEmpty())
        read_activity(client_, this, 0, 1, {}, begin);
    else
        read_activity(client_, this, 0, std::numeric_limits<qint64>::max(), query, begin);
}

void ActivityModel::read_older() {
    if (reading_ || oldest_ == 0) {
        Q_EMIT loaded();
        return;
    }
    reading_ = true;
    const quint64 mine = generation_;
    const qint64 from = std::max<qint64>(oldest_ - portion, 0);
    read_activity(client_, this, from, oldest_, {}, [this, mine, from](const Outcome<ActivityPart>& part) {
        if (mine != generation_) return;
        reading_ = false;
        // Older files go at a rotation: where nothing is left there is nothing older either.
        oldest_ = part && !part->entries.empty() ? from : 0;
        if (part)
            append(*part);
        else
            Q_EMIT failed(part.error());
        Q_EMIT loaded();
    });
}

void ActivityModel::append(const ActivityPart& part) {
    if (part.entries.empty()) return;
    const int first = rowCount();
    beginInsertRows({}, first, first + static_cast<int>(part.entries.size()) - 1);
    entries_.insert(entries_.begin(), part.entries.rbegin(), part.entries.rend());
    endInsertRows();
}

void ActivityModel::load_newer() {
    if (reading_ || !query_.isEmpty()) return;
    reading_ = true;
    const quint64 mine = generation_;
    read_activity(client_, this, newest_, std::numeric_limits<qint64>::max(), {},
                  [this, mine](const Outcome<ActivityPart>& part) {
                      if (mine != generation_) return;
                      reading_ = false;
                      if (!part || part->entries.empty()) return;
                      newest_ = part->entries.front().sequence;
                      beginInsertRows({}, 0, static_cast<int>(part->entries.size()) - 1);
                      entries_.insert(entries_.end(), part->entries.rbegin(), part->entries.rend());
                      endInsertRows();
                      Q_EMIT loaded();
                  });
}

void ActivityModel::retranslate() {
    if (rowCount() > 0) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columns - 1));
    Q_EMIT headerDataChanged(Qt::Horizontal, 0, columns - 1);
}

} // namespace mohr::desktop
