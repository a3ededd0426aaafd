// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/page.hpp"
#include "manager/sites_model.hpp"

#include <QSortFilterProxyModel>

class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QTableView;

namespace mohr::desktop {

class Card;
class QuirksBox;

/// What is remembered of each site, to be looked at and changed.
class SitesPage : public Page {
    Q_OBJECT
public:
    explicit SitesPage(Shell& shell);
    [[nodiscard]] QString title() const override;
    void refresh() override;

protected:
    void retranslate() override;

private:
    struct Choice {
        const char* member; ///< of site.set
        QLabel* label;
        QComboBox* box;
    };
    [[nodiscard]] QWidget* make_details();
    [[nodiscard]] const Site* current() const;
    void take(const Reply& reply);
    void show_details();
    void choose(const Choice& choice);
    void set_permission(const QString& origin, const char* member, const QString& decision);
    void set_quirk(const QString& key, const QString& value);
    void lift();
    void forget();
    void changed(const Reply& reply);

    SitesModel model_;
    QSortFilterProxyModel found_;
    QLineEdit* search_;
    QTableView* table_;
    QLabel* empty_;
    Card* details_;
    QLabel* origin_;
    QLabel* program_;
    std::array<Choice, 3> choices_;
    QLabel* silence_;
    QPushButton* lift_;
    QPushButton* show_quirks_; ///< few sites need any
    QuirksBox* quirks_;
    QPushButton* forget_;
    QString selected_;  ///< origin
    QString forgotten_; ///< waits for its ten seconds
};

} // namespace mohr::desktop
