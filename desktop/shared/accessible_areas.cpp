// SPDX-License-Identifier: Apache-2.0
#include "shared/accessible_areas.hpp"

#include <QAccessible>
#include <QAccessibleWidget>
#include <QScrollArea>

namespace mohr::desktop {
namespace {

class AccessibleArea final : public QAccessibleWidget {
public:
    explicit AccessibleArea(QScrollArea* area) : QAccessibleWidget(area, QAccessible::Client), area_(area) {}

    int childCount() const override { return 1; }
    QAccessibleInterface* child(int index) const override {
        return index == 0 ? QAccessible::queryAccessibleInterface(area_->viewport()) : nullptr;
    }
    int indexOfChild(const QAccessibleInterface* child) const override {
        return child != nullptr && child->object() == area_->viewport() ? 0 : -1;
    }
    QAccessibleInterface* childAt(int, int) const override { return child(0); }
    QAccessibleInterface* focusChild() const override {
        QWidget* focused = area_->focusWidget();
        return focused != nullptr && focused->hasFocus() ? QAccessible::queryAccessibleInterface(focused)
                                                         : nullptr;
    }

private:
    QScrollArea* area_; // the interface goes before its widget
};

QAccessibleInterface* make(const QString& type, QObject* object) {
    auto* area = type == QLatin1String("QScrollArea") ? qobject_cast<QScrollArea*>(object) : nullptr;
    return area == nullptr ? nullptr : new AccessibleArea(area); // Qt's cache owns it
}

} // namespace

void install_accessible_areas() {
    QAccessible::installFactory(make);
}

} // namespace mohr::desktop
