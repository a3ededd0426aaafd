# SPDX-License-Identifier: Apache-2.0
"""The look of all windows follows the desktop's colour scheme, which the core asks the desktop portal for."""
import asyncio
import re
import time

import pytest
from core_test import prompt_pid, session, wait_asking
from display import wait_for
from manager_process import Manager, Neighbours

from core_harness import Control, acting_as
from harness import Sandbox, run

NO_PREFERENCE, DARK, LIGHT = 0, 1, 2


@pytest.fixture
def portal(display):
    with Neighbours(display, "portal") as running:
        yield running


@pytest.fixture
def sandbox(build, display, portal):
    with Sandbox(build, environment=session(display)) as running:
        yield running


def brightness(display, pid):
    """Of the window near its lower edge, where nothing stands: 0 to 255."""
    _, x, y, width, height = display.window_of(pid)
    pixel = display.output(["import", "-window", "root", "-crop", f"1x1+{x + 6}+{y + height - 6}", "-depth", "8", "txt:-"], check=True)
    return max(int(part) for part in re.search(r"\((\d+),(\d+),(\d+)", pixel).groups())


def looks(display, pid, dark):
    wait_for(lambda: (brightness(display, pid) < 96) == dark, 10, f"the window to be {'dark' if dark else 'light'}")


def test_manager_follows(build, display, portal, sandbox, pictures):
    """mohr-desktop is dark where the desktop prefers that, follows its changes, and keeps a theme that the person chose"""
    with Manager(build, display, sandbox.ready["control"], ["--page", "certificates"]) as manager, Control(sandbox.ready["control"]) as control:
        assert control.call("interface.get")["theme"] == "system"
        looks(display, manager.pid, dark=True)
        display.screenshot(pictures / "manager-system-dark.png")
        portal.ask("scheme", scheme=LIGHT)
        looks(display, manager.pid, dark=False)
        portal.ask("scheme", scheme=DARK)
        looks(display, manager.pid, dark=True)
        portal.ask("scheme", scheme=NO_PREFERENCE)
        looks(display, manager.pid, dark=False)
        control.call("interface.set", {"theme": "dark"})
        looks(display, manager.pid, dark=True)
        control.call("interface.set", {"theme": "light"})
        portal.ask("scheme", scheme=DARK)
        wait_for(lambda: control.call("interface.get")["desktopDark"], 10, "the core to know")
        looks(display, manager.pid, dark=False)


def test_prompt_follows(display, portal, sandbox, pictures):
    """mohr-prompt is drawn as the desktop prefers at that moment"""
    async def ask(control, dark, picture):
        async with sandbox.page() as page:
            _, reply, sending = page.begin("service.requestAccess")
            await sending
            await asyncio.to_thread(wait_asking, control, "access")
            await asyncio.to_thread(looks, display, prompt_pid(sandbox.pid), dark)
            display.screenshot(pictures / picture)
            display.key("Return")
            await asyncio.wait_for(reply, 10)

    with Control(sandbox.ready["control"]) as control:
        run(ask(control, True, "prompt-system-dark.png"))
        portal.ask("scheme", scheme=LIGHT)
        wait_for(lambda: not control.call("interface.get")["desktopDark"], 10, "the core to know")
        run(ask(control, False, "prompt-system-light.png"))


def test_portal_comes_later(build, display):
    """a portal that comes after the daemon is asked then, and one that goes leaves the look as it was"""
    with Neighbours(display) as desktop, Sandbox(build, environment=session(display)) as sandbox, Control(sandbox.ready["control"]) as control:
        assert control.call("interface.get")["desktopDark"] is False
        desktop.ask("begin", kind="portal")
        wait_for(lambda: control.call("interface.get")["desktopDark"], 10, "the core to ask")
        desktop.ask("end", kind="portal")
        assert control.call("interface.get")["desktopDark"]


@pytest.fixture
def startable(display):
    """A file that appears when somebody has the bus start the portal."""
    mark, service = display.directory / "portal-was-started", display.directory / "dbus-1/services/org.freedesktop.portal.Desktop.service"
    with acting_as():
        service.parent.mkdir(parents=True, exist_ok=True)
        service.write_text(f"[D-BUS Service]\nName=org.freedesktop.portal.Desktop\nExec=/usr/bin/touch {mark}\n")
    reload(display)
    yield mark
    service.unlink()
    reload(display)


def reload(display):
    display.output(["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/", "org.freedesktop.DBus.ReloadConfig"], check=True)


def test_portal_is_started_in_a_session_only(build, display, startable):
    """a daemon that knows no display does not have the portal started, which would stay without one, and one that knows a display does"""
    bus = {"DBUS_SESSION_BUS_ADDRESS": display.environment["DBUS_SESSION_BUS_ADDRESS"]}
    with Sandbox(build, environment=bus) as sandbox, Control(sandbox.ready["control"]) as control:
        control.call("interface.get")
        time.sleep(1)
        assert not startable.exists()
    with Sandbox(build, environment=session(display)):
        wait_for(startable.exists, 10, "the portal to be started")
