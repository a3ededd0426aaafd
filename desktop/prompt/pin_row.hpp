// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "prompt/pin_field.hpp"

#include <QWidget>
#include <string>

class QLabel;
class QPushButton;

namespace mohr::desktop {

/// Which secret a row takes. Texts are keys of the catalogue.
struct PinRowTerms {
    const char* label = "";
    SecretKind kind = SecretKind::user_pin;
    unsigned least = 1;
    unsigned most = 24;
    std::string secret;            ///< its name in the answer; empty for a repetition
    bool is_new = false;           ///< chosen now: hints apply
    const char* differs = nullptr; ///< repetition: M11 or M12
};

/// A field with its name, its own show switch (R47), and one line for what is wrong or worth knowing.
class PinRow : public QWidget {
    Q_OBJECT
public:
    /// `first` is the row that this one repeats, or nullptr.
    PinRow(const PinRowTerms& terms, PinRow* first, QWidget* parent);

    [[nodiscard]] bool is_valid() const;
    [[nodiscard]] PinField& field() { return *field_; }
    [[nodiscard]] const PinField& field() const { return *field_; }
    [[nodiscard]] const PinRowTerms& terms() const noexcept { return terms_; }
    /// Until the next key.
    void show_danger(const QString& text);
    /// What is said while nothing else is.
    void set_hint(const QString& text);
    void set_open(bool open);

Q_SIGNALS:
    void edited();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void field_edited();
    void refused(PinFault fault);
    void leave();
    [[nodiscard]] bool differs() const;
    void say(const QString& text, const char* style);

    PinRowTerms terms_;
    PinRow* first_;
    PinField* field_;
    QPushButton* show_;
    QLabel* line_;
    QString hint_;
    bool caps_lock_ = false;
};

} // namespace mohr::desktop
