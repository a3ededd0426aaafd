// SPDX-License-Identifier: Apache-2.0
#include "manager/file_page.hpp"

#include "manager/control_client.hpp"
#include "manager/file_row.hpp"
#include "manager/recipient_sheet.hpp"
#include "manager/shell.hpp"
#include "shared/appearance.hpp"
#include "shared/foreign_text.hpp"
#include "shared/language.hpp"

#include <nlohmann/json.hpp>

#include <QCheckBox>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>
#include <algorithm>

namespace mohr::desktop {
namespace {

constexpr int gap = 8;
constexpr int wide_gap = 16;
constexpr QSize picture_size{48, 48};
constexpr std::array all_actions{FileAction::sign, FileAction::verify, FileAction::seal, FileAction::open};
constexpr qsizetype max_listed_names = 5;

QString file_name(const QString& path) {
    return isolated(QFileInfo(path).fileName());
}

QString names_of(const QStringList& files) {
    QStringList names;
    for (const QString& file : files.mid(0, max_listed_names)) names << file_name(file);
    QString text = names.join(qtTrId("common.separator"));
    if (files.size() > max_listed_names)
        text = qtTrId("file.andMore").arg(text, number_text(files.size() - max_listed_names));
    return text;
}

} // namespace

FilePage::FilePage(Shell& shell) : Page(shell), queue_(shell.client()) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(wide_gap);
    column->addWidget(make_drop_card());
    list_ = new QVBoxLayout;
    list_->setSpacing(gap);
    column->addLayout(list_);
    clear_ = new QPushButton(this);
    column->addWidget(clear_, 0, Qt::AlignLeading);
    column->addWidget(make_anchor_card());
    column->addStretch(1);
    connect(clear_, &QPushButton::clicked, &queue_, &FileQueue::clear_finished);
    connect(&queue_, &FileQueue::changed, this, &FilePage::task_changed);
    connect(&queue_, &FileQueue::exists, this, &FilePage::ask_where);
    connect(&queue_, &FileQueue::removed, this, [this](int id) {
        const auto row = rows_.find(id);
        if (row == rows_.end()) return;
        row->second->deleteLater();
        rows_.erase(row);
        show_clear();
    });
    FilePage::retranslate();
}

QString FilePage::title() const {
    return qtTrId("file.title");
}

QWidget* FilePage::make_drop_card() {
    QFrame* frame = card(this);
    picture_ = new QLabel(frame);
    picture_->setPixmap(icon_named(QStringLiteral("file-drop")).pixmap(picture_size, devicePixelRatioF()));
    heading_ = text_label(frame, QStringLiteral("title"));
    about_ = text_label(frame, QStringLiteral("muted"));
    auto* words = new QVBoxLayout;
    words->setSpacing(gap);
    words->addWidget(heading_);
    words->addWidget(about_);
    auto* head = new QHBoxLayout;
    head->setSpacing(wide_gap);
    head->addWidget(picture_, 0, Qt::AlignTop);
    head->addLayout(words, 1);
    auto* row = new QHBoxLayout;
    row->setSpacing(gap);
    for (std::size_t i = 0; i < all_actions.size(); ++i) {
        const FileAction action = all_actions.at(i);
        buttons_.at(i) = new QPushButton(icon_named(action_icon(action)), {}, frame);
        buttons_.at(i)->setIconSize({20, 20});
        row->addWidget(buttons_.at(i));
        connect(buttons_.at(i), &QPushButton::clicked, this, [this, action] { choose_files(action); });
    }
    forget_ = new QPushButton(frame);
    row->addStretch(1);
    row->addWidget(forget_);
    connect(forget_, &QPushButton::clicked, this, [this] {
        dropped_.clear();
        show_dropped();
    });
    attached_ = new QCheckBox(frame);
    layout_of(frame)->addLayout(head);
    layout_of(frame)->addLayout(row);
    layout_of(frame)->addWidget(attached_);
    return frame;
}

