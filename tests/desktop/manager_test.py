# SPDX-License-Identifier: Apache-2.0
"""mohr-desktop with the real daemon: the switch in the tray and in the window, what survives, what is told."""
import signal
import time

import pytest
from display import wait_for
from manager_process import Manager, Neighbours, accepts, within

from harness import Sandbox, status_kib

ON, OFF, UNREACHABLE = "دستینه: روشن", "دستینه: خاموش", "دستینه: در حال اجرا نیست"
STOPPED = "سرویس دستینه متوقف است."


@pytest.fixture(scope="module")
def sandbox(build):
    with Sandbox(build, consent="allow") as running:
        yield running


@pytest.fixture
def panel(display):
    with Neighbours(display, "panel", "notifications") as running:
        yield running


@pytest.fixture
def manager(build, display, sandbox, panel):
    sandbox.mohr("start")
    with Manager(build, display, sandbox.ready["control"]) as running:
        panel.looks(ON)
        yield running


def refused(sandbox):
    return not accepts(sandbox.port)


def test_tray_toggles(manager, panel, sandbox):
    """a click on the tray's item closes the front door within two seconds, and another opens it [R13] [R14]"""
    on = panel.look()
    panel.ask("activate")
    within(2, lambda: refused(sandbox), "the port to refuse")
    off = panel.looks(OFF, 2)
    panel.ask("activate")
    within(2, lambda: accepts(sandbox.port), "the port to accept")
    panel.looks(ON, 2)
    assert on["icon"] != off["icon"] and on["tip"] != off["tip"]
    assert on["accessible"] == ON and off["accessible"] == OFF


def test_tray_menu(manager, panel, sandbox):
    """the tray's menu stops the service, shows what happened last and opens the activity log [R13]"""
    sandbox.mohr("site", "deny", "https://menu.example")
    wait_for(lambda: any("https://menu.example" in label for label in panel.labels()), 10, "the entry in the menu")
    labels = panel.labels()
    panel.ask("click", id=labels["خاموش کردن دستینه"])
    panel.looks(OFF, 2)
    panel.ask("click", id=panel.labels()["روشن کردن دستینه"])
    panel.looks(ON, 2)
    recent = next(identity for label, identity in panel.labels().items() if "menu.example" in label)
    panel.ask("click", id=recent)
    manager.find("table", "گزارش فعالیت")


def test_window_toggles(manager, panel, sandbox):
    """the switch in the window closes and opens the front door within two seconds, and says so by its name [R13] [R14]"""
    manager.press("check box", ON)
    within(2, lambda: refused(sandbox), "the port to refuse")
    manager.press("check box", OFF, 2)
    within(2, lambda: accepts(sandbox.port), "the port to accept")
    manager.find("check box", ON, 2)


def test_launcher_actions(manager, panel, sandbox):
    """the launcher's actions reach the program that runs, and end at once [R13]"""
    assert manager.again("stop") == 0
    panel.looks(OFF, 3)
    assert refused(sandbox)
    assert manager.again("start") == 0
    panel.looks(ON, 3)
    assert accepts(sandbox.port)


def test_off_survives_a_restart(manager, panel, sandbox):
    """switched off, it is off after a restart, and a notification tells how to switch it on, which its button does [R15]"""
    manager.press("check box", ON)
    panel.looks(OFF)
    manager.stop()
    sandbox.stop()
    sandbox.start()
    before = len(panel.ask("notices")["shown"])
    manager.socket_path = sandbox.ready["control"]
    manager.start()
    panel.looks(OFF)
    assert refused(sandbox)
    told = wait_for(lambda: [n for n in panel.ask("notices")["shown"][before:] if n["summary"] == STOPPED], 10, "the notification")[0]
    assert "کلیک کنید" in told["body"]
    panel.ask("invoke", id=told["id"])
    within(2, lambda: accepts(sandbox.port), "the port to accept")


