// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/shell.hpp"

#include <QMainWindow>
#include <map>

class QLabel;
class QListWidget;
class QStackedWidget;

namespace mohr::desktop {

class NoticeBar;
class Page;
class ServiceSwitch;

/// The manager's window: side bar, state and switch of the service, one page, one line for notices.
class MainWindow : public QMainWindow, public Shell {
    Q_OBJECT
public:
    MainWindow(ControlClient& client, ServiceState& state, InterfaceSettings& settings,
               Permission& permission, Notifier& notifier);

    [[nodiscard]] ControlClient& client() override { return client_; }
    [[nodiscard]] ServiceState& state() override { return state_; }
    [[nodiscard]] InterfaceSettings& settings() override { return settings_; }
    [[nodiscard]] Permission& permission() override { return permission_; }
    [[nodiscard]] Notifier& notifier() override { return notifier_; }
    void open(const QString& page, const QString& verb = {}, const QStringList& arguments = {}) override;
    void say(const QString& text) override;
    void complain(const QString& text) override;
    void offer_undo(const QString& text, std::function<void()> commit, std::function<void()> undone) override;

    /// To the front, also out of the tray.
    void come_forward();
    /// Closing hides it while there is a tray, and ends the program otherwise.
    void set_hides(bool hides) { hides_ = hides; }
    /// Does what is still waiting to be undone.
    void settle();

    void toggle_service() override;

Q_SIGNALS:
    void closed(); ///< by the person, with no tray to hide in

protected:
    void changeEvent(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void closeEvent(QCloseEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    [[nodiscard]] QWidget* make_side_bar();
    [[nodiscard]] QWidget* make_header();
    [[nodiscard]] Page* page_for(const QString& id);
    [[nodiscard]] Page* current_page() const;
    void show_page(const QString& id);
    void show_state();
    void apply_look();
    void retranslate();
    void show_side_bar();

    ControlClient& client_;
    ServiceState& state_;
    InterfaceSettings& settings_;
    Permission& permission_;
    Notifier& notifier_;
    QWidget* bar_ = nullptr;
    QLabel* name_ = nullptr;
    QListWidget* side_bar_ = nullptr;
    QLabel* heading_ = nullptr;
    QLabel* state_text_ = nullptr;
    ServiceSwitch* switch_ = nullptr;
    QStackedWidget* stack_ = nullptr;
    NoticeBar* notice_ = nullptr;
    std::map<QString, Page*> pages_;
    bool hides_ = false;
};

} // namespace mohr::desktop
