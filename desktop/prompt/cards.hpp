// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/protocol/prompt.hpp>

#include <QFrame>

class QLabel;
class QVBoxLayout;

namespace mohr::desktop {

/// A rounded box with a column in it.
class Card : public QFrame {
    Q_OBJECT
public:
    explicit Card(QWidget* parent);
    [[nodiscard]] QVBoxLayout& column() { return *column_; }

private:
    QVBoxLayout* column_;
};

/// A wrapped line; `style` as in set_style_class, empty for ordinary text.
[[nodiscard]] QLabel* make_line(const QString& text, const char* style, QWidget* parent);
/// Text that the mouse can mark, and that is no stop for the Tab key.
void make_selectable(QLabel& label);
/// A warning or danger with its sign, not by colour alone.
[[nodiscard]] QWidget* make_notice(const QString& text, bool danger, QWidget* parent);

/// Who asks (T17): the registrable domain large, the whole origin, the program, and what is odd about them.
[[nodiscard]] QWidget* make_asker(const protocol::Prompt& prompt, QWidget* parent);
/// What a prompt names beside documents: key, subject, names, attributes, label, what is lost.
[[nodiscard]] QWidget* make_terms(const protocol::Prompt& prompt,
                                  QWidget* parent); ///< nullptr if there is nothing

} // namespace mohr::desktop
