// SPDX-License-Identifier: Apache-2.0
#include "prompt/pin_field.hpp"

#include "shared/appearance.hpp"

#include <QAccessibleWidget>
#include <QKeyEvent>
#include <QPainter>
#include <algorithm>

namespace mohr::desktop {
namespace {

constexpr int field_height = 40;
constexpr int margin = 12;
constexpr int cell = 13; ///< of a shown character; bullets stand closer
constexpr int bullet_cell = 12;
constexpr QChar bullet(0x2022);

class PinFieldInterface : public QAccessibleWidget, public QAccessibleTextInterface {
public:
    explicit PinFieldInterface(PinField* field) : QAccessibleWidget(field, QAccessible::EditableText) {}

    [[nodiscard]] QAccessible::State state() const override {
        QAccessible::State state = QAccessibleWidget::state();
        state.passwordEdit = true;
        state.editable = widget()->isEnabled();
        state.focusable = true;
        return state;
    }
    [[nodiscard]] QString text(QAccessible::Text which) const override {
        return which == QAccessible::Value ? bullets() : QAccessibleWidget::text(which);
    }
    void* interface_cast(QAccessible::InterfaceType type) override {
        if (type == QAccessible::TextInterface) return static_cast<QAccessibleTextInterface*>(this);
        return QAccessibleWidget::interface_cast(type);
    }

