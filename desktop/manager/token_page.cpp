// SPDX-License-Identifier: Apache-2.0
#include "manager/token_page.hpp"

#include "manager/question.hpp"
#include "manager/shell.hpp"
#include "manager/token_dialogs.hpp"
#include "shared/appearance.hpp"
#include "shared/foreign_text.hpp"
#include "shared/language.hpp"

#include <nlohmann/json.hpp>

#include <QEvent>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>

namespace mohr::desktop {
namespace {

constexpr int gap = 8;
constexpr int wide_gap = 16;
constexpr QSize picture_size{72, 72};
constexpr int facts = 7;
constexpr int narrow_page = 640;

QString tries_text(const RoleFacts& role) {
    if (!role.set) return qtTrId("token.tries.notSet");
    if (role.blocked) return qtTrId("token.tries.blocked");
    return qtTrId("token.tries.left").arg(number_text(role.tries_left), number_text(role.tries_at_most));
}

} // namespace

/// A request that may open a prompt, and what is said of it.
struct TokenPage::Order {
    const char* method;
    nlohmann::json params;
    PinRole role = PinRole::user;
    TextSource going_on;
    QString done;
    std::function<void()> on_done;
};

TokenPage::TokenPage(Shell& shell) : Page(shell) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(wide_gap);
    make_status_card();
    make_actions();
    make_facts();
    busy_ = new Busy(this);
    column->addWidget(status_card_);
    column->addWidget(busy_);
    column->addWidget(facts_card_);
    column->addWidget(actions_card_);
    column->addStretch(1);
    connect(&this->shell().client(), &ControlClient::notified, this,
            [this](const QString& method, const nlohmann::json&) {
                if (method == QLatin1String("token.changed")) refresh();
            });
    connect(&this->shell().client(), &ControlClient::connected_changed, this, [this](bool connected) {
        if (connected) return refresh();
        facts_ = {};
        show_facts();
    });
    TokenPage::retranslate();
}

QString TokenPage::title() const {
    return qtTrId("main.mobileToken");
}

void TokenPage::make_status_card() {
    status_card_ = card(this);
    picture_ = new QLabel(status_card_);
    condition_ = text_label(status_card_, QStringLiteral("large"));
    about_ = text_label(status_card_);
    warning_ = text_label(status_card_, QStringLiteral("notice-warning"));
    auto* words = new QVBoxLayout;
    words->setSpacing(gap);
    words->addWidget(condition_);
    words->addWidget(about_);
    auto* row = new QHBoxLayout;
    row->setSpacing(wide_gap);
    row->addWidget(picture_, 0, Qt::AlignTop);
    row->addLayout(words, 1);
    layout_of(status_card_)->addLayout(row);
    layout_of(status_card_)->addWidget(warning_);
}

void TokenPage::make_actions() {
    actions_card_ = card(this);
    layout_of(actions_card_)->setSpacing(wide_gap);
    for (int i = 0; i < actions; ++i) {
        ActionRow& row = rows_.at(static_cast<std::size_t>(i));
        row.row = new QFrame(actions_card_);
        row.title = text_label(row.row, QStringLiteral("strong"));
        row.text = text_label(row.row, QStringLiteral("muted"));
        row.button = new QPushButton(row.row);
        auto* words = new QVBoxLayout;
        words->setSpacing(0);
        words->addWidget(row.title);
        words->addWidget(row.text);
        auto* line = new QHBoxLayout(row.row);
        line->setContentsMargins(0, 0, 0, 0);
        line->setSpacing(wide_gap);
        line->addLayout(words, 1);
        line->addWidget(row.button);
        layout_of(actions_card_)->addWidget(row.row);
        connect(row.button, &QPushButton::clicked, this, [this, i] { act(static_cast<Action>(i)); });
    }
    set_style_class(*rows_.at(initialise).button, QStringLiteral("primary"));
    for (const Action action : {reset, reset_blocked})
        set_style_class(*rows_.at(action).button, QStringLiteral("danger"));
}

void TokenPage::make_facts() {
    facts_card_ = card(this);
    fact_grid_ = new QGridLayout;
    fact_grid_->setHorizontalSpacing(24);
    fact_grid_->setVerticalSpacing(gap);
    for (int i = 0; i < facts; ++i) {
        const Fact fact{text_label(facts_card_, QStringLiteral("muted")), text_label(facts_card_)};
        fact.name->setWordWrap(false);
        fact.value->setTextInteractionFlags(Qt::TextSelectableByMouse);
        fact_rows_.push_back(fact);
    }
    arrange_facts(1);
    layout_of(facts_card_)->addLayout(fact_grid_);
}

