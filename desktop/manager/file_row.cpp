// SPDX-License-Identifier: Apache-2.0
#include "manager/file_row.hpp"

#include "manager/values.hpp"
#include "manager/verify_view.hpp"
#include "shared/appearance.hpp"
#include "shared/foreign_text.hpp"
#include "shared/language.hpp"

#include <QDesktopServices>
#include <QEvent>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QProgressBar>
#include <QPushButton>
#include <QUrl>
#include <QVBoxLayout>

namespace mohr::desktop {
namespace {

constexpr int gap = 8;
constexpr int wide_gap = 16;
constexpr int steps = 1000; ///< of the bar
constexpr QSize icon_size{32, 32};

QString file_name(const QString& path) {
    return isolated(QFileInfo(path).fileName());
}

} // namespace

QString action_word(FileAction action) {
    switch (action) {
    case FileAction::sign:
        return qtTrId("file.action.sign");
    case FileAction::verify:
        return qtTrId("file.action.verify");
    case FileAction::seal:
        return qtTrId("file.action.seal");
    case FileAction::open:
        break;
    }
    return qtTrId("file.action.open");
}

QString action_icon(FileAction action) {
    switch (action) {
    case FileAction::sign:
        return QStringLiteral("file-sign");
    case FileAction::verify:
        return QStringLiteral("file-verify");
    case FileAction::seal:
        return QStringLiteral("file-seal");
    case FileAction::open:
        break;
    }
    return QStringLiteral("file-open");
}

FileRow::FileRow(QWidget* parent)
    : QFrame(parent), icon_(new QLabel(this)), name_(text_label(this, QStringLiteral("strong"))),
      state_(text_label(this)), warning_(text_label(this, QStringLiteral("notice-warning"))),
      bar_(new QProgressBar(this)), cancel_(new QPushButton(this)), folder_(new QPushButton(this)),
      content_(new QPushButton(this)) {
    set_style_class(*this, QStringLiteral("card"));
    bar_->setTextVisible(false);
    auto* words = new QVBoxLayout;
    words->setSpacing(gap);
    words->addWidget(name_);
    words->addWidget(state_);
    words->addWidget(bar_);
    words->addWidget(warning_);
    auto* row = new QHBoxLayout;
    row->setSpacing(wide_gap);
    row->addWidget(icon_, 0, Qt::AlignTop);
    row->addLayout(words, 1);
    for (QPushButton* button : {content_, folder_, cancel_}) row->addWidget(button, 0, Qt::AlignTop);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(wide_gap, wide_gap, wide_gap, wide_gap);
    column->setSpacing(wide_gap);
    column->addLayout(row);
    connect(cancel_, &QPushButton::clicked, this, &FileRow::cancelled);
    connect(content_, &QPushButton::clicked, this, &FileRow::content_wanted);
    connect(folder_, &QPushButton::clicked, this, [this] {
        QDesktopServices::openUrl(QUrl::fromLocalFile(QFileInfo(task_.output).absolutePath()));
    });
}

void FileRow::show_task(const FileTask& task) {
    const bool other_state = task.state != task_.state || task.id != task_.id;
    task_ = task;
    if (other_state)
        retranslate();
    else
        show_state();
}

void FileRow::retranslate() {
    cancel_->setText(qtTrId("common.cancel"));
    folder_->setText(qtTrId("file.folder"));
    content_->setText(qtTrId("verify.chooseContent"));
    name_->setText(qtTrId("file.row").arg(action_word(task_.action), file_name(task_.input)));
    cancel_->setAccessibleName(qtTrId("file.cancel").arg(file_name(task_.input)));
    delete details_;
    details_ = nullptr;
    const bool done = task_.state == FileTask::State::done;
    if (done && task_.action == FileAction::verify) {
        details_ = new VerifyView(this, task_);
        layout()->addWidget(details_);
    }
    const bool open_to_tampering = done && task_.action == FileAction::open &&
                                   member(task_.result, "authenticated").is_boolean() &&
                                   !flag_member(task_.result, "authenticated");
    warning_->setText(open_to_tampering ? qtTrId("file.unauthenticated") : QString());
    warning_->setVisible(open_to_tampering);
    show_state();
    announce(*state_);
}

void FileRow::show_state() {
    const bool running = task_.state == FileTask::State::running;
    const bool done = task_.state == FileTask::State::done;
    icon_->setPixmap(icon_named(result_icon()).pixmap(icon_size, devicePixelRatioF()));
    state_->setText(state_line());
    bar_->setAccessibleName(name_->text());
    bar_->setRange(0, steps);
    const double share =
        task_.total > 0 ? static_cast<double>(task_.done) / static_cast<double>(task_.total) : 0;
    bar_->setValue(static_cast<int>(std::min(1.0, share) * steps));
    bar_->setVisible(running);
    cancel_->setVisible(running || task_.state == FileTask::State::waiting);
    folder_->setVisible(done && !task_.output.isEmpty());
    content_->setVisible(task_.state == FileTask::State::failed && lacks_content(task_));
}

QString FileRow::result_icon() const {
    switch (task_.state) {
    case FileTask::State::done:
        break;
    case FileTask::State::failed:
        return QStringLiteral("result-danger");
    case FileTask::State::cancelled:
        return QStringLiteral("result-neutral");
    default:
        return action_icon(task_.action);
    }
    if (task_.action != FileAction::verify) return QStringLiteral("result-good");
    switch (verdict_of(task_)) {
    case VerifyVerdict::invalid:
        return QStringLiteral("result-danger");
    case VerifyVerdict::intact:
        return QStringLiteral("result-warning");
    case VerifyVerdict::good:
        break;
    }
    return QStringLiteral("result-good");
}

QString FileRow::problem_text() const {
    if (!task_.failure) return {};
    const Failure& failure = *task_.failure;
    if (lacks_content(task_)) return qtTrId("verify.contentMissing");
    if (failure.code == QLatin1String("file_unreadable"))
        return qtTrId("file.problem.unreadable").arg(file_name(failure.detail));
    if (failure.code == QLatin1String("file_unwritable"))
        return qtTrId("file.problem.unwritable").arg(file_name(failure.detail));
    if (failure.code == QLatin1String("file_taken"))
        return qtTrId("file.problem.taken").arg(file_name(failure.detail));
    return failure_text(failure);
}

QString FileRow::state_line() const {
    switch (task_.state) {
    case FileTask::State::waiting:
        return qtTrId("file.state.waiting");
    case FileTask::State::asking:
        return qtTrId("file.state.asking").arg(file_name(task_.output));
    case FileTask::State::running:
        if (task_.done == 0) return qtTrId("file.state.begun");
        return qtTrId("file.state.running")
            .arg(size_text(task_.done), size_text(std::max(task_.done, task_.total)));
    case FileTask::State::done:
        break;
    case FileTask::State::failed:
        return problem_text();
    case FileTask::State::cancelled:
        return qtTrId("file.state.cancelled");
    }
    if (task_.action == FileAction::verify) return verdict_text(verdict_of(task_));
    return qtTrId("file.saved").arg(file_name(task_.output));
}

void FileRow::changeEvent(QEvent* event) {
    if (event->type() == QEvent::LanguageChange) retranslate();
    QFrame::changeEvent(event);
}

} // namespace mohr::desktop
