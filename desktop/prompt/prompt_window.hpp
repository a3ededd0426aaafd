// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "prompt/answer.hpp"
#include "prompt/documents_card.hpp"
#include "prompt/mark_strip.hpp"
#include <mohr/protocol/prompt.hpp>

#include <QWidget>

class QLabel;
class QPushButton;
class QScrollArea;
class QVBoxLayout;

namespace mohr::desktop {

class CertificatePicker;
class Confirmation;
class DeadlineBar;
class FileChooser;
class InputGate;
class MarkEditor;
class PinSection;
class WindowOffer;
class WrappedCheck;

/// One question to the person: the mark, who asks, for what, with what; the answer once, or again where the core says
/// why the last one would not do.
class PromptWindow : public QWidget {
    Q_OBJECT
public:
    PromptWindow(protocol::Prompt prompt, Previews previews, const Mark& mark);
    ~PromptWindow() override;

    [[nodiscard]] const protocol::Prompt& prompt() const noexcept { return prompt_; }
    /// The same question again, with what was wrong with the answer.
    void ask_again(const protocol::Prompt& prompt);
    void appear();

Q_SIGNALS:
    void on_screen();
    /// Exactly once until ask_again.
    void answered(mohr::desktop::Answer& answer);

protected:
    void paintEvent(QPaintEvent* event) override;
    void closeEvent(QCloseEvent* event) override;

private:
    void fill_body();
    void fill_footer(QVBoxLayout& footer);
    void add_choices();
    void update_confirmation();
    void fit_to_screen();
    [[nodiscard]] bool is_complete() const;
    void refresh();
    void on_the_screen();
    void accept();
    void refuse();
    void send(Answer answer);
    [[nodiscard]] Answer collected() const;

    protocol::Prompt prompt_;
    Previews previews_;
    Mark mark_;
    InputGate* gate_;
    bool compact_; ///< a small screen, or a large scale
    bool pins_in_body_ = false;
    MarkStrip* strip_;
    QScrollArea* scroll_;
    QWidget* body_;
    QVBoxLayout* rows_;
    QWidget* footer_;
    PinSection* pins_ = nullptr;
    CertificatePicker* certificates_ = nullptr;
    WindowOffer* offer_ = nullptr;
    WrappedCheck* remember_ = nullptr;
    FileChooser* file_ = nullptr;
    MarkEditor* editor_ = nullptr;
    Confirmation* losses_ = nullptr;
    Confirmation* confirmation_ = nullptr;
    DeadlineBar* deadline_ = nullptr;
    QPushButton* accept_ = nullptr;
    QPushButton* refuse_ = nullptr;
    bool open_ = true; ///< an answer can still be given
    bool painted_ = false;
};

} // namespace mohr::desktop
