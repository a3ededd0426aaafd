// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/certificate_entry.hpp"
#include "manager/control_client.hpp"
#include "manager/page.hpp"
#include "manager/parts.hpp"
#include "manager/token_facts.hpp"

#include <array>

class QGridLayout;
class QPushButton;

namespace mohr::desktop {

/// «توکن همراه»: the token's state, and what can be done in it. PINs are asked by the core, in its own prompt.
/// Verbs: "offer-reset" asks whether to initialise now, if that is still to be done (R40, M08).
class TokenPage final : public Page {
    Q_OBJECT
public:
    explicit TokenPage(Shell& shell);
    [[nodiscard]] QString title() const override;
    void refresh() override;
    void perform(const QString& verb, const QStringList& arguments) override;

protected:
    void retranslate() override;
    void changeEvent(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    enum Action : std::uint8_t {
        initialise,
        reset_blocked,
        change_user_pin,
        unblock,
        change_admin_pin,
        rename,
        lock,
        reset,
        actions
    };
    struct ActionRow {
        QFrame* row = nullptr;
        QLabel* title = nullptr;
        QLabel* text = nullptr;
        QPushButton* button = nullptr;
    };
    struct Order;

    void make_status_card();
    void make_actions();
    void make_facts();
    void arrange_facts(int in_a_row);
    void show_facts();
    void show_picture();
    [[nodiscard]] bool is_offered(Action action) const;
    void act(Action action);
    void carry_out(Order order);
    void ended(const Order& order, const Reply& reply);

    void offer_initialisation();
    void begin_initialisation();
    void offer_certificate();
    void begin_reset(bool blocked);
    void ask_loss(bool blocked, const std::vector<CertificateEntry>& lost);
    void ask_label();

    TokenFacts facts_;
    bool offer_wanted_ = false;
    ControlClient::RequestId running_ = 0;

    QLabel* picture_ = nullptr;
    QLabel* condition_ = nullptr;
    QLabel* about_ = nullptr;
    QLabel* warning_ = nullptr;
    Busy* busy_ = nullptr;
    QFrame* status_card_ = nullptr;
    QFrame* actions_card_ = nullptr;
    QFrame* facts_card_ = nullptr;
    std::array<ActionRow, actions> rows_;
    struct Fact {
        QLabel* name;
        QLabel* value;
    };
    QGridLayout* fact_grid_ = nullptr;
    int facts_in_a_row_ = 0;
    std::vector<Fact> fact_rows_;
};

} // namespace mohr::desktop
