// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QFrame>
#include <QTimer>
#include <functional>

class QLabel;
class QPushButton;

namespace mohr::desktop {

/// One sentence at the foot of the window: something done, something failed, or something that can still be undone.
class NoticeBar : public QFrame {
    Q_OBJECT
public:
    explicit NoticeBar(QWidget* parent = nullptr);

    void say(const QString& text);
    void complain(const QString& text);
    void offer_undo(const QString& text, std::function<void()> commit, std::function<void()> undone);
    /// Does now what is still waiting for its ten seconds.
    void settle();

protected:
    void changeEvent(QEvent* event) override;

private:
    void show_text(const QString& text, const QString& style, bool undo);
    void undo();
    void retranslate();

    QLabel* text_;
    QPushButton* undo_;
    QPushButton* close_;
    QTimer timer_;
    std::function<void()> commit_;
    std::function<void()> undone_;
};

} // namespace mohr::desktop
