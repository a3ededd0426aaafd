// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/failure.hpp"

#include <QAbstractTableModel>
#include <QPair>
#include <optional>
#include <vector>

namespace mohr::desktop {

/// What is remembered of one site, as `site.list` gives it; its texts are foreign.
struct Site {
    QString origin, access, listing, blind, certificate, expires, silenced_until, program;
    bool blocked = false;
    std::vector<QPair<QString, QString>> quirks; ///< of a Dastine site

    [[nodiscard]] bool silenced() const { return blocked || !silenced_until.isEmpty(); }
};

class SitesModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { origin, access, expires, state, columns };

    using QAbstractTableModel::QAbstractTableModel;
    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    /// Replaces what is shown; `hidden` is left out (it is about to be forgotten).
    void set_sites(std::vector<Site> sites, const QString& hidden);
    [[nodiscard]] const Site* at(int row) const;
    [[nodiscard]] int row_of(const QString& origin) const;
    void retranslate();

private:
    std::vector<Site> sites_;
};

[[nodiscard]] std::vector<Site> sites_of(const nlohmann::json& list);
/// "allowed", "denied", "asks"
[[nodiscard]] QString permission_text(const QString& decision);

} // namespace mohr::desktop
