// SPDX-License-Identifier: Apache-2.0
#include "manager/notice_bar.hpp"

#include "shared/appearance.hpp"

#include <QAccessible>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <chrono>
#include <utility>

namespace mohr::desktop {
namespace {

constexpr std::chrono::seconds say_time{8};
constexpr std::chrono::seconds undo_time{10};

} // namespace

NoticeBar::NoticeBar(QWidget* parent)
    : QFrame(parent), text_(new QLabel), undo_(new QPushButton), close_(new QPushButton) {
    text_->setTextFormat(Qt::PlainText);
    text_->setWordWrap(true);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(16, 8, 8, 8);
    row->setSpacing(8);
    row->addWidget(text_, 1);
    row->addWidget(undo_);
    row->addWidget(close_);
    timer_.setSingleShot(true);
    connect(&timer_, &QTimer::timeout, this, [this] {
        settle();
        hide();
    });
    connect(undo_, &QPushButton::clicked, this, &NoticeBar::undo);
    connect(close_, &QPushButton::clicked, this, [this] {
        timer_.stop();
        settle();
        hide();
    });
    retranslate();
    hide();
}

void NoticeBar::say(const QString& text) {
    show_text(text, QStringLiteral("card"), false);
    timer_.start(say_time);
}

void NoticeBar::complain(const QString& text) {
    show_text(text, QStringLiteral("notice-danger"), false);
    timer_.stop();
}

void NoticeBar::offer_undo(const QString& text, std::function<void()> commit, std::function<void()> undone) {
    show_text(text, QStringLiteral("card"), true);
    commit_ = std::move(commit);
    undone_ = std::move(undone);
    timer_.start(undo_time);
}

void NoticeBar::settle() {
    undone_ = nullptr;
    if (const auto commit = std::exchange(commit_, nullptr)) commit();
}

void NoticeBar::undo() {
    timer_.stop();
    commit_ = nullptr;
    hide();
    if (const auto undone = std::exchange(undone_, nullptr)) undone();
}

void NoticeBar::show_text(const QString& text, const QString& style, bool undo) {
    settle();
    set_style_class(*this, style);
    text_->setText(text);
    undo_->setVisible(undo);
    close_->setVisible(!undo);
    show();
    QAccessibleEvent event(text_, QAccessible::Alert);
    QAccessible::updateAccessibility(&event);
}

void NoticeBar::changeEvent(QEvent* event) {
    if (event->type() == QEvent::LanguageChange) retranslate();
    QFrame::changeEvent(event);
}

void NoticeBar::retranslate() {
    undo_->setText(qtTrId("manager.undo"));
    close_->setText(qtTrId("common.close"));
}

} // namespace mohr::desktop
