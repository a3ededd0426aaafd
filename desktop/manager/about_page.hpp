// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/page.hpp"

class QLabel;
class QPushButton;

namespace mohr::desktop {

class Card;
class Facts;

class AboutPage : public Page {
    Q_OBJECT
public:
    explicit AboutPage(Shell& shell);
    [[nodiscard]] QString title() const override;

protected:
    void retranslate() override;

private:
    void show_versions();

    QLabel* name_;
    QLabel* what_;
    Facts* versions_;
    Card* licence_card_;
    QLabel* licence_;
};

} // namespace mohr::desktop
