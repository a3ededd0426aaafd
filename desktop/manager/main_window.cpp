// SPDX-License-Identifier: Apache-2.0
#include "manager/main_window.hpp"

#include "manager/control_client.hpp"
#include "manager/interface_settings.hpp"
#include "manager/look.hpp"
#include "manager/notice_bar.hpp"
#include "manager/page.hpp"
#include "manager/pages.hpp"
#include "manager/question.hpp"
#include "manager/service_state.hpp"
#include "manager/service_switch.hpp"
#include "shared/appearance.hpp"
#include "shared/foreign_text.hpp"

#include <QCloseEvent>
#include <QHBoxLayout>
#include <QIcon>
#include <QLabel>
#include <QListWidget>
#include <QMimeData>
#include <QResizeEvent>
#include <QScreen>
#include <QScrollArea>
#include <QSignalBlocker>
#include <QStackedWidget>
#include <QUrl>
#include <QVBoxLayout>

namespace mohr::desktop {
namespace {

constexpr QSize first_size{1120, 680};
constexpr QSize least_size{480, 320};
constexpr QSize frame_room{16, 48}; ///< what a window manager puts around
constexpr int side_bar_width = 232;
constexpr int narrow_side_bar = 72;
constexpr int narrow_window = 760; ///< below it the side bar shows icons only
constexpr int max_dropped_files = 500;

} // namespace

MainWindow::MainWindow(ControlClient& client, ServiceState& state, InterfaceSettings& settings,
                       Permission& permission, Notifier& notifier)
    : client_(client), state_(state), settings_(settings), permission_(permission), notifier_(notifier),
      stack_(new QStackedWidget), notice_(new NoticeBar) {
    setAcceptDrops(true);
    setMinimumSize(least_size);
    resize(first_size.boundedTo(screen()->availableSize() - frame_room));
    auto* content = new QWidget;
    content->setObjectName(QStringLiteral("content"));
    auto* column = new QVBoxLayout(content);
    column->setContentsMargins(24, 24, 24, 16);
    column->setSpacing(8);
    column->addWidget(stack_, 1);
    column->addWidget(notice_);
    auto* right = new QVBoxLayout;
    right->setSpacing(0);
    right->addWidget(make_header());
    right->addWidget(content, 1);
    auto* centre = new QWidget;
    auto* row = new QHBoxLayout(centre);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    row->addWidget(make_side_bar());
    row->addLayout(right, 1);
    setCentralWidget(centre);

    connect(&state, &ServiceState::changed, this, &MainWindow::show_state);
    connect(&state, &ServiceState::failed, this,
            [this](const Failure& failure) { complain(failure_text(failure)); });
    connect(&settings, &InterfaceSettings::changed, this, &MainWindow::apply_look);
    connect(&settings, &InterfaceSettings::failed, this,
            [this](const Failure& failure) { complain(failure_text(failure)); });
    connect(&client, &ControlClient::connected_changed, this, [this](bool connected) {
        if (Page* page = current_page(); page && connected && isVisible()) page->refresh();
    });
    apply_look();
    retranslate();
    side_bar_->setCurrentRow(0);
}

QWidget* MainWindow::make_side_bar() {
    auto* bar = new QFrame;
    bar_ = bar;
    bar->setObjectName(QStringLiteral("sideBar"));
    auto* mark = new QLabel;
    mark->setPixmap(QIcon(QStringLiteral(":/icons/mohr.svg")).pixmap(32, 32));
    name_ = new QLabel;
    set_style_class(*name_, QStringLiteral("title"));
    auto* head = new QHBoxLayout;
    head->setContentsMargins(16, 16, 16, 8);
    head->addWidget(mark);
    head->addWidget(name_, 1);
    side_bar_ = new QListWidget;
    side_bar_->setIconSize({20, 20});
    side_bar_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    for (const PageEntry& entry : page_entries()) {
        auto* item = new QListWidgetItem;
        side_bar_->addItem(item);
        item->setHidden(!entry.listed);
    }
    connect(side_bar_, &QListWidget::currentRowChanged, this, [this](int row) {
        if (row >= 0) show_page(page_entries().at(static_cast<std::size_t>(row)).id);
    });
    auto* column = new QVBoxLayout(bar);
    column->setContentsMargins(0, 0, 0, 8);
    column->addLayout(head);
    column->addWidget(side_bar_, 1);
    return bar;
}

QWidget* MainWindow::make_header() {
    auto* header = new QFrame;
    header->setObjectName(QStringLiteral("header"));
    heading_ = new QLabel;
    set_style_class(*heading_, QStringLiteral("title"));
    state_text_ = new QLabel;
    state_text_->setTextFormat(Qt::PlainText);
    switch_ = new ServiceSwitch;
    // Not clicked(): assistive technology toggles without a click.
    connect(switch_, &QAbstractButton::toggled, this, [this] {
        show_state(); // it turns when the core says so
        toggle_service();
    });
    auto* row = new QHBoxLayout(header);
    row->setContentsMargins(24, 12, 24, 12);
    row->setSpacing(12);
    row->addWidget(heading_, 1);
    row->addWidget(state_text_);
    row->addWidget(switch_);
    return header;
}

Page* MainWindow::page_for(const QString& id) {
    if (const auto found = pages_.find(id); found != pages_.end()) return found->second;
    for (const PageEntry& entry : page_entries()) {
        if (entry.id != id) continue;
        Page* page = entry.make(*this);
        auto* scroll = new QScrollArea;
        scroll->setWidgetResizable(true);
        scroll->setFocusPolicy(Qt::NoFocus);
        set_style_class(*page, QStringLiteral("page"));
        page->setAttribute(Qt::WA_StyledBackground);
        scroll->setWidget(page);
        scroll->setFrameShape(QFrame::NoFrame);
        stack_->addWidget(scroll);
        pages_.emplace(id, page);
        return page;
    }
    return nullptr;
}

Page* MainWindow::current_page() const {
    auto* scroll = qobject_cast<QScrollArea*>(stack_->currentWidget());
    return scroll ? qobject_cast<Page*>(scroll->widget()) : nullptr;
}

void MainWindow::show_page(const QString& id) {
    Page* page = page_for(id);
    if (!page) return;
    for (int i = 0; i < stack_->count(); ++i)
        if (auto* scroll = qobject_cast<QScrollArea*>(stack_->widget(i)); scroll && scroll->widget() == page)
            stack_->setCurrentIndex(i);
    heading_->setText(page->title());
    page->refresh();
}

void MainWindow::open(const QString& page, const QString& verb, const QStringList& arguments) {
    const auto& entries = page_entries();
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (entries[i].id != page) continue;
        if (side_bar_->currentRow() == static_cast<int>(i))
            show_page(page); // it is read again all the same
        else
            side_bar_->setCurrentRow(static_cast<int>(i));
    }
    if (Page* shown = page_for(page); shown && !verb.isEmpty()) shown->perform(verb, arguments);
}