QWidget* FilePage::make_anchor_card() {
    QFrame* frame = card(this);
    anchors_title_ = text_label(frame, QStringLiteral("strong"));
    anchors_text_ = text_label(frame, QStringLiteral("muted"));
    add_anchor_ = new QPushButton(frame);
    auto* words = new QVBoxLayout;
    words->setSpacing(0);
    words->addWidget(anchors_title_);
    words->addWidget(anchors_text_);
    auto* row = new QHBoxLayout;
    row->setSpacing(wide_gap);
    row->addLayout(words, 1);
    row->addWidget(add_anchor_);
    layout_of(frame)->addLayout(row);
    connect(add_anchor_, &QPushButton::clicked, this, &FilePage::add_anchors);
    return frame;
}

void FilePage::retranslate() {
    forget_->setText(qtTrId("common.cancel"));
    attached_->setText(qtTrId("file.attached"));
    attached_->setToolTip(qtTrId("file.attached.about"));
    clear_->setText(qtTrId("file.clear"));
    anchors_title_->setText(qtTrId("verify.anchors"));
    add_anchor_->setText(qtTrId("verify.anchors.add"));
    show_dropped();
    show_anchors();
    show_clear();
}

void FilePage::show_dropped() {
    const bool none = dropped_.isEmpty();
    heading_->setText(none ? qtTrId("file.drop") : qtTrId("file.dropped").arg(number_text(dropped_.size())));
    about_->setText(none ? qtTrId("file.drop.about") : names_of(dropped_));
    forget_->setVisible(!none);
    for (std::size_t i = 0; i < all_actions.size(); ++i) {
        const bool likely = !none && likely_action(dropped_.first()) == all_actions.at(i);
        buttons_.at(i)->setText(none ? qtTrId("file.choose").arg(action_word(all_actions.at(i)))
                                     : action_word(all_actions.at(i)));
        set_style_class(*buttons_.at(i), likely ? QStringLiteral("primary") : QString());
    }
}

void FilePage::refresh() {
    shell().client().request(this, "key.list", [this](const Reply& reply) {
        if (!reply) return;
        own_ = certificate_entries(*reply);
        show_anchors();
    });
}

std::vector<Certificate> FilePage::anchors() const {
    std::vector<Certificate> out = added_anchors_;
    for (const CertificateEntry& entry : own_) {
        if (entry.chain.empty()) continue;
        const Certificate& root = entry.chain.back();
        const bool known = std::any_of(out.begin(), out.end(),
                                       [&root](const Certificate& one) { return one.der() == root.der(); });
        if (!known && root.is_authority()) out.push_back(root);
    }
    return out;
}

void FilePage::show_anchors() {
    QStringList names;
    for (const Certificate& anchor : anchors()) names << isolated(to_text(anchor.common_name()));
    anchors_text_->setText(names.isEmpty()
                               ? qtTrId("verify.anchors.none")
                               : qtTrId("verify.anchors.about").arg(names.join(qtTrId("common.separator"))));
}

void FilePage::add_anchors() {
    ask_for_files(window(), qtTrId("verify.anchors.add"), qtTrId("certificate.import.filter"), true,
                  [this](const QStringList& paths) {
                      QString problem;
                      for (Certificate& certificate : certificates_in(paths, problem))
                          if (certificate.is_authority())
                              added_anchors_.push_back(std::move(certificate));
                          else if (problem.isEmpty())
                              problem = qtTrId("verify.anchors.noAuthority");
                      if (!problem.isEmpty()) shell().complain(problem);
                      show_anchors();
                  });
}

void FilePage::perform(const QString& verb, const QStringList& files) {
    if (const auto action = file_action(verb)) return begin(*action, files);
    if (verb != QLatin1String("drop")) return;
    dropped_ = files;
    show_dropped();
}

