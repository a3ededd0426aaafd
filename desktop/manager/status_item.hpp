// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QDBusAbstractAdaptor>
#include <QDBusArgument>
#include <QDBusObjectPath>
#include <QDBusServiceWatcher>
#include <QIcon>
#include <QObject>

class QMenu;

namespace mohr::desktop {

class DbusMenu;
class StatusItemAdaptor;

/// (iiay): width, height, ARGB32 in network order.
struct IconPixmap {
    int width = 0;
    int height = 0;
    QByteArray bytes;
};
using IconPixmaps = QList<IconPixmap>;
QDBusArgument& operator<<(QDBusArgument& argument, const IconPixmap& pixmap);
const QDBusArgument& operator>>(const QDBusArgument& argument, IconPixmap& pixmap);

/// (sa(iiay)ss)
struct StatusToolTip {
    QString icon;
    IconPixmaps pixmaps;
    QString title;
    QString text;
};
QDBusArgument& operator<<(QDBusArgument& argument, const StatusToolTip& tip);
const QDBusArgument& operator>>(const QDBusArgument& argument, StatusToolTip& tip);

/// An org.kde.StatusNotifierItem. Qt's own tray icon looks for a panel only once in a process's life and cannot name
/// the state (R14); this one is there whenever a panel comes.
class StatusItem : public QObject {
    Q_OBJECT
public:
    explicit StatusItem(QMenu& menu, QObject* parent = nullptr);
    ~StatusItem() override;

    struct Look {
        QIcon icon;
        QString title; ///< the state in words, also the accessible description
        QString text;  ///< below it in the tool tip
        bool attention = false;
    };
    void set_look(const Look& look);
    void menu_changed();
    /// Whether a panel shows it.
    [[nodiscard]] bool shown() const { return host_ && registered_; }

Q_SIGNALS:
    void activated();
    void shown_changed();

private Q_SLOTS:
    void look_for_host(); ///< also connected by name to signals of the bus

private:
    friend class StatusItemAdaptor;
    void register_item();
    void set_host(bool host);

    Look look_;
    IconPixmaps pixmaps_;
    StatusItemAdaptor* adaptor_;
    QObject menu_object_; ///< before its adaptor
    DbusMenu* menu_;
    QDBusServiceWatcher watcher_;
    QString name_;
    bool host_ = false;
    bool registered_ = false;
};

class StatusItemAdaptor : public QDBusAbstractAdaptor {
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "org.kde.StatusNotifierItem")
    Q_PROPERTY(QString Category READ category)
    Q_PROPERTY(QString Id READ id)
    Q_PROPERTY(QString Title READ title)
    Q_PROPERTY(QString Status READ status)
    Q_PROPERTY(QString IconName READ icon_name)
    Q_PROPERTY(mohr::desktop::IconPixmaps IconPixmap READ pixmaps)
    Q_PROPERTY(QString IconAccessibleDesc READ title)
    Q_PROPERTY(QString AttentionIconName READ icon_name)
    Q_PROPERTY(mohr::desktop::IconPixmaps AttentionIconPixmap READ pixmaps)
    Q_PROPERTY(QString AttentionAccessibleDesc READ title)
    Q_PROPERTY(mohr::desktop::StatusToolTip ToolTip READ tool_tip)
    Q_PROPERTY(bool ItemIsMenu READ is_menu)
    Q_PROPERTY(QDBusObjectPath Menu READ menu)
public:
    explicit StatusItemAdaptor(StatusItem& item) : QDBusAbstractAdaptor(&item), item_(item) {}

    [[nodiscard]] QString category() const { return QStringLiteral("ApplicationStatus"); }
    [[nodiscard]] QString id() const { return QStringLiteral("mohr-desktop"); }
    [[nodiscard]] QString title() const { return item_.look_.title; }
    [[nodiscard]] QString status() const;
    [[nodiscard]] QString icon_name() const { return {}; }
    [[nodiscard]] IconPixmaps pixmaps() const { return item_.pixmaps_; }
    [[nodiscard]] StatusToolTip tool_tip() const;
    [[nodiscard]] bool is_menu() const { return false; }
    [[nodiscard]] QDBusObjectPath menu() const;

public Q_SLOTS: // names of the interface
    void Activate(int x, int y);
    void SecondaryActivate(int x, int y);
    void ContextMenu(int x, int y);
    void Scroll(int delta, const QString& orientation);

Q_SIGNALS:
    void NewTitle();
    void NewIcon();
    void NewAttentionIcon();
    void NewToolTip();
    void NewStatus(const QString& status);

private:
    StatusItem& item_;
};

} // namespace mohr::desktop

Q_DECLARE_METATYPE(mohr::desktop::IconPixmap)
Q_DECLARE_METATYPE(mohr::desktop::StatusToolTip)
