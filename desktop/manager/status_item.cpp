// SPDX-License-Identifier: Apache-2.0
#include "manager/status_item.hpp"

#include "manager/dbus_menu.hpp"

#include <QCoreApplication>
#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusMetaType>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QMenu>
#include <QtEndian>

namespace mohr::desktop {
namespace {

const QString watcher_name = QStringLiteral("org.kde.StatusNotifierWatcher");
const QString watcher_path = QStringLiteral("/StatusNotifierWatcher");
const QString item_path = QStringLiteral("/StatusNotifierItem");
const QString menu_path = QStringLiteral("/MenuBar");

IconPixmap pixmap_of(const QIcon& icon, int side) {
    QImage image = icon.pixmap(QSize(side, side), 1.0).toImage().convertToFormat(QImage::Format_ARGB32);
    IconPixmap out{image.width(), image.height(), QByteArray()};
    out.bytes.reserve(image.sizeInBytes());
    for (int y = 0; y < image.height(); ++y)
        for (int x = 0; x < image.width(); ++x) {
            const quint32 pixel = qToBigEndian(image.pixel(x, y));
            out.bytes.append(reinterpret_cast<const char*>(&pixel), sizeof pixel);
        }
    return out;
}

} // namespace

QDBusArgument& operator<<(QDBusArgument& argument, const IconPixmap& pixmap) {
    argument.beginStructure();
    argument << pixmap.width << pixmap.height << pixmap.bytes;
    argument.endStructure();
    return argument;
}

const QDBusArgument& operator>>(const QDBusArgument& argument, IconPixmap& pixmap) {
    argument.beginStructure();
    argument >> pixmap.width >> pixmap.height >> pixmap.bytes;
    argument.endStructure();
    return argument;
}

QDBusArgument& operator<<(QDBusArgument& argument, const StatusToolTip& tip) {
    argument.beginStructure();
    argument << tip.icon << tip.pixmaps << tip.title << tip.text;
    argument.endStructure();
    return argument;
}

const QDBusArgument& operator>>(const QDBusArgument& argument, StatusToolTip& tip) {
    argument.beginStructure();
    argument >> tip.icon >> tip.pixmaps >> tip.title >> tip.text;
    argument.endStructure();
    return argument;
}

StatusItem::StatusItem(QMenu& menu, QObject* parent)
    : QObject(parent), adaptor_(new StatusItemAdaptor(*this)), menu_(new DbusMenu(&menu_object_, menu)) {
    qDBusRegisterMetaType<IconPixmap>();
    qDBusRegisterMetaType<IconPixmaps>();
    qDBusRegisterMetaType<StatusToolTip>();
    QDBusConnection bus = QDBusConnection::sessionBus();
    if (!bus.isConnected()) return;
    name_ = QStringLiteral("org.kde.StatusNotifierItem-%1-1").arg(QCoreApplication::applicationPid());
    bus.registerObject(item_path, this);
    bus.registerObject(menu_path, &menu_object_);
    bus.registerService(name_);
    watcher_.setConnection(bus);
    watcher_.setWatchMode(QDBusServiceWatcher::WatchForOwnerChange);
    watcher_.addWatchedService(watcher_name);
    connect(&watcher_, &QDBusServiceWatcher::serviceOwnerChanged, this, [this] {
        registered_ = false; // a new watcher knows nothing of us
        look_for_host();
    });
    bus.connect(watcher_name, watcher_path, watcher_name, QStringLiteral("StatusNotifierHostRegistered"),
                this, SLOT(look_for_host()));
    bus.connect(watcher_name, watcher_path, watcher_name, QStringLiteral("StatusNotifierHostUnregistered"),
                this, SLOT(look_for_host()));
    look_for_host();
}

StatusItem::~StatusItem() = default;

void StatusItem::look_for_host() {
    QDBusMessage call = QDBusMessage::createMethodCall(
        watcher_name, watcher_path, QStringLiteral("org.freedesktop.DBus.Properties"), QStringLiteral("Get"));
    call.setArguments({watcher_name, QStringLiteral("IsStatusNotifierHostRegistered")});
    auto* waiting = new QDBusPendingCallWatcher(QDBusConnection::sessionBus().asyncCall(call), this);
    connect(waiting, &QDBusPendingCallWatcher::finished, this, [this, waiting] {
        waiting->deleteLater();
        const QDBusPendingReply<QDBusVariant> reply = *waiting;
        const bool host = !reply.isError() && reply.value().variant().toBool();
        if (host && !registered_) register_item();
        set_host(host);
    });
}

void StatusItem::register_item() {
    QDBusMessage call = QDBusMessage::createMethodCall(watcher_name, watcher_path, watcher_name,
                                                       QStringLiteral("RegisterStatusNotifierItem"));
    call.setArguments({name_});
    QDBusConnection::sessionBus().asyncCall(call);
    registered_ = true;
}

void StatusItem::set_host(bool host) {
    if (std::exchange(host_, host) != host) Q_EMIT shown_changed();
}

void StatusItem::set_look(const Look& look) {
    look_ = look;
    pixmaps_.clear();
    for (const int side : {16, 22, 24, 32, 48, 64}) pixmaps_ += pixmap_of(look.icon, side);
    Q_EMIT adaptor_->NewTitle();
    Q_EMIT adaptor_->NewIcon();
    Q_EMIT adaptor_->NewAttentionIcon();
    Q_EMIT adaptor_->NewToolTip();
    Q_EMIT adaptor_->NewStatus(adaptor_->status());
}

void StatusItem::menu_changed() {
    menu_->renew();
}

QString StatusItemAdaptor::status() const {
    return item_.look_.attention ? QStringLiteral("NeedsAttention") : QStringLiteral("Active");
}

StatusToolTip StatusItemAdaptor::tool_tip() const {
    return {QString(), {}, item_.look_.title, item_.look_.text.toHtmlEscaped()}; // markup is allowed there
}

QDBusObjectPath StatusItemAdaptor::menu() const {
    return QDBusObjectPath(menu_path);
}

void StatusItemAdaptor::Activate(int, int) {
    QMetaObject::invokeMethod(&item_, &StatusItem::activated, Qt::QueuedConnection);
}

void StatusItemAdaptor::SecondaryActivate(int, int) {}
void StatusItemAdaptor::ContextMenu(int, int) {} // the panel draws the exported menu
void StatusItemAdaptor::Scroll(int, const QString&) {}

} // namespace mohr::desktop
