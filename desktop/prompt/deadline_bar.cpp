// SPDX-License-Identifier: Apache-2.0
#include "prompt/deadline_bar.hpp"

#include "prompt/cards.hpp"
#include "prompt/wording.hpp"
#include "shared/language.hpp"

#include <QAccessible>
#include <QLabel>
#include <QProgressBar>
#include <QVBoxLayout>
#include <algorithm>

namespace mohr::desktop {
namespace {
constexpr int ticks_per_second = 5;
constexpr int seldom_above = 60; // words change every ten seconds above, every second below
} // namespace

DeadlineBar::DeadlineBar(QWidget* parent)
    : QWidget(parent), bar_(new QProgressBar(this)), words_(make_line(QString(), "muted", this)) {
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    bar_->setTextVisible(false);
    bar_->setAccessibleName(qtTrId("prompt.deadline"));
    column->addWidget(bar_);
    column->addWidget(words_);
    words_->setText(QStringLiteral(" ")); // its height is part of the window's from the beginning
    timer_.setInterval(1000 / ticks_per_second);
    connect(&timer_, &QTimer::timeout, this, &DeadlineBar::tick);
}

void DeadlineBar::start(int seconds) {
    seconds_ = seconds;
    spoken_ = -1;
    bar_->setRange(0, seconds * ticks_per_second);
    since_.start();
    timer_.start();
    tick();
}

void DeadlineBar::wait(const QString& what) {
    timer_.stop();
    bar_->setRange(0, 0);
    bar_->setAccessibleName(what);
    words_->setText(what);
    QAccessibleEvent alert(words_, QAccessible::Alert);
    QAccessible::updateAccessibility(&alert);
}

void DeadlineBar::tick() {
    const qint64 left = std::max<qint64>(qint64(seconds_) * 1000 - since_.elapsed(), 0);
    bar_->setValue(static_cast<int>(left * ticks_per_second / 1000));
    int shown = static_cast<int>((left + 999) / 1000);
    if (shown > seldom_above) shown = (shown + 9) / 10 * 10;
    if (shown != spoken_) {
        spoken_ = shown;
        const QString words = qtTrId("prompt.deadline.left").arg(time_left_text(shown));
        words_->setText(words);
        bar_->setAccessibleDescription(words);
    }
    if (left > 0) return;
    timer_.stop();
    Q_EMIT over();
}

} // namespace mohr::desktop
