// SPDX-License-Identifier: Apache-2.0
#include "manager/sites_model.hpp"

#include "manager/values.hpp"
#include "shared/dates.hpp"
#include "shared/foreign_text.hpp"

#include <algorithm>

namespace mohr::desktop {

std::vector<Site> sites_of(const nlohmann::json& list) {
    std::vector<Site> sites;
    if (!list.is_array()) return sites;
    for (const auto& value : list) {
        Site site{text_of(value, "origin"),        text_of(value, "access"),
                  text_of(value, "listing"),       text_of(value, "blind"),
                  text_of(value, "certificate"),   text_of(value, "expires"),
                  text_of(value, "silencedUntil"), text_of(value, "program"),
                  flag_member(value, "blocked"),   {}};
        if (const auto& quirks = member(value, "dastine"); quirks.is_object())
            for (const auto& [key, chosen] : quirks.items())
                if (chosen.is_string())
                    site.quirks.emplace_back(QString::fromStdString(key),
                                             QString::fromStdString(chosen.get<std::string>()));
        sites.push_back(std::move(site));
    }
    std::sort(sites.begin(), sites.end(), [](const Site& a, const Site& b) { return a.origin < b.origin; });
    return sites;
}

QString permission_text(const QString& decision) {
    if (decision == QLatin1String("allow")) return qtTrId("manager.site.allow");
    if (decision == QLatin1String("deny")) return qtTrId("manager.site.deny");
    return qtTrId("manager.site.ask");
}

int SitesModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(sites_.size());
}

int SitesModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : columns;
}

QVariant SitesModel::data(const QModelIndex& index, int role) const {
    const Site* site = at(index.row());
    if (!site || (role != Qt::DisplayRole && role != Qt::AccessibleTextRole)) return {};
    switch (index.column()) {
    case origin:
        return role == Qt::DisplayRole ? isolated_ltr(site->origin) : visible_text(site->origin);
    case access:
        return permission_text(site->access);
    case expires:
        return site->expires.isEmpty() ? QString() : date_text(site->expires);
    case state:
        if (site->blocked) return qtTrId("manager.site.blocked");
        if (site->silenced()) return qtTrId("manager.site.silenced");
        return site->blind == QLatin1String("allow") ? qtTrId("manager.site.blindAllowed") : QString();
    default:
        return {};
    }
}

QVariant SitesModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
    switch (section) {
    case origin:
        return qtTrId("manager.site.origin");
    case access:
        return qtTrId("manager.op.access");
    case expires:
        return qtTrId("manager.site.expires");
    case state:
        return qtTrId("manager.site.state");
    default:
        return {};
    }
}

void SitesModel::set_sites(std::vector<Site> sites, const QString& hidden) {
    beginResetModel();
    sites_ = std::move(sites);
    std::erase_if(sites_, [&](const Site& site) { return site.origin == hidden; });
    endResetModel();
}

const Site* SitesModel::at(int row) const {
    return row >= 0 && row < rowCount() ? &sites_[static_cast<std::size_t>(row)] : nullptr;
}

int SitesModel::row_of(const QString& wanted) const {
    for (int row = 0; row < rowCount(); ++row)
        if (at(row)->origin == wanted) return row;
    return -1;
}

void SitesModel::retranslate() {
    if (rowCount() > 0) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columns - 1));
    Q_EMIT headerDataChanged(Qt::Horizontal, 0, columns - 1);
}

} // namespace mohr::desktop