void MainWindow::say(const QString& text) {
    notice_->say(text);
}

void MainWindow::complain(const QString& text) {
    notice_->complain(text);
}

void MainWindow::offer_undo(const QString& text, std::function<void()> commit, std::function<void()> undone) {
    notice_->offer_undo(text, std::move(commit), std::move(undone));
}

void MainWindow::settle() {
    notice_->settle();
}

void MainWindow::come_forward() {
    setWindowState(windowState() & ~Qt::WindowMinimized);
    show();
    raise();
    activateWindow();
}

void MainWindow::toggle_service() {
    const auto& status = state_.status();
    if (!status) return;
    if (!status->running) return state_.set_running(true);
    if (!status->asking) return state_.set_running(false);
    come_forward();
    const QString who = status->asking->origin.isEmpty() ? qtTrId("manager.thisComputer")
                                                         : isolated_ltr(status->asking->origin);
    ask(*this, {qtTrId("manager.stop.openRequest").arg(who), qtTrId("manager.stop.anyway"), true},
        [this] { state_.set_running(false); });
}

void MainWindow::show_state() {
    state_text_->setText(state_.name());
    state_text_->setToolTip(state_.explanation());
    const QSignalBlocker blocker(switch_);
    switch_->setEnabled(state_.reachable());
    switch_->setChecked(state_.running());
    switch_->setAccessibleName(state_.name());
    switch_->setAccessibleDescription(state_.explanation());
    switch_->setToolTip(state_.running() ? qtTrId("manager.switch.off") : qtTrId("manager.switch.on"));
}

void MainWindow::apply_look() {
    setStyleSheet(manager_style_sheet());
    const auto& entries = page_entries();
    for (std::size_t i = 0; i < entries.size(); ++i)
        side_bar_->item(static_cast<int>(i))->setIcon(tinted_icon(entries[i].icon));
}

void MainWindow::retranslate() {
    setWindowTitle(qtTrId("app.name"));
    name_->setText(qtTrId("app.name"));
    side_bar_->setAccessibleName(qtTrId("manager.pages"));
    show_side_bar();
    if (Page* page = current_page()) heading_->setText(page->title());
    show_state();
}

void MainWindow::show_side_bar() {
    const auto& entries = page_entries();
    const bool narrow = width() < narrow_window;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        QListWidgetItem* item = side_bar_->item(static_cast<int>(i));
        const QString title = qtTrId(entries[i].title);
        item->setText(narrow ? QString() : title);
        item->setToolTip(narrow ? title : QString());
        item->setData(Qt::AccessibleTextRole, title);
    }
    name_->setVisible(!narrow);
    bar_->setFixedWidth(narrow ? narrow_side_bar : side_bar_width);
}

void MainWindow::changeEvent(QEvent* event) {
    if (event->type() == QEvent::LanguageChange) retranslate();
    QMainWindow::changeEvent(event);
}

void MainWindow::resizeEvent(QResizeEvent* event) {
    QMainWindow::resizeEvent(event);
    if ((event->oldSize().width() < narrow_window) != (event->size().width() < narrow_window))
        show_side_bar();
}

void MainWindow::closeEvent(QCloseEvent* event) {
    if (hides_) {
        hide();
        event->ignore();
        return;
    }
    event->accept();
    Q_EMIT closed();
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
    for (const QUrl& url : event->mimeData()->urls())
        if (url.isLocalFile()) return event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
    QStringList files;
    for (const QUrl& url : event->mimeData()->urls())
        if (url.isLocalFile() && files.size() < max_dropped_files) files += url.toLocalFile();
    if (!files.isEmpty()) open(QStringLiteral("files"), QStringLiteral("drop"), files);
}

} // namespace mohr::desktop
