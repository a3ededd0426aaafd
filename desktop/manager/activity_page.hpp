// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/activity_model.hpp"
#include "manager/page.hpp"

#include <QTimer>

class QLabel;
class QLineEdit;
class QPushButton;
class QTableView;

namespace mohr::desktop {

class Card;
class Facts;
enum class ExportFormat : std::uint8_t;

/// The activity log: look through it, search it, check that nothing was changed, write it to a file.
class ActivityPage : public Page {
    Q_OBJECT
public:
    explicit ActivityPage(Shell& shell);
    [[nodiscard]] QString title() const override;
    void refresh() override;

protected:
    void retranslate() override;

private:
    void show_details();
    void show_documents(const ActivityEntry& entry);
    void verify();
    void show_verdict(const Reply& reply);
    void choose_file();
    void write_file(const QString& path, ExportFormat format);

    ActivityModel model_;
    QLineEdit* search_;
    QPushButton* verify_;
    QPushButton* export_;
    QLabel* verdict_;
    QLabel* empty_;
    QTableView* table_;
    Card* details_;
    Facts* facts_;
    QTimer typing_; ///< searches a moment after the last key
};

} // namespace mohr::desktop