void FilePage::choose_files(FileAction action) {
    if (!dropped_.isEmpty()) return begin(action, std::exchange(dropped_, {}));
    const bool signatures = action == FileAction::verify;
    const bool sealed = action == FileAction::open;
    const QString filter = signatures ? qtTrId("file.filter.signatures")
                           : sealed   ? qtTrId("file.filter.sealed")
                                      : qtTrId("file.filter.all");
    ask_for_files(window(), action_word(action), filter, true,
                  [this, action](const QStringList& files) { begin(action, files); });
}

void FilePage::begin(FileAction action, const QStringList& files) {
    show_dropped();
    // Own certificates are anchors and recipients: known first, even when a file came with the start.
    shell().client().request(this, "key.list", [this, action, files](const Reply& reply) {
        if (reply) own_ = certificate_entries(*reply);
        show_anchors();
        if (action == FileAction::seal) return seal(files);
        for (const QString& file : files) {
            FileTask task;
            task.action = action;
            task.input = file;
            task.attached = attached_->isChecked();
            task.output = default_output(action, file, task.attached);
            if (action == FileAction::verify) task.anchors = anchors();
            queue_.add(std::move(task));
        }
    });
}

void FilePage::seal(const QStringList& files) {
    auto* sheet = new RecipientSheet(window(), own_);
    connect(sheet, &QDialog::accepted, this, [this, sheet, files] {
        for (const QString& file : files) {
            FileTask task;
            task.action = FileAction::seal;
            task.input = file;
            task.output = default_output(FileAction::seal, file, false);
            task.recipients = sheet->recipients();
            queue_.add(std::move(task));
        }
    });
    sheet->open();
}

void FilePage::ask_where(int id) {
    const FileTask* task = queue_.find(id);
    if (task == nullptr) return;
    const QString other = free_name(task->output);
    auto* sheet = new Sheet(window(), qtTrId("file.exists"), qtTrId("file.exists.other"));
    sheet->reject_button()->setText(qtTrId("file.exists.skip"));
    QLabel* text = text_label(sheet);
    text->setText(qtTrId("file.exists.about").arg(file_name(task->output), file_name(other)));
    auto* replace = new QPushButton(qtTrId("file.exists.replace"), sheet);
    set_style_class(*replace, QStringLiteral("danger"));
    replace->setAutoDefault(false);
    sheet->body()->addWidget(text);
    sheet->body()->addWidget(replace, 0, Qt::AlignLeading);
    connect(sheet, &QDialog::accepted, this, [this, id, other] { queue_.go_on(id, other, false); });
    connect(sheet, &QDialog::rejected, this, [this, id] { queue_.cancel(id); });
    connect(replace, &QPushButton::clicked, this, [this, sheet, id, output = task->output] {
        disconnect(sheet, nullptr, this, nullptr);
        queue_.go_on(id, output, true);
        sheet->close();
    });
    sheet->open();
}

FileRow* FilePage::row_of(int id) {
    if (const auto found = rows_.find(id); found != rows_.end()) return found->second;
    auto* row = new FileRow(this);
    list_->insertWidget(0, row);
    rows_.emplace(id, row);
    connect(row, &FileRow::cancelled, this, [this, id] { queue_.cancel(id); });
    connect(row, &FileRow::content_wanted, this, [this, id] {
        ask_for_files(window(), qtTrId("verify.chooseContent"), qtTrId("file.filter.all"), false,
                      [this, id](const QStringList& files) { queue_.again(id, files.value(0)); });
    });
    return row;
}

void FilePage::task_changed(int id) {
    const FileTask* task = queue_.find(id);
    if (task == nullptr) return;
    row_of(id)->show_task(*task);
    show_clear();
}

void FilePage::show_clear() {
    const auto& tasks = queue_.tasks();
    clear_->setVisible(std::any_of(tasks.begin(), tasks.end(), [](const FileTask& task) {
        return task.state == FileTask::State::done || task.state == FileTask::State::failed ||
               task.state == FileTask::State::cancelled;
    }));
}

} // namespace mohr::desktop
