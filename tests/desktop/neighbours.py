#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a desktop has on its session bus, as far as a test asks for it: a panel (StatusNotifierWatcher), a notification service,
a user service manager, the portal that tells the colour scheme. A line of JSON in, a line of JSON out; started as the account that owns the bus."""
import hashlib
import json
import sys

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
NOTIFICATIONS = "org.freedesktop.Notifications"
SYSTEMD = "org.freedesktop.systemd1"
PORTAL = "org.freedesktop.portal.Desktop"
SETTINGS = "org.freedesktop.portal.Settings"
SCHEME = ("org.freedesktop.appearance", "color-scheme")


class Panel(dbus.service.Object):
    def __init__(self, bus):
        super().__init__(bus, "/StatusNotifierWatcher")
        self.bus, self.items = bus, []

    @dbus.service.method(WATCHER, in_signature="s", sender_keyword="sender")
    def RegisterStatusNotifierItem(self, service, sender):
        self.items.append(service)

    @dbus.service.method("org.freedesktop.DBus.Properties", in_signature="ss", out_signature="v")
    def Get(self, interface, name):
        return {"IsStatusNotifierHostRegistered": True, "ProtocolVersion": 0}.get(name, "")

    def item(self, interface=ITEM, path="/StatusNotifierItem"):
        return dbus.Interface(self.bus.get_object(self.items[-1], path), interface)

    def property(self, name):
        return self.item("org.freedesktop.DBus.Properties").Get(ITEM, name)

    def look(self):
        if not self.items:
            return None
        pixmaps = self.property("IconPixmap")
        largest = max(pixmaps, key=lambda p: p[0])
        tip = self.property("ToolTip")
        return {"title": str(self.property("Title")), "status": str(self.property("Status")), "tip": [str(tip[2]), str(tip[3])],
                "accessible": str(self.property("IconAccessibleDesc")), "size": int(largest[0]),
                "icon": hashlib.sha256(bytes(largest[2])).hexdigest()}

    def menu(self):
        """Texts of the menu, those of submenus in lists behind them, with the ids of the entries."""
        def walk(layout):
            identity, properties, children = layout
            return {"id": int(identity), "label": str(properties.get("label", "")), "type": str(properties.get("type", "")),
                    "enabled": bool(properties.get("enabled", True)), "children": [walk(child) for child in children]}
        _, layout = self.item("com.canonical.dbusmenu", "/MenuBar").GetLayout(0, -1, [])
        return walk(layout)

    def click(self, identity):
        self.item("com.canonical.dbusmenu", "/MenuBar").Event(identity, "clicked", dbus.String("", variant_level=1), dbus.UInt32(0))


class Notifications(dbus.service.Object):
    def __init__(self, bus):
        super().__init__(bus, "/org/freedesktop/Notifications")
        self.shown, self.closed, self.number = [], [], 0

    @dbus.service.method(NOTIFICATIONS, in_signature="susssasa{sv}i", out_signature="u")
    def Notify(self, name, replaces, icon, summary, body, actions, hints, timeout):
        self.number += 1
        identity = int(replaces) or self.number
        self.shown.append({"id": identity, "summary": str(summary), "body": str(body), "actions": [str(a) for a in actions],
                           "replaces": int(replaces)})
        return dbus.UInt32(identity)

    @dbus.service.method(NOTIFICATIONS, in_signature="u")
    def CloseNotification(self, identity):
        self.closed.append(int(identity))
        self.NotificationClosed(identity, 3)

    @dbus.service.signal(NOTIFICATIONS, signature="uu")
    def NotificationClosed(self, identity, reason):
        pass

    @dbus.service.signal(NOTIFICATIONS, signature="us")
    def ActionInvoked(self, identity, action):
        pass


class Systemd(dbus.service.Object):
    """As much of systemd's user manager as knows one unit."""

    def __init__(self, bus):
        super().__init__(bus, "/org/freedesktop/systemd1")
        self.enabled, self.active, self.calls = False, False, []
        self.unit = Unit(bus, self)

    @dbus.service.method(SYSTEMD + ".Manager", in_signature="s", out_signature="s")
    def GetUnitFileState(self, name):
        return "enabled" if self.enabled else "disabled"

    @dbus.service.method(SYSTEMD + ".Manager", in_signature="s", out_signature="o")
    def LoadUnit(self, name):
        return "/org/freedesktop/systemd1/unit/mohrd_2eservice"

    @dbus.service.method(SYSTEMD + ".Manager", in_signature="asbb", out_signature="ba(sss)")
    def EnableUnitFiles(self, names, runtime, force):
        self.calls.append(["enable", [str(n) for n in names]])
        self.enabled = True
        return True, dbus.Array([], signature="(sss)")

    @dbus.service.method(SYSTEMD + ".Manager")
    def Reload(self):
        self.calls.append(["reload"])

    @dbus.service.method(SYSTEMD + ".Manager", in_signature="ss", out_signature="o")
    def StartUnit(self, name, mode):
        self.calls.append(["start", str(name)])
        self.active = True
        return "/org/freedesktop/systemd1/job/1"