def test_off_leaves_the_manager_working(manager, panel, sandbox):
    """off stops only the portals' side: the token's certificates and the log can still be looked at [R17]"""
    manager.press("check box", ON)
    panel.looks(OFF)
    manager.open("certificates")
    manager.find("list item", "")
    manager.open("activity")
    manager.press("push button", "بررسی دست‌نخوردگی")
    manager.says("گزارش دست‌نخورده است")
    sandbox.mohr("start")


def test_daemon_restart_under_the_window(manager, panel, sandbox):
    """the window notices that the daemon ended, and shows the new one's state without being touched"""
    sandbox.stop(signal.SIGKILL)
    panel.looks(UNREACHABLE)
    manager.find("check box", UNREACHABLE)
    sandbox.start()
    # The sandbox keeps its control socket's path.
    assert manager.socket_path == sandbox.ready["control"]
    panel.looks(ON, 15)
    manager.find("check box", ON)


def test_panel_appears_later(build, display, sandbox):
    """without a tray the window opens instead of hiding; a tray that comes later gets the item"""
    with Neighbours(display) as late, Manager(build, display, sandbox.ready["control"], ["--background"], wait=False) as manager:
        manager.find("check box", ON)
        late.ask("begin", kind="panel")
        late.looks(ON)
        late.ask("end", kind="panel")
        late.ask("begin", kind="panel")
        late.looks(ON)


def test_background_stays_hidden(build, display, sandbox, panel):
    """started by autostart, only the tray shows it; a second start brings its window"""
    with Manager(build, display, sandbox.ready["control"], ["--background"], wait=False) as manager:
        panel.looks(ON)
        time.sleep(4)
        assert not any(n["role"] == "frame" and "showing" in n["states"] for n in manager.tree())
        assert manager.again() == 0
        manager.find("check box", ON)


def test_lean(build, display, sandbox, panel):
    """it stays below 90 MiB and takes no processor time while nothing happens"""
    with Manager(build, display, sandbox.ready["control"]) as manager:
        panel.looks(ON)
        for page in ("service", "sites", "activity", "token", "certificates", "home"):
            manager.open(page)
            time.sleep(0.5)
        time.sleep(4)
        before = manager.cpu_ticks()
        time.sleep(20)
        used = manager.cpu_ticks() - before
        rss = status_kib(manager.pid, "VmRSS") / 1024
        print(f"RSS {rss:.1f} MiB, {used} ticks in 20 s")
        assert rss < 90 and used <= 2


def test_permission(build, display, sandbox):
    """without the permission M02 comes with exactly one button, comes again at the next start, and never once it is granted [R10] [R11] [R167]"""
    missing = sandbox.base / "nobody/control.sock"
    with Neighbours(display, "systemd", "panel", "notifications") as bus:
        with Manager(build, display, missing, permitted=False) as manager:
            manager.find("label", "برای اجرای سرویس دستینه مجوز اجرا در پس‌زمینه لازم است.")
            dialog = next(n for n in manager.tree() if n["role"] == "dialog")
            inside = [n for n in manager.tree() if n["path"][:len(dialog["path"])] == dialog["path"] and n["role"] == "push button"]
            assert [n["name"] for n in inside] == ["باز کردن تنظیمات"]
            assert bus.ask("systemd")["calls"] == []
            display.key("Escape")
            manager.gone("dialog", "")
            manager.find("check box", UNREACHABLE)
            manager.stop()
            manager.start()
            manager.press("push button", "باز کردن تنظیمات")
            manager.press("push button", "اجازهٔ اجرا در پس‌زمینه")
            wait_for(lambda: bus.ask("systemd")["active"], 10, "the unit to be started")
            assert [call[0] for call in bus.ask("systemd")["calls"]] == ["enable", "reload", "start"]
            assert "--background" in (manager.home / ".config/autostart/ir.mohr.Desktop.desktop").read_text()
            manager.says("سرویس اجازهٔ اجرا در پس‌زمینه دارد")
            manager.stop()
            manager.start()
            manager.find("check box", UNREACHABLE)
            time.sleep(3)
            assert not any(n["role"] == "dialog" for n in manager.tree())