/// Two in a row where there is room, so that what can be done comes into sight below them; the last one is a sentence.
void TokenPage::arrange_facts(int in_a_row) {
    if (std::exchange(facts_in_a_row_, in_a_row) == in_a_row) return;
    for (int i = 0; i < facts; ++i) {
        const Fact& fact = fact_rows_.at(static_cast<std::size_t>(i));
        const int row = i / in_a_row;
        const int column = i % in_a_row * 2;
        const int breadth = i == facts - 1 ? 2 * in_a_row - 1 : 1;
        fact_grid_->removeWidget(fact.name);
        fact_grid_->removeWidget(fact.value);
        fact_grid_->addWidget(fact.name, row, column, Qt::AlignTop);
        fact_grid_->addWidget(fact.value, row, column + 1, 1, breadth, Qt::AlignTop);
    }
    for (const int column : {1, 3}) fact_grid_->setColumnStretch(column, column < 2 * in_a_row ? 1 : 0);
}

void TokenPage::resizeEvent(QResizeEvent* event) {
    Page::resizeEvent(event);
    arrange_facts(width() < narrow_page ? 1 : 2);
}

void TokenPage::retranslate() {
    const std::array<std::array<QString, 3>, actions> texts{{
        {qtTrId("token.initialise"), qtTrId("token.initialise.about"), qtTrId("token.initialise.do")},
        {qtTrId("token.resetBlocked"), qtTrId("token.resetBlocked.about"), qtTrId("token.reset.do")},
        {qtTrId("token.changeUserPin"), qtTrId("token.changeUserPin.about"), qtTrId("token.change.do")},
        {qtTrId("token.unblock"), qtTrId("token.unblock.about"), qtTrId("token.unblock.do")},
        {qtTrId("token.changeAdminPin"), qtTrId("token.changeAdminPin.about"), qtTrId("token.change.do")},
        {qtTrId("token.rename"), qtTrId("token.rename.about"), qtTrId("token.rename.do")},
        {qtTrId("token.lock"), qtTrId("token.lock.about"), qtTrId("token.lock.do")},
        {qtTrId("token.reset"), qtTrId("token.reset.about"), qtTrId("token.reset.do")},
    }};
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        const ActionRow& row = rows_.at(i);
        row.title->setText(texts.at(i).at(0));
        row.text->setText(texts.at(i).at(1));
        row.button->setText(texts.at(i).at(2));
        row.button->setAccessibleName(texts.at(i).at(0));
        row.button->setAccessibleDescription(texts.at(i).at(1));
    }
    warning_->setText(qtTrId("token.olderCopy"));
    show_facts();
}

void TokenPage::changeEvent(QEvent* event) {
    if (event->type() == QEvent::PaletteChange) show_picture();
    Page::changeEvent(event);
}

void TokenPage::show_picture() {
    const QIcon icon = icon_named(condition_icon(condition_of(facts_)));
    picture_->setPixmap(icon.pixmap(picture_size, devicePixelRatioF()));
}

void TokenPage::show_facts() {
    const TokenCondition condition = condition_of(facts_);
    show_picture();
    picture_->setAccessibleName(condition_word(condition));
    condition_->setText(condition_word(condition));
    about_->setText(condition_text(facts_));
    warning_->setVisible(facts_.older_copy_suspected);

    const bool initialised = facts_.state == QLatin1String("initialised");
    const std::array<std::pair<QString, QString>, facts> values{{
        {qtTrId("token.fact.label"), initialised ? isolated(facts_.label) : QString()},
        {qtTrId("token.fact.serial"), isolated_ltr(facts_.serial)},
        {qtTrId("reset.userPin"), tries_text(facts_.user)},
        {qtTrId("reset.adminPin"), tries_text(facts_.admin)},
        {qtTrId("token.fact.certificates"), number_text(facts_.certificates)},
        {qtTrId("token.fact.keys"), number_text(facts_.keys)},
        {qtTrId("token.fact.deviceSecret"), device_secret_text(facts_.device_secret)},
    }};
    for (std::size_t i = 0; i < values.size(); ++i) {
        fact_rows_.at(i).name->setText(values.at(i).first);
        fact_rows_.at(i).value->setText(values.at(i).second);
        const bool shown = !values.at(i).second.isEmpty();
        fact_rows_.at(i).name->setVisible(shown);
        fact_rows_.at(i).value->setVisible(shown);
    }
    facts_card_->setVisible(facts_.known);
    actions_card_->setVisible(facts_.known && condition != TokenCondition::not_activated);
    set_style_class(*rows_.at(unblock).button, facts_.user.blocked ? QStringLiteral("primary") : QString());
    for (int i = 0; i < actions; ++i) {
        const ActionRow& row = rows_.at(static_cast<std::size_t>(i));
        row.row->setVisible(is_offered(static_cast<Action>(i)));
        row.button->setEnabled(running_ == 0);
    }
}

bool TokenPage::is_offered(Action action) const {
    const bool initialised = facts_.state == QLatin1String("initialised");
    switch (action) {
    case initialise:
        return facts_.known && !initialised;
    case reset_blocked:
        return initialised && facts_.admin.blocked;
    case change_user_pin:
        return initialised && !facts_.user.blocked;
    case unblock: // also for a forgotten one (R152)
    case change_admin_pin:
    case rename:
    case reset:
        return initialised && !facts_.admin.blocked;
    case lock:
        return facts_.unlocked;
    case actions:
        break;
    }
    return false;
}