class Unit(dbus.service.Object):
    def __init__(self, bus, manager):
        super().__init__(bus, "/org/freedesktop/systemd1/unit/mohrd_2eservice")
        self.manager = manager

    @dbus.service.method("org.freedesktop.DBus.Properties", in_signature="ss", out_signature="v")
    def Get(self, interface, name):
        return "active" if self.manager.active else "inactive"


class Portal(dbus.service.Object):
    """As much of the desktop portal as knows the colour scheme: 0 no preference, 1 dark, 2 light."""

    def __init__(self, bus):
        super().__init__(bus, "/org/freedesktop/portal/desktop")
        self.scheme, self.asked = 1, 0

    @dbus.service.method(SETTINGS, in_signature="ss", out_signature="v")
    def Read(self, space, key):
        self.asked += 1
        if (space, key) != SCHEME:
            raise dbus.DBusException("no such setting", name="org.freedesktop.portal.Error.NotFound")
        return dbus.UInt32(self.scheme, variant_level=2)

    @dbus.service.signal(SETTINGS, signature="ssv")
    def SettingChanged(self, space, key, value):
        pass

    def choose(self, scheme):
        self.scheme = scheme
        self.SettingChanged("org.gnome.desktop.interface", "color-scheme", "prefer-dark")
        self.SettingChanged(*SCHEME, dbus.UInt32(scheme, variant_level=1))


def main():
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus = dbus.SessionBus()
    kinds = {"panel": (WATCHER, Panel), "notifications": (NOTIFICATIONS, Notifications), "systemd": (SYSTEMD, Systemd), "portal": (PORTAL, Portal)}
    things, names = {}, {}

    def begin(kind):
        name, thing = kinds[kind]
        if kind in things:
            things[kind].remove_from_connection()
        things[kind] = thing(bus)
        names[kind] = dbus.service.BusName(name, bus, do_not_queue=True)

    def end(kind):
        bus.release_name(kinds[kind][0])
        names.pop(kind)

    def answer(request):
        verb = request["verb"]
        if verb in ("begin", "end"):
            return {"begin": begin, "end": end}[verb](request["kind"])
        if verb == "look":
            return things["panel"].look()
        if verb == "activate":
            return things["panel"].item().Activate(0, 0)
        if verb == "menu":
            return things["panel"].menu()
        if verb == "click":
            return things["panel"].click(request["id"])
        if verb == "notices":
            return {"shown": things["notifications"].shown, "closed": things["notifications"].closed}
        if verb == "invoke":
            return things["notifications"].ActionInvoked(dbus.UInt32(request["id"]), "act")
        if verb == "scheme":
            return things["portal"].choose(request["scheme"])
        if verb == "asked":
            return things["portal"].asked
        if verb == "systemd":
            return {"enabled": things["systemd"].enabled, "active": things["systemd"].active, "calls": things["systemd"].calls}
        raise LookupError(verb)

    def read(channel, _):
        line = sys.stdin.readline()
        if not line:
            loop.quit()
            return False
        try:
            reply = {"value": answer(json.loads(line))}
        except (dbus.DBusException, LookupError) as problem:
            reply = {"error": f"{type(problem).__name__}: {problem}"}
        print(json.dumps(reply), flush=True)
        return True

    for kind in sys.argv[1:]:
        begin(kind)
    loop = GLib.MainLoop()
    GLib.io_add_watch(sys.stdin, GLib.IO_IN | GLib.IO_HUP, read)
    print(json.dumps({"ready": True}), flush=True)
    loop.run()


if __name__ == "__main__":
    main()
