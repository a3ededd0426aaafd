// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/page.hpp"

class QCheckBox;
class QComboBox;
class QLabel;
class QPushButton;

namespace mohr::desktop {

class Card;

/// Language, theme, the person's mark, autostart.
class SettingsPage : public Page {
    Q_OBJECT
public:
    explicit SettingsPage(Shell& shell);
    [[nodiscard]] QString title() const override;
    void refresh() override;

protected:
    void retranslate() override;

private:
    void show_settings();
    void set_mark();

    Card* look_card_;
    QLabel* language_label_;
    QComboBox* language_;
    QLabel* theme_label_;
    QComboBox* theme_;
    Card* mark_card_;
    QLabel* mark_text_;
    QLabel* mark_state_;
    QPushButton* mark_;
    Card* start_card_;
    QCheckBox* autostart_;
    QPushButton* permission_;
};

} // namespace mohr::desktop