void TokenPage::refresh() {
    shell().client().request(this, "token.info", [this](const Reply& reply) {
        if (!reply) return;
        facts_ = token_facts(*reply);
        show_facts();
        if (std::exchange(offer_wanted_, false)) offer_initialisation();
    });
}

void TokenPage::perform(const QString& verb, const QStringList&) {
    if (verb != QLatin1String("offer-reset")) return;
    offer_wanted_ = true;
    refresh();
}

void TokenPage::act(Action action) {
    switch (action) {
    case initialise:
        return begin_initialisation();
    case unblock:
        return carry_out({"token.unblock", {}, PinRole::admin, {}, qtTrId("token.unblock.done"), {}});
    case reset_blocked:
        return begin_reset(true);
    case change_user_pin:
        return carry_out(
            {"token.changePin", {{"role", "user"}}, PinRole::user, {}, qtTrId("token.change.done"), {}});
    case change_admin_pin:
        return carry_out(
            {"token.changePin", {{"role", "admin"}}, PinRole::admin, {}, qtTrId("token.change.done"), {}});
    case rename:
        return ask_label();
    case lock:
        return carry_out({"token.lock", {}, PinRole::user, {}, qtTrId("token.lock.done"), {}});
    case reset:
        return begin_reset(false);
    case actions:
        break;
    }
}

void TokenPage::carry_out(Order order) {
    if (running_ != 0) return;
    TextSource going_on = order.going_on ? order.going_on : [] { return qtTrId("token.waiting"); };
    RequestOptions options;
    options.limit = person_limit;
    nlohmann::json params = order.params.is_null() ? nlohmann::json::object() : order.params;
    const std::string method = order.method;
    running_ = shell().client().request(
        this, method, params, [this, order = std::move(order)](const Reply& reply) { ended(order, reply); },
        std::move(options));
    busy_->begin(std::move(going_on), [this] { shell().client().cancel(running_); });
    show_facts();
}

void TokenPage::ended(const Order& order, const Reply& reply) {
    running_ = 0;
    busy_->end();
    refresh();
    show_facts();
    if (reply) {
        if (!order.done.isEmpty()) shell().say(order.done);
        if (order.on_done) order.on_done();
    } else if (is_refusal(reply.error())) {
        shell().say(qtTrId("token.nothingChanged"));
    } else {
        shell().complain(failure_text(reply.error(), order.role));
    }
}

void TokenPage::offer_initialisation() {
    if (condition_of(facts_) != TokenCondition::not_initialised || running_ != 0) return;
    auto* sheet = new Sheet(window(), qtTrId("reset.title"), qtTrId("token.initialise.do"));
    sheet->reject_button()->setText(qtTrId("token.later"));
    QLabel* text = text_label(sheet);
    text->setText(qtTrId("M08") + QLatin1Char('\n') + qtTrId("token.initialise.about"));
    sheet->body()->addWidget(text);
    connect(sheet, &QDialog::accepted, this, &TokenPage::begin_initialisation);
    sheet->open();
}

void TokenPage::begin_initialisation() {
    carry_out({"token.initialise", {}, PinRole::user, {}, {}, [this] { offer_certificate(); }});
}

void TokenPage::offer_certificate() {
    // R49: the message is M17 with yes and no; R50: what other ways there are.
    auto* sheet = new Sheet(window(), qtTrId("reset.title"), qtTrId("common.yes"));
    sheet->reject_button()->setText(qtTrId("common.no"));
    for (const QString& text : {qtTrId("M17"), qtTrId("certificate.ways")}) {
        QLabel* label = text_label(sheet);
        label->setText(text);
        sheet->body()->addWidget(label);
    }
    connect(sheet, &QDialog::accepted, this,
            [this] { shell().open(QStringLiteral("certificates"), QStringLiteral("new")); });
    sheet->open();
}

void TokenPage::begin_reset(bool blocked) {
    shell().client().request(this, "key.list", [this, blocked](const Reply& reply) {
        if (!reply) return shell().complain(failure_text(reply.error(), PinRole::admin));
        ask_loss(blocked, certificate_entries(*reply));
    });
}

void TokenPage::ask_loss(bool blocked, const std::vector<CertificateEntry>& lost) {
    auto* sheet = new LossSheet(window(), blocked, lost);
    connect(sheet, &QDialog::accepted, this, [this, blocked] {
        carry_out({blocked ? "token.resetBlocked" : "token.reset", {}, PinRole::admin, {}, {}, [this] {
                       offer_certificate();
                   }});
    });
    sheet->open();
}

void TokenPage::ask_label() {
    auto* sheet = new LabelSheet(window(), facts_.label);
    connect(sheet, &QDialog::accepted, this, [this, sheet] {
        carry_out({"token.setLabel",
                   {{"label", sheet->label().toStdString()}},
                   PinRole::admin,
                   {},
                   qtTrId("token.rename.done"),
                   {}});
    });
    sheet->open();
}

} // namespace mohr::desktop
