// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QStringList>
#include <QWidget>

namespace mohr::desktop {

class Shell;

/// One page of the manager's window. It is made when it is first opened and lives as long as the window.
class Page : public QWidget {
    Q_OBJECT
public:
    explicit Page(Shell& shell, QWidget* parent = nullptr);

    /// The heading, in the current language.
    [[nodiscard]] virtual QString title() const = 0;
    /// Reads again what it shows: called when it comes to the front, and when the connection to the core is there
    /// again while it is in front.
    virtual void refresh() {}
    /// An action that another part asked for (Shell::open): what it means is the page's own affair.
    virtual void perform(const QString& verb, const QStringList& arguments);

protected:
    /// Sets every text anew. Call it at the end of the constructor; it comes again with each change of language.
    virtual void retranslate() = 0;
    void changeEvent(QEvent* event) override;
    [[nodiscard]] Shell& shell() const { return shell_; }

private:
    Shell& shell_;
};

} // namespace mohr::desktop
