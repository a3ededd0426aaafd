// SPDX-License-Identifier: Apache-2.0
#include "prompt/preview_pane.hpp"

#include "prompt/cards.hpp"
#include "shared/appearance.hpp"
#include "shared/foreign_text.hpp"
#include "shared/language.hpp"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QScrollArea>
#include <QScrollBar>
#include <QShortcut>
#include <QStackedLayout>
#include <QTextEdit>
#include <QTextOption>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace mohr::desktop {
namespace {

using preview::Form;
using Problem = PreviewProcess::Problem;

constexpr int view_height = 240;
constexpr int message_height = 48; ///< of one that stands for the whole document
constexpr int page_margin = 4;     ///< so that no scroll bar of the other direction appears
constexpr int start_delay =
    60; ///< milliseconds: the window comes first, and who runs through a list starts none
constexpr int resize_delay = 150;
constexpr double zoom_step = 1.25;
constexpr int min_zoom_steps = -3;
constexpr int max_zoom_steps = 6;

QString problem_text(Problem problem) {
    switch (problem) {
    case Problem::unknown_kind:
        return qtTrId("prompt.preview.unknownKind");
    case Problem::broken:
        return qtTrId("prompt.preview.broken");
    case Problem::encrypted:
        return qtTrId("prompt.preview.encrypted");
    case Problem::too_large:
        return qtTrId("prompt.preview.tooLarge");
    case Problem::slow:
        return qtTrId("prompt.preview.slow");
    case Problem::ended:
        break;
    }
    return qtTrId("prompt.preview.ended");
}

/// What a PDF holds beside its pages.
QStringList active_content(std::uint32_t notices) {
    const std::array names{std::pair{preview::notice_scripts, "prompt.preview.scripts"},
                           std::pair{preview::notice_forms, "prompt.preview.forms"},
                           std::pair{preview::notice_files, "prompt.preview.files"},
                           std::pair{preview::notice_revisions, "prompt.preview.revisions"},
                           std::pair{preview::notice_layers, "prompt.preview.layers"},
                           std::pair{preview::notice_actions, "prompt.preview.actions"}};
    QStringList found;
    for (const auto& [bit, name] : names)
        if ((notices & bit) != 0) found += qtTrId(name);
    return found;
}

QToolButton* tool(const QString& sign, const char* name, QWidget* parent) {
    auto* const button = new QToolButton(parent);
    button->setText(sign);
    button->setObjectName(QLatin1String(name));
    button->setFocusPolicy(Qt::TabFocus);
    button->setAutoRaise(true);
    return button;
}

} // namespace

PreviewPane::PreviewPane(const PreviewSource& source, QString media_type, QString name, QWidget* parent)
    : QWidget(parent), process_(source, media_type, this), media_type_(std::move(media_type)),
      name_(std::move(name)) {
    setObjectName(QStringLiteral("previewPane"));
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    add_bar();
    add_views();
    retranslate();
    connect(&process_, &PreviewProcess::opened, this, &PreviewPane::show_opened);
    connect(&process_, &PreviewProcess::text_ready, this, [this](quint32 page, const QString& text) {
        if (page == page_) show_text(text);
    });
    connect(&process_, &PreviewProcess::image_ready, this, [this](quint32 page, const QImage& image) {
        if (page == page_) show_image(image);
    });
    connect(&process_, &PreviewProcess::failed, this, &PreviewPane::show_problem);
    resized_.setSingleShot(true);
    resized_.setInterval(resize_delay);
    connect(&resized_, &QTimer::timeout, this, &PreviewPane::ask);
    begin_.setSingleShot(true);
    connect(&begin_, &QTimer::timeout, &process_, &PreviewProcess::start);
    begin_.start(start_delay);
}

void PreviewPane::add_views() {
    auto* const holder = new QWidget(this);
    holder->setFixedHeight(view_height);
    views_ = new QStackedLayout(holder);
    message_ = make_line(QString(), "muted", holder);
    message_->setAlignment(Qt::AlignCenter);
    message_->setObjectName(QStringLiteral("previewMessage"));
    text_ = new QTextEdit(holder);
    text_->setAcceptRichText(false);
    text_->setReadOnly(true);
    text_->setTabChangesFocus(true);
    text_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    text_->setObjectName(QStringLiteral("preview"));
    picture_ = new QLabel;
    picture_->setAlignment(Qt::AlignCenter);
    picture_->setObjectName(QStringLiteral("previewPage"));
    area_ = new QScrollArea(holder);
    area_->setFocusPolicy(Qt::StrongFocus);
    area_->setAlignment(Qt::AlignCenter);
    area_->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOn); // its width does not change with the page
    area_->setWidget(picture_);
    for (QWidget* view : std::initializer_list<QWidget*>{message_, text_, area_}) views_->addWidget(view);
    layout()->addWidget(holder);
}

