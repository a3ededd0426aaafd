// SPDX-License-Identifier: Apache-2.0
#include "prompt/input_gate.hpp"

#include "prompt/pin_field.hpp"

#include <QApplication>
#include <QKeyEvent>
#include <QPushButton>
#include <algorithm>
#include <cstdint>
#include <cstring>

namespace mohr::desktop {
namespace {

Arming::Instant now() {
    return std::chrono::steady_clock::now();
}

bool is_input(QEvent::Type type) {
    switch (type) {
    case QEvent::KeyPress:
    case QEvent::KeyRelease:
    case QEvent::Shortcut:
    case QEvent::ShortcutOverride:
    case QEvent::MouseButtonPress:
    case QEvent::MouseButtonRelease:
    case QEvent::MouseButtonDblClick:
    case QEvent::TouchBegin:
    case QEvent::TouchUpdate:
    case QEvent::TouchEnd:
    case QEvent::TabletPress:
    case QEvent::TabletRelease:
    case QEvent::ContextMenu:
        return true;
    default:
        return false;
    }
}

bool may_repeat(int key) {
    switch (key) {
    case Qt::Key_Backspace:
    case Qt::Key_Left:
    case Qt::Key_Right:
    case Qt::Key_Up:
    case Qt::Key_Down:
    case Qt::Key_PageUp:
    case Qt::Key_PageDown:
    case Qt::Key_Tab:
    case Qt::Key_Backtab:
        return true;
    default:
        return false;
    }
}

} // namespace

InputGate::InputGate(QWidget& window) : QObject(&window), window_(window) {
    timer_.setSingleShot(true);
    connect(&timer_, &QTimer::timeout, this, &InputGate::schedule);
    qApp->installNativeEventFilter(this);
    stand_first();
    connect(qApp, &QApplication::focusChanged, this, &InputGate::stand_first);
}

InputGate::~InputGate() {
    qApp->removeNativeEventFilter(this);
}

bool InputGate::nativeEventFilter(const QByteArray& type, void* message, qintptr*) {
    // Qt tells nothing of a focus that left and came back at once. FocusIn of the X protocol: its code, the window from byte 4
    // on, and the mode in byte 8, which says whether only a grab has ended (a shortcut of the window manager).
    constexpr std::uint8_t focus_in = 9;
    constexpr std::uint8_t mode_grab = 1;
    constexpr std::uint8_t mode_ungrab = 2;
    if (type != "xcb_generic_event_t") return false;
    const auto* const bytes = static_cast<const std::uint8_t*>(message);
    std::uint32_t window = 0;
    std::memcpy(&window, bytes + 4, sizeof window);
    const bool ours = (bytes[0] & 0x7F) == focus_in && window == window_.internalWinId();
    if (ours && bytes[8] != mode_grab && bytes[8] != mode_ungrab) {
        arming_.focused(now());
        schedule();
    }
    return false;
}

void InputGate::stand_first() {
    // The filter that was installed last sees an event first; the accessibility bridge comes late.
    qApp->removeEventFilter(this);
    qApp->installEventFilter(this);
}

void InputGate::shown() {
    arming_.shown(now());
    if (!window_.isActiveWindow()) arming_.unfocused();
    schedule();
}

bool InputGate::is_armed() const {
    return arming_.armed(now());
}

void InputGate::schedule() {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(arming_.from() - now());
    if (left.count() > 0) timer_.start(left);
    Q_EMIT armed_changed();
}

bool InputGate::eventFilter(QObject* watched, QEvent* event) {
    if (watched == &window_ && event->type() == QEvent::WindowActivate) {
        arming_.focused(now());
        stand_first();
        schedule();
    } else if (watched == &window_ && event->type() == QEvent::WindowDeactivate) {
        arming_.unfocused();
        schedule();
    }
    if (!is_input(event->type())) return false;
    QWidget* const active = QApplication::activeWindow();
    if (active != nullptr && active != &window_) return false; // the file chooser, which the person opened
    if (is_armed()) return event->type() == QEvent::KeyPress && take_key(static_cast<QKeyEvent&>(*event));
    if (event->type() == QEvent::KeyPress) {
        arming_.early_key(now());
        schedule();
    }
    event->accept();
    return true;
}

bool InputGate::take_key(QKeyEvent& event) {
    // A key that is held down since before must not begin to count.
    if (event.isAutoRepeat() && !may_repeat(event.key())) return true;
    if (auto* const field = qobject_cast<PinField*>(QApplication::focusWidget());
        field != nullptr && field->isEnabled() && field->take_key(event))
        return true;
    if (event.key() == Qt::Key_Escape) {
        Q_EMIT refuse_pressed();
        return true;
    }
    if (event.key() != Qt::Key_Return && event.key() != Qt::Key_Enter) return false;
    if (auto* const button = qobject_cast<QPushButton*>(QApplication::focusWidget()))
        button->click();
    else
        Q_EMIT accept_pressed();
    return true;
}

} // namespace mohr::desktop
