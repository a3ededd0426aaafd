// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "prompt/cards.hpp"
#include "prompt/mark_strip.hpp"
#include <mohr/base/bytes.hpp>

#include <optional>

class QCheckBox;
class QLineEdit;
class QSpinBox;

namespace mohr::desktop {

/// A check box whose text wraps: QCheckBox's own does not.
class WrappedCheck : public QWidget {
    Q_OBJECT
public:
    WrappedCheck(const QString& text, QWidget* parent);
    [[nodiscard]] bool is_checked() const;

Q_SIGNALS:
    void toggled(bool on);

private:
    QCheckBox* box_;
};

/// Rule 3's exception: how many items the site may open, and for how long, without asking again.
class WindowOffer : public Card {
    Q_OBJECT
public:
    WindowOffer(const protocol::Prompt::Window& most, QWidget* parent);
    [[nodiscard]] std::optional<protocol::Prompt::Window> terms() const;

private:
    WrappedCheck* wanted_;
    QSpinBox* items_;
    QSpinBox* minutes_;
};

/// A PKCS#12 file of at most 512 KiB.
class FileChooser : public Card {
    Q_OBJECT
public:
    explicit FileChooser(QWidget* parent);
    [[nodiscard]] const Bytes& content() const noexcept { return content_; }

Q_SIGNALS:
    void changed();

private:
    void choose();

    QLabel* name_;
    Bytes content_;
};

/// The person's own phrase and picture, before they are theirs.
class MarkEditor : public Card {
    Q_OBJECT
public:
    MarkEditor(const Mark& mark, QWidget* parent);
    [[nodiscard]] Mark mark() const;

Q_SIGNALS:
    void changed();

private:
    void choose();
    void show_picture();

    QLineEdit* phrase_;
    QLabel* shown_;
    QLabel* problem_;
    QByteArray picture_;
};

/// What must be confirmed a second time, named: the certificates that a reset destroys, a PIN that is easy to guess.
class Confirmation : public Card {
    Q_OBJECT
public:
    Confirmation(const QString& reason, const QStringList& names, const QString& consent, QWidget* parent);
    [[nodiscard]] bool is_given() const;

Q_SIGNALS:
    void changed();

private:
    WrappedCheck* check_;
};

} // namespace mohr::desktop
