// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "prompt/answer.hpp"
#include "prompt/pin_row.hpp"

#include <QWidget>
#include <vector>

class QLabel;

namespace mohr::desktop {

/// Every secret that a prompt wants, in the order in which a person thinks of them: what proves the right first, then
/// what is new, each with its repetition.
class PinSection : public QWidget {
    Q_OBJECT
public:
    PinSection(const protocol::Prompt& prompt, QWidget* parent);

    [[nodiscard]] bool is_single() const noexcept { return rows_.size() == 1; }
    [[nodiscard]] bool is_complete() const;
    [[nodiscard]] std::vector<NamedSecret> secrets() const;
    void clear();
    /// What proves the right; what is new stays.
    void clear_proof();
    void set_open(bool open);
    /// The first field that is not valid yet.
    [[nodiscard]] PinField* next_field();
    /// Tries left, what was wrong with the last answer (M18 to M20, M10 to M15).
    void show_state(const protocol::Prompt& prompt);

Q_SIGNALS:
    void edited();

private:
    PinRow* add(const PinRowTerms& terms, PinRow* first = nullptr);
    void add_new(const protocol::Prompt& prompt);
    [[nodiscard]] PinRow* row_of(std::string_view secret);

    std::vector<PinRow*> rows_;
};

/// The rows that `prompt` needs; none for a prompt without secrets.
[[nodiscard]] bool wants_secrets(const protocol::Prompt& prompt) noexcept;

} // namespace mohr::desktop
