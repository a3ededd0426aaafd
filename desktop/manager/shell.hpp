// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>
#include <QStringList>
#include <functional>

namespace mohr::desktop {

class ControlClient;
class ServiceState;
class InterfaceSettings;
class Permission;
class Notifier;

/// What a page gets from the window that holds it.
class Shell {
public:
    virtual ~Shell() = default;

    [[nodiscard]] virtual ControlClient& client() = 0;
    [[nodiscard]] virtual ServiceState& state() = 0;
    [[nodiscard]] virtual InterfaceSettings& settings() = 0;
    [[nodiscard]] virtual Permission& permission() = 0;
    [[nodiscard]] virtual Notifier& notifier() = 0;

    /// Shows a page (its id in pages.cpp) and, with `verb`, calls its Page::perform.
    virtual void open(const QString& page, const QString& verb = {}, const QStringList& arguments = {}) = 0;
    /// Opens or closes the front door; asks first while a request is open (R16).
    virtual void toggle_service() = 0;
    /// One sentence below the page, announced to screen readers, gone after some seconds.
    virtual void say(const QString& text) = 0;
    /// The same for what failed: it stays until it is closed or followed by another.
    virtual void complain(const QString& text) = 0;
    /// Says what is about to be done, with "Undo" for ten seconds; `commit` is called afterwards, at once when
    /// another one is offered or the program ends, and never after "Undo" (then `undone` is).
    virtual void offer_undo(const QString& text, std::function<void()> commit,
                            std::function<void()> undone) = 0;
};

} // namespace mohr::desktop
