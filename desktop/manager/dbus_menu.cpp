// SPDX-License-Identifier: Apache-2.0
#include "manager/dbus_menu.hpp"

#include <QAction>
#include <QDBusMetaType>
#include <QGuiApplication>
#include <QMenu>

namespace mohr::desktop {

QDBusArgument& operator<<(QDBusArgument& argument, const MenuLayout& layout) {
    argument.beginStructure();
    argument << layout.id << layout.properties << layout.children;
    argument.endStructure();
    return argument;
}

const QDBusArgument& operator>>(const QDBusArgument& argument, MenuLayout& layout) {
    argument.beginStructure();
    argument >> layout.id >> layout.properties >> layout.children;
    argument.endStructure();
    return argument;
}

QDBusArgument& operator<<(QDBusArgument& argument, const MenuProperties& item) {
    argument.beginStructure();
    argument << item.id << item.properties;
    argument.endStructure();
    return argument;
}

const QDBusArgument& operator>>(const QDBusArgument& argument, MenuProperties& item) {
    argument.beginStructure();
    argument >> item.id >> item.properties;
    argument.endStructure();
    return argument;
}

DbusMenu::DbusMenu(QObject* exported, QMenu& menu) : QDBusAbstractAdaptor(exported), menu_(&menu) {
    qDBusRegisterMetaType<MenuLayout>();
    qDBusRegisterMetaType<MenuProperties>();
    qDBusRegisterMetaType<QList<MenuProperties>>();
    qDBusRegisterMetaType<QList<QDBusVariant>>();
}

QString DbusMenu::direction() const {
    return QGuiApplication::isRightToLeft() ? QStringLiteral("rtl") : QStringLiteral("ltr");
}

QString DbusMenu::status() const {
    return QStringLiteral("normal");
}

void DbusMenu::renew() {
    for (auto it = actions_.begin(); it != actions_.end();)
        it = it.value() ? std::next(it) : actions_.erase(it);
    Q_EMIT LayoutUpdated(++revision_, 0);
}

QMenu* DbusMenu::menu_of(int id) const {
    if (id == 0) return menu_;
    QAction* action = actions_.value(id);
    return action ? action->menu() : nullptr;
}

int DbusMenu::id_of(QAction* action) {
    for (auto it = actions_.cbegin(); it != actions_.cend(); ++it)
        if (it.value() == action) return it.key();
    actions_.insert(next_id_, action);
    return next_id_++;
}

QVariantMap DbusMenu::properties_of(int id) const {
    QVariantMap out;
    if (menu_of(id)) out.insert(QStringLiteral("children-display"), QStringLiteral("submenu"));
    QAction* action = actions_.value(id);
    if (!action) return out;
    if (action->isSeparator()) {
        out.insert(QStringLiteral("type"), QStringLiteral("separator"));
        return out;
    }
    // An underscore would mark an access key here; QAction marks one with an ampersand.
    QString label = action->text();
    label.replace(QLatin1Char('_'), QLatin1String("__")).replace(QLatin1String("&&"), QLatin1String("&"));
    out.insert(QStringLiteral("label"), label);
    out.insert(QStringLiteral("enabled"), action->isEnabled());
    out.insert(QStringLiteral("visible"), action->isVisible());
    return out;
}

MenuLayout DbusMenu::layout_of(int id, int depth) {
    MenuLayout layout{id, properties_of(id), {}};
    const QMenu* menu = menu_of(id);
    if (!menu || depth == 0) return layout;
    for (QAction* action : menu->actions())
        layout.children += QDBusVariant(QVariant::fromValue(layout_of(id_of(action), depth - 1)));
    return layout;
}

uint DbusMenu::GetLayout(int parentId, int recursionDepth, const QStringList&, MenuLayout& layout) {
    layout = layout_of(parentId, recursionDepth);
    return revision_;
}

QList<MenuProperties> DbusMenu::GetGroupProperties(const QList<int>& ids, const QStringList&) {
    QList<MenuProperties> out;
    if (ids.isEmpty())
        for (const int id : actions_.keys()) out += {id, properties_of(id)};
    for (const int id : ids) out += {id, properties_of(id)};
    return out;
}

QDBusVariant DbusMenu::GetProperty(int id, const QString& name) {
    return QDBusVariant(properties_of(id).value(name, QString()));
}

void DbusMenu::Event(int id, const QString& eventId, const QDBusVariant&, uint) {
    if (eventId != QLatin1String("clicked")) return;
    // Later: what it does may ask a question, and the panel waits for the reply.
    if (QAction* action = actions_.value(id))
        QMetaObject::invokeMethod(action, &QAction::trigger, Qt::QueuedConnection);
}

bool DbusMenu::AboutToShow(int id) {
    if (QMenu* menu = menu_of(id)) Q_EMIT menu->aboutToShow();
    return false;
}

} // namespace mohr::desktop
