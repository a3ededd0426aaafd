// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/page.hpp"

#include <optional>

class QLabel;
class QPushButton;

namespace mohr::desktop {

class Card;
class Facts;

/// The page where the permission to run in the background is given (R10), and the notifications are tried.
class PermissionPage : public Page {
    Q_OBJECT
public:
    explicit PermissionPage(Shell& shell);
    [[nodiscard]] QString title() const override;
    void refresh() override;

protected:
    void retranslate() override;

private:
    void show_state();
    void try_notification();

    Card* run_card_;
    QLabel* run_text_;
    Facts* facts_;
    QPushButton* grant_;
    Card* notice_card_;
    QLabel* notice_text_;
    QPushButton* try_;
    std::optional<bool> shown_; ///< whether the trial notification was
};

} // namespace mohr::desktop
