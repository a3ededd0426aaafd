// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/failure.hpp"
#include "manager/page.hpp"

#include <QTimer>
#include <vector>

class QLabel;
class QPushButton;
class QVBoxLayout;

namespace mohr::desktop {

class Card;
class Facts;

/// What the service does now: its state, its connections, who may decrypt without prompts, its TLS identity.
class ServicePage : public Page {
    Q_OBJECT
public:
    explicit ServicePage(Shell& shell);
    [[nodiscard]] QString title() const override;
    void refresh() override;

protected:
    void retranslate() override;
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;

private:
    struct WindowRow {
        QString origin;
        QLabel* text;
    };
    void show_state();
    void show_waiting();
    void show_windows();
    void count_down();
    void end_window(const QString& origin);
    void take_tls(const Reply& reply);
    void show_tls();

    Card* permission_card_;
    QLabel* permission_text_;
    QPushButton* permission_button_;
    Card* state_card_;
    QLabel* picture_;
    QLabel* state_;
    QLabel* explanation_;
    QPushButton* toggle_;
    Facts* facts_;
    Card* waiting_card_;
    QLabel* waiting_;
    Card* windows_card_;
    QVBoxLayout* windows_;
    std::vector<WindowRow> window_rows_;
    Card* tls_card_;
    Facts* tls_facts_;
    QLabel* tls_hint_;
    QLabel* doctor_;
    QTimer tick_; ///< runs while the page is seen and a decrypt window is open
    QString tls_name_, tls_fingerprint_, tls_until_;
    bool tls_renew_ = false;
};

} // namespace mohr::desktop
