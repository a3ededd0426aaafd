// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/page.hpp"

class QLabel;
class QPushButton;

namespace mohr::desktop {

/// The first-run tour: what Mohr is, the switch, how to know a real prompt, the token. It can be left at any step and
/// opened again from the first page.
class TourPage : public Page {
    Q_OBJECT
public:
    explicit TourPage(Shell& shell);
    [[nodiscard]] QString title() const override;
    void refresh() override;

protected:
    void retranslate() override;

private:
    void show_step(int step);
    void act();

    QLabel* progress_;
    QLabel* picture_;
    QLabel* heading_;
    QLabel* text_;
    QPushButton* action_;
    QPushButton* back_;
    QPushButton* skip_;
    QPushButton* next_;
    int step_ = 0;
};

/// Whether it was gone through or left once.
[[nodiscard]] bool tour_was_seen();
void remember_tour_was_seen();

} // namespace mohr::desktop
