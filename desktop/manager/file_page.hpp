// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/certificate_entry.hpp"
#include "manager/file_queue.hpp"
#include "manager/page.hpp"
#include "manager/parts.hpp"

#include <array>
#include <map>

class QCheckBox;
class QPushButton;
class QVBoxLayout;

namespace mohr::desktop {

class FileRow;

/// Files: sign, verify, seal, open. Verbs: those four with their files, and "drop" with files for which the person
/// has still to say what is wanted.
class FilePage final : public Page {
    Q_OBJECT
public:
    explicit FilePage(Shell& shell);
    [[nodiscard]] QString title() const override;
    void refresh() override;
    void perform(const QString& verb, const QStringList& files) override;

protected:
    void retranslate() override;

private:
    [[nodiscard]] QWidget* make_drop_card();
    [[nodiscard]] QWidget* make_anchor_card();
    void show_dropped();
    void show_anchors();
    void choose_files(FileAction action);
    void begin(FileAction action, const QStringList& files);
    void seal(const QStringList& files);
    void add_anchors();
    [[nodiscard]] std::vector<Certificate> anchors() const;
    void ask_where(int id);
    void task_changed(int id);
    [[nodiscard]] FileRow* row_of(int id);
    void show_clear();

    FileQueue queue_;
    QStringList dropped_;
    std::vector<CertificateEntry> own_;
    std::vector<Certificate> added_anchors_;

    QLabel* picture_ = nullptr;
    QLabel* heading_ = nullptr;
    QLabel* about_ = nullptr;
    std::array<QPushButton*, 4> buttons_{};
    QPushButton* forget_ = nullptr;
    QCheckBox* attached_ = nullptr;
    QLabel* anchors_title_ = nullptr;
    QLabel* anchors_text_ = nullptr;
    QPushButton* add_anchor_ = nullptr;
    QPushButton* clear_ = nullptr;
    QVBoxLayout* list_ = nullptr;
    std::map<int, FileRow*> rows_;
};

} // namespace mohr::desktop
