// SPDX-License-Identifier: Apache-2.0
#include "prompt/pin_section.hpp"

#include "prompt/wording.hpp"
#include "shared/appearance.hpp"
#include "shared/language.hpp"

#include <QLabel>
#include <QVBoxLayout>
#include <algorithm>

namespace mohr::desktop {
namespace {

using protocol::Prompt;
constexpr unsigned longest_password = 200; // characters; four bytes each still fit a secret frame

bool is_first_time(Prompt::Kind kind) {
    return kind == Prompt::Kind::initialise || kind == Prompt::Kind::reset_blocked;
}

} // namespace

bool wants_secrets(const Prompt& prompt) noexcept {
    return prompt.pin.needed || prompt.pin.renewed || prompt.pin.renewed_admin || prompt.password ||
           prompt.owner_password;
}

PinSection::PinSection(const Prompt& prompt, QWidget* parent) : QWidget(parent) {
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    const auto& pin = prompt.pin;
    if (prompt.owner_password)
        add({"prompt.password.owner", SecretKind::password, 1, longest_password, "owner_password"});
    if (prompt.password) add({"prompt.password.file", SecretKind::password, 0, longest_password, "password"});
    if (pin.needed && pin.admin)
        add({pin.renewed_admin ? "prompt.pin.presentAdmin" : "reset.adminPin", SecretKind::admin_pin,
             pin.min_length, pin.max_length, "admin_pin"});
    else if (pin.needed)
        add({pin.renewed ? "prompt.pin.presentUser" : "reset.userPin", SecretKind::user_pin, pin.min_length,
             pin.max_length, "user_pin"});
    add_new(prompt);
    if (pin.renewed || pin.renewed_admin) {
        auto* const advice = new QLabel(qtTrId("M16"), this);
        advice->setWordWrap(true);
        set_style_class(*advice, QStringLiteral("muted"));
        column->addWidget(advice);
    }
    show_state(prompt);
}

void PinSection::add_new(const Prompt& prompt) {
    const auto& pin = prompt.pin;
    const bool plain = is_first_time(prompt.kind);
    if (pin.renewed) {
        PinRow* const row = add({plain ? "reset.userPin" : "prompt.pin.newUser", SecretKind::user_pin,
                                 pin.new_min_length, pin.new_max_length, "new_user_pin", true});
        add({plain ? "reset.userPinRepeat" : "prompt.pin.newUserRepeat", SecretKind::user_pin, 0,
             pin.new_max_length, "", true, "M11"},
            row);
    }
    if (pin.renewed_admin) {
        PinRow* const row = add({plain ? "reset.adminPin" : "prompt.pin.newAdmin", SecretKind::admin_pin,
                                 pin.new_admin_min_length, pin.new_admin_max_length, "new_admin_pin", true});
        add({plain ? "reset.adminPinRepeat" : "prompt.pin.newAdminRepeat", SecretKind::admin_pin, 0,
             pin.new_admin_max_length, "", true, "M12"},
            row);
    }
}

PinRow* PinSection::add(const PinRowTerms& terms, PinRow* first) {
    auto* const row = new PinRow(terms, first, this);
    layout()->addWidget(row);
    rows_.push_back(row);
    connect(row, &PinRow::edited, this, &PinSection::edited);
    return row;
}

bool PinSection::is_complete() const {
    return std::all_of(rows_.begin(), rows_.end(), [](const PinRow* row) { return row->is_valid(); });
}

std::vector<NamedSecret> PinSection::secrets() const {
    std::vector<NamedSecret> all;
    for (const PinRow* row : rows_)
        if (!row->terms().secret.empty()) all.push_back({row->terms().secret, row->field().value()});
    return all;
}

void PinSection::clear() {
    for (PinRow* row : rows_) row->field().clear();
}

void PinSection::clear_proof() {
    for (PinRow* row : rows_)
        if (!row->terms().is_new) row->field().clear();
}

void PinSection::set_open(bool open) {
    for (PinRow* row : rows_) row->set_open(open);
}

PinField* PinSection::next_field() {
    for (PinRow* row : rows_)
        if (!row->is_valid()) return &row->field();
    return rows_.empty() ? nullptr : &rows_.front()->field();
}

PinRow* PinSection::row_of(std::string_view secret) {
    for (PinRow* row : rows_)
        if (row->terms().secret == secret) return row;
    return rows_.empty() ? nullptr : rows_.front();
}

void PinSection::show_state(const Prompt& prompt) {
    const auto& pin = prompt.pin;
    if (rows_.empty()) return;
    if (pin.needed) {
        PinRow* const row = row_of(pin.admin ? "admin_pin" : "user_pin");
        row->set_hint(pin.tries_left ? tries_text(*pin.tries_left) : QString());
        if (pin.tries_left == 0U)
            row->show_danger(qtTrId(pin.admin ? "M20" : "M19"));
        else if (pin.last_wrong)
            row->show_danger(pin.tries_left ? wrong_pin_text(*pin.tries_left) : qtTrId("prompt.pin.wrong"));
    }
    for (const PinProblem& problem : pin_problems(pin.problem))
        if (PinRow* const row = row_of(problem.secret)) row->show_danger(problem.text);
}

} // namespace mohr::desktop
