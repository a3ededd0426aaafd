// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "prompt/pin_rules.hpp"
#include <mohr/base/secret.hpp>

#include <QWidget>
#include <vector>

namespace mohr::desktop {

/// Takes a PIN or a password character by character into secret memory. Not a QLineEdit: no QString ever holds more than
/// one character of it, and there is no undo, clipboard, drag, input method or context menu. Keys come through
/// `take_key`, which the application filter calls before anything else sees them.
class PinField : public QWidget {
    Q_OBJECT
public:
    PinField(SecretKind kind, unsigned most, QWidget* parent);
    ~PinField() override;

    /// Whether the key was for this field (and is now used up).
    bool take_key(const QKeyEvent& event);
    void clear();
    [[nodiscard]] std::size_t length() const noexcept { return ends_.size(); }
    [[nodiscard]] bool same_as(const PinField& other) const noexcept;
    /// A copy in secret memory; `clear` is what takes it from here.
    [[nodiscard]] Secret value() const;
    void set_revealed(bool revealed);
    [[nodiscard]] bool is_revealed() const noexcept { return revealed_; }
    [[nodiscard]] SecretKind kind() const noexcept { return kind_; }

    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override;

Q_SIGNALS:
    void edited();
    /// A character that may not stand here, or one too many.
    void refused(mohr::desktop::PinFault fault);
    /// A letter of the wrong case for the Shift key: Caps Lock is on (or not).
    void caps_lock_seen(bool on);

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;

private:
    bool add(const QString& text);
    void remove_last();
    void changed();

    SecretKind kind_;
    std::size_t most_;
    Secret bytes_; ///< UTF-8; the first used_ are its content
    std::size_t used_ = 0;
    std::vector<std::size_t> ends_; ///< where each character ends
    bool revealed_ = false;
};

/// Gives accessibility what a password field shows: a name, the protected state, as many bullets as characters. Call once.
void install_pin_field_accessibility();

} // namespace mohr::desktop