void PreviewPane::add_bar() {
    bar_ = new QWidget(this);
    auto* const row = new QHBoxLayout(bar_);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    previous_ = tool(QString(), "previewPrevious", bar_);
    next_ = tool(QString(), "previewNext", bar_);
    previous_->setArrowType(Qt::LeftArrow);
    next_->setArrowType(Qt::RightArrow);
    smaller_ = tool(QStringLiteral("−"), "previewSmaller", bar_);
    larger_ = tool(QStringLiteral("+"), "previewLarger", bar_);
    place_ = make_line(QString(), "muted", bar_);
    place_->setObjectName(QStringLiteral("previewPlace"));
    place_->setWordWrap(false);
    for (QWidget* part : std::initializer_list<QWidget*>{previous_, place_, next_}) row->addWidget(part);
    row->addStretch(1);
    row->addWidget(smaller_);
    row->addWidget(larger_);
    layout()->addWidget(bar_);
    bar_->hide();
    connect(previous_, &QToolButton::clicked, this, [this] { turn(-1); });
    connect(next_, &QToolButton::clicked, this, [this] { turn(1); });
    connect(smaller_, &QToolButton::clicked, this, [this] { zoom(-1); });
    connect(larger_, &QToolButton::clicked, this, [this] { zoom(1); });
    const auto key = [this](const QKeySequence& keys, auto act) {
        auto* const shortcut = new QShortcut(keys, this);
        shortcut->setContext(Qt::WindowShortcut);
        connect(shortcut, &QShortcut::activated, this, act);
    };
    key(QKeySequence(Qt::CTRL | Qt::Key_PageDown), [this] { turn(1); });
    key(QKeySequence(Qt::CTRL | Qt::Key_PageUp), [this] { turn(-1); });
    key(QKeySequence(Qt::CTRL | Qt::Key_Plus), [this] { zoom(1); });
    key(QKeySequence(Qt::CTRL | Qt::Key_Equal), [this] { zoom(1); });
    key(QKeySequence(Qt::CTRL | Qt::Key_Minus), [this] { zoom(-1); });
}

void PreviewPane::changeEvent(QEvent* event) {
    if (event->type() == QEvent::LanguageChange) retranslate();
    QWidget::changeEvent(event);
}

void PreviewPane::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    if (pages_ > 0 && !image_.isNull()) resized_.start();
}

void PreviewPane::retranslate() {
    const std::array names{
        std::pair{previous_, "prompt.preview.previous"}, std::pair{next_, "prompt.preview.next"},
        std::pair{smaller_, "prompt.preview.smaller"}, std::pair{larger_, "prompt.preview.larger"}};
    for (const auto& [button, name] : names) {
        button->setAccessibleName(qtTrId(name));
        button->setToolTip(qtTrId(name));
    }
    if (layoutDirection() == Qt::RightToLeft) {
        previous_->setArrowType(Qt::RightArrow);
        next_->setArrowType(Qt::LeftArrow);
    }
    area_->setAccessibleName(qtTrId("prompt.preview"));
    text_->setAccessibleName(qtTrId("prompt.preview"));
    message_->setText(problem_ ? problem_text(*problem_) : qtTrId("prompt.preview.loading"));
    refresh_bar();
}

void PreviewPane::refresh_bar() {
    const bool drawn = form_ == Form::pages || form_ == Form::image;
    bar_->setVisible(pages_ > 1 || (pages_ > 0 && drawn));
    for (QWidget* part : std::initializer_list<QWidget*>{previous_, place_, next_})
        part->setVisible(pages_ > 1);
    previous_->setEnabled(page_ > 0);
    next_->setEnabled(page_ + 1 < pages_);
    smaller_->setVisible(drawn);
    larger_->setVisible(drawn);
    smaller_->setEnabled(zoom_steps_ > min_zoom_steps);
    larger_->setEnabled(zoom_steps_ < max_zoom_steps);
    const QString place = qtTrId("prompt.preview.page").arg(number_text(page_ + 1), number_text(pages_));
    place_->setText(place);
    picture_->setAccessibleName(qtTrId("prompt.preview.pageOf").arg(isolated(name_), place));
}

