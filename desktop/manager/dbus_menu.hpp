// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDBusAbstractAdaptor>
#include <QDBusArgument>
#include <QDBusMessage>
#include <QDBusVariant>
#include <QHash>
#include <QPointer>
#include <QVariantMap>

class QAction;
class QMenu;

namespace mohr::desktop {

/// (ia{sv}av) of com.canonical.dbusmenu: one entry with those below it.
struct MenuLayout {
    int id = 0;
    QVariantMap properties;
    QList<QDBusVariant> children;
};
QDBusArgument& operator<<(QDBusArgument& argument, const MenuLayout& layout);
const QDBusArgument& operator>>(const QDBusArgument& argument, MenuLayout& layout);

/// (ia{sv})
struct MenuProperties {
    int id = 0;
    QVariantMap properties;
};
QDBusArgument& operator<<(QDBusArgument& argument, const MenuProperties& item);
const QDBusArgument& operator>>(const QDBusArgument& argument, MenuProperties& item);

/// Exports a menu as com.canonical.dbusmenu, version 3: panels draw it themselves.
class DbusMenu : public QDBusAbstractAdaptor {
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "com.canonical.dbusmenu")
    Q_PROPERTY(uint Version READ version)
    Q_PROPERTY(QString TextDirection READ direction)
    Q_PROPERTY(QString Status READ status)
public:
    DbusMenu(QObject* exported, QMenu& menu);

    [[nodiscard]] uint version() const { return 3; }
    [[nodiscard]] QString direction() const;
    [[nodiscard]] QString status() const;
    /// The menu was changed.
    void renew();

public Q_SLOTS: // names and types of the interface
    uint GetLayout(int parentId, int recursionDepth, const QStringList& propertyNames,
                   mohr::desktop::MenuLayout& layout);
    QList<mohr::desktop::MenuProperties> GetGroupProperties(const QList<int>& ids,
                                                            const QStringList& propertyNames);
    QDBusVariant GetProperty(int id, const QString& name);
    void Event(int id, const QString& eventId, const QDBusVariant& data, uint timestamp);
    bool AboutToShow(int id);

Q_SIGNALS:
    void LayoutUpdated(uint revision, int parent);

private:
    [[nodiscard]] MenuLayout layout_of(int id, int depth);
    [[nodiscard]] QVariantMap properties_of(int id) const;
    [[nodiscard]] QMenu* menu_of(int id) const;
    [[nodiscard]] int id_of(QAction* action);

    QPointer<QMenu> menu_;
    QHash<int, QPointer<QAction>> actions_;
    int next_id_ = 1;
    uint revision_ = 1;
};

} // namespace mohr::desktop

Q_DECLARE_METATYPE(mohr::desktop::MenuLayout)
Q_DECLARE_METATYPE(mohr::desktop::MenuProperties)
