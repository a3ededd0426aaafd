// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/file_task.hpp"
#include "manager/parts.hpp"

class QProgressBar;
class QPushButton;

namespace mohr::desktop {

[[nodiscard]] QString action_word(FileAction action);
[[nodiscard]] QString action_icon(FileAction action);

/// One file task as the person sees it: what is done to which file, how far it is, and what came of it.
class FileRow final : public QFrame {
    Q_OBJECT
public:
    explicit FileRow(QWidget* parent);
    void show_task(const FileTask& task);

Q_SIGNALS:
    void cancelled();
    void content_wanted();

protected:
    void changeEvent(QEvent* event) override;

private:
    void retranslate();
    void show_state();
    [[nodiscard]] QString state_line() const;
    [[nodiscard]] QString result_icon() const;
    [[nodiscard]] QString problem_text() const;

    FileTask task_;
    QLabel* icon_;
    QLabel* name_;
    QLabel* state_;
    QLabel* warning_;
    QProgressBar* bar_;
    QPushButton* cancel_;
    QPushButton* folder_;
    QPushButton* content_;
    QFrame* details_ = nullptr;
};

} // namespace mohr::desktop