void PreviewPane::turn(int pages) {
    const auto wanted = static_cast<qint64>(page_) + pages;
    if (wanted < 0 || wanted >= static_cast<qint64>(pages_)) return;
    page_ = static_cast<std::uint32_t>(wanted);
    refresh_bar();
    ask();
}

void PreviewPane::zoom(int steps) {
    if (form_ == Form::text || form_ == Form::xml) return;
    zoom_steps_ = std::clamp(zoom_steps_ + steps, min_zoom_steps, max_zoom_steps);
    refresh_bar();
    ask();
}

void PreviewPane::ask() {
    if (pages_ > 0) process_.ask(page_, wanted_width());
}

std::uint32_t PreviewPane::wanted_width() const {
    // Of the view, which may not be on the screen yet.
    const int side = area_->verticalScrollBar()->sizeHint().width() + 2 * area_->frameWidth() + page_margin;
    const double width =
        (views_->parentWidget()->width() - side) * devicePixelRatioF() * std::pow(zoom_step, zoom_steps_);
    return static_cast<std::uint32_t>(std::clamp(width, 16.0, 1.0 * preview::max_page_side));
}

void PreviewPane::show_opened(Form form, quint32 pages, quint32 notices) {
    form_ = form;
    pages_ = pages;
    notices_ = notices;
    if (const QString text = notice_text(); !text.isEmpty()) {
        notice_ = make_notice(text, false, this);
        notice_->setObjectName(QStringLiteral("previewNotice"));
        static_cast<QVBoxLayout*>(layout())->insertWidget(0, notice_);
    }
    refresh_bar();
    ask();
}

QString PreviewPane::notice_text() const {
    QStringList lines;
    if (const QStringList found = active_content(notices_); !found.isEmpty())
        lines += qtTrId("prompt.preview.active").arg(QLocale().createSeparatedList(found));
    if ((notices_ & preview::notice_other_kind) != 0)
        lines += qtTrId("prompt.preview.otherKind").arg(isolated_ltr(media_type_));
    if ((notices_ & preview::notice_not_unicode) != 0) lines += qtTrId("prompt.preview.notUnicode");
    if ((notices_ & preview::notice_as_it_is) != 0) lines += qtTrId("prompt.preview.asItIs");
    if ((notices_ & preview::notice_cut) != 0) lines += qtTrId("prompt.preview.cut");
    return lines.join(QLatin1Char('\n'));
}

void PreviewPane::show_text(const QString& text) {
    problem_.reset();
    QTextOption option = text_->document()->defaultTextOption();
    option.setWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    // Each line in the direction of its own first letter, at the edge where that begins; source left to right.
    option.setTextDirection(form_ == Form::xml ? Qt::LeftToRight : Qt::LayoutDirectionAuto);
    text_->document()->setDefaultTextOption(option);
    text_->setLayoutDirection(form_ != Form::xml && text.isRightToLeft() ? Qt::RightToLeft : Qt::LeftToRight);
    text_->setPlainText(visible_lines(text));
    text_->verticalScrollBar()->setValue(0);
    views_->setCurrentWidget(text_);
}

void PreviewPane::show_image(const QImage& image) {
    problem_.reset();
    const bool first = std::exchange(image_, image).isNull();
    QPixmap pixels = QPixmap::fromImage(image);
    pixels.setDevicePixelRatio(devicePixelRatioF());
    picture_->setPixmap(pixels);
    picture_->adjustSize();
    if (first) area_->horizontalScrollBar()->setValue(0);
    area_->verticalScrollBar()->setValue(0);
    views_->setCurrentWidget(area_);
}

void PreviewPane::show_problem(Problem problem) {
    problem_ = problem;
    message_->setText(problem_text(problem));
    if (pages_ == 0) views_->parentWidget()->setFixedHeight(message_height);
    views_->setCurrentWidget(message_);
}

} // namespace mohr::desktop
