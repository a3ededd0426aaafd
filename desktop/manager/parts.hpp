// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDialog>
#include <QFrame>
#include <QIcon>
#include <QLabel>
#include <functional>

class QDialogButtonBox;
class QProgressBar;
class QPushButton;
class QVBoxLayout;

/// Small widgets that the pages of token, certificates and files are made of.
namespace mohr::desktop {

/// A text that is asked for again when the language changes.
using TextSource = std::function<QString()>;

/// One of our SVG icons by its name.
[[nodiscard]] QIcon icon_named(const QString& name);
/// Wraps, plain text whatever it holds; `style` as in set_style_class().
[[nodiscard]] QLabel* text_label(QWidget* parent, const QString& style = {});
/// A card with a vertical layout.
[[nodiscard]] QFrame* card(QWidget* parent);
[[nodiscard]] QVBoxLayout* layout_of(QFrame* card);
/// Tells a screen reader what has just happened, and that the label shows it.
void announce(QLabel& label);

/// What goes on just now, with a bar and a way out.
class Busy final : public QFrame {
    Q_OBJECT
public:
    explicit Busy(QWidget* parent);
    /// Shows the bar without an end; `on_cancel` may be empty.
    void begin(TextSource text, std::function<void()> on_cancel);
    void end();

protected:
    void changeEvent(QEvent* event) override;

private:
    void retranslate();
    QLabel* label_;
    QProgressBar* bar_;
    QPushButton* cancel_;
    TextSource text_;
    std::function<void()> on_cancel_;
};

/// What a dialog of ours has in common: a body, and buttons with our words. It deletes itself when it is closed.
class Sheet : public QDialog {
    Q_OBJECT
public:
    Sheet(QWidget* parent, const QString& title, const QString& accept_text);
    [[nodiscard]] QVBoxLayout* body() const { return body_; }
    [[nodiscard]] QPushButton* accept_button() const { return accept_; }
    [[nodiscard]] QPushButton* reject_button() const { return reject_; }

protected:
    void showEvent(QShowEvent* event) override;

private:
    QVBoxLayout* body_;
    QPushButton* accept_;
    QPushButton* reject_;
};

/// File choosers that do not hold the program up. `on_chosen` is called once, or never.
void ask_for_files(QWidget* parent, const QString& title, const QString& filter, bool several,
                   std::function<void(const QStringList&)> on_chosen);
void ask_where_to_save(QWidget* parent, const QString& title, const QString& suggested, const QString& filter,
                       std::function<void(const QString&)> on_chosen);

} // namespace mohr::desktop