    void selection(int, int* start, int* end) const override { *start = *end = 0; }
    [[nodiscard]] int selectionCount() const override { return 0; }
    void addSelection(int, int) override {}
    void removeSelection(int) override {}
    void setSelection(int, int, int) override {}
    [[nodiscard]] int cursorPosition() const override { return characterCount(); }
    void setCursorPosition(int) override {}
    [[nodiscard]] QString text(int start, int end) const override {
        return bullets().mid(start, std::max(end - start, 0));
    }
    [[nodiscard]] int characterCount() const override {
        return static_cast<int>(static_cast<const PinField*>(widget())->length());
    }
    [[nodiscard]] QRect characterRect(int) const override { return {}; }
    [[nodiscard]] int offsetAtPoint(const QPoint&) const override { return -1; }
    void scrollToSubstring(int, int) override {}
    QString attributes(int, int* start, int* end) const override {
        *start = 0;
        *end = characterCount();
        return {};
    }

private:
    [[nodiscard]] QString bullets() const { return QString(characterCount(), bullet); }
};

QAccessibleInterface* make_interface(const QString&, QObject* object) {
    auto* field = qobject_cast<PinField*>(object);
    return field != nullptr ? new PinFieldInterface(field) : nullptr;
}

} // namespace

void install_pin_field_accessibility() {
    QAccessible::installFactory(make_interface);
}

PinField::PinField(SecretKind kind, unsigned most, QWidget* parent)
    : QWidget(parent), kind_(kind), most_(most), bytes_(std::size_t(most) * 4) {
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_InputMethodEnabled, false);
    setCursor(Qt::IBeamCursor);
    setContextMenuPolicy(Qt::PreventContextMenu);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

PinField::~PinField() = default;

QSize PinField::sizeHint() const {
    return {260, field_height};
}

QSize PinField::minimumSizeHint() const {
    return {120, field_height};
}

bool PinField::take_key(const QKeyEvent& event) {
    const Qt::KeyboardModifiers modifiers = event.modifiers();
    const bool control = (modifiers & Qt::ControlModifier) != 0;
    if (event.key() == Qt::Key_Backspace) {
        if (control)
            clear();
        else
            remove_last();
        return true;
    }
    if (event.key() == Qt::Key_Delete || (control && event.key() == Qt::Key_U)) {
        clear();
        return true;
    }
    if (event.isAutoRepeat()) return true;
    if (control || (modifiers & (Qt::AltModifier | Qt::MetaModifier)) != 0) return false;
    const QString text = event.text();
    const bool cased = text.size() == 1 && (text.at(0).isUpper() || text.at(0).isLower());
    if (kind_ != SecretKind::user_pin && cased)
        Q_EMIT caps_lock_seen(text.at(0).isUpper() != ((modifiers & Qt::ShiftModifier) != 0));
    return add(event.text());
}

bool PinField::add(const QString& text) {
    const auto characters = text.toUcs4();
    if (characters.size() != 1 || characters[0] < U' ' || characters[0] == 0x7F) return false;
    const char32_t character = characters[0];
    if (!may_stand_in(kind_, character)) {
        Q_EMIT refused(PinFault::characters);
        return true;
    }
    QByteArray utf8 = text.toUtf8();
    const auto size = static_cast<std::size_t>(utf8.size());
    if (ends_.size() >= most_ || used_ + size > bytes_.size()) {
        Q_EMIT refused(PinFault::too_long);
        return true;
    }
    std::copy(utf8.cbegin(), utf8.cend(),
              bytes_.reveal_mutable().begin() + static_cast<std::ptrdiff_t>(used_));
    utf8.fill('\0');
    used_ += size;
    ends_.push_back(used_);
    changed();
    return true;
}

void PinField::remove_last() {
    if (ends_.empty()) return;
    ends_.pop_back();
    const std::size_t start = ends_.empty() ? 0 : ends_.back();
    wipe(bytes_.reveal_mutable().subspan(start, used_ - start));
    used_ = start;
    changed();
}

void PinField::clear() {
    wipe(bytes_.reveal_mutable());
    used_ = 0;
    ends_.clear();
    changed();
}

void PinField::changed() {
    update();
    QAccessibleValueChangeEvent event(this, QString(static_cast<qsizetype>(ends_.size()), bullet));
    QAccessible::updateAccessibility(&event);
    Q_EMIT edited();
}

Secret PinField::value() const {
    return Secret(bytes_.reveal().first(used_));
}

bool PinField::same_as(const PinField& other) const noexcept {
    return used_ == other.used_ && value().same_as(other.bytes_.reveal().first(other.used_));
}

void PinField::set_revealed(bool revealed) {
    revealed_ = revealed;
    update();
}

void PinField::keyPressEvent(QKeyEvent* event) {
    if (!take_key(*event)) QWidget::keyPressEvent(event);
}

void PinField::focusInEvent(QFocusEvent* event) {
    QWidget::focusInEvent(event);
    update();
}

void PinField::focusOutEvent(QFocusEvent* event) {
    QWidget::focusOutEvent(event);
    update();
}

void PinField::mousePressEvent(QMouseEvent*) {
    setFocus(Qt::MouseFocusReason);
}

void PinField::paintEvent(QPaintEvent*) {
    const Colours& c = colours();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(hasFocus() ? c.accent : c.border, hasFocus() ? 2 : 1));
    painter.setBrush(isEnabled() ? c.card : c.window);
    painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 6, 6);

    // Left to right in both languages. Each character is drawn alone, so that no text of Qt's holds two of them; a field
    // that is too narrow shows the end.
    painter.setPen(isEnabled() ? c.text : c.muted);
    const int step = revealed_ ? cell : bullet_cell;
    const int room = (width() - 2 * margin) / step;
    const auto count = static_cast<int>(ends_.size());
    const int first = std::max(count - room, 0);
    int x = margin;
    for (int i = first; i < count; ++i, x += step) {
        const QRect box(x, 0, step, QWidget::height());
        if (!revealed_) {
            painter.setBrush(painter.pen().color());
            painter.drawEllipse(QRectF(box).center(), 3.5, 3.5);
            continue;
        }
        const std::size_t start = i == 0 ? 0 : ends_[static_cast<std::size_t>(i) - 1];
        const std::size_t end = ends_[static_cast<std::size_t>(i)];
        painter.drawText(box, Qt::AlignCenter,
                         QString::fromUtf8(reinterpret_cast<const char*>(bytes_.reveal().data()) + start,
                                           static_cast<qsizetype>(end - start)));
    }
    if (hasFocus()) painter.fillRect(QRect(x + 1, 10, 2, QWidget::height() - 20), c.accent);
}

} // namespace mohr::desktop
