// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "prompt/arming.hpp"

#include <QAbstractNativeEventFilter>
#include <QObject>
#include <QTimer>

class QKeyEvent;
class QWidget;

namespace mohr::desktop {

/// Stands before every key and click of the application: while unarmed they go nowhere; afterwards Escape is no, Return
/// goes on, and what is typed into a PIN field reaches that field before anything else (the accessibility bridge, for one,
/// sends keys to other programs).
class InputGate : public QObject, public QAbstractNativeEventFilter {
    Q_OBJECT
public:
    explicit InputGate(QWidget& window);
    ~InputGate() override;

    void shown();
    [[nodiscard]] bool is_armed() const;

Q_SIGNALS:
    void armed_changed();
    void refuse_pressed();
    void accept_pressed();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    bool nativeEventFilter(const QByteArray& type, void* message, qintptr* result) override;

private:
    bool take_key(QKeyEvent& event);
    void schedule();
    void stand_first();

    QWidget& window_;
    Arming arming_;
    QTimer timer_;
};

} // namespace mohr::desktop
