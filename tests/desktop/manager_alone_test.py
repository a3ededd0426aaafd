# SPDX-License-Identifier: Apache-2.0
"""mohr-desktop where each test has a program of its own: an open request, the first start, Wayland."""
import asyncio
import contextlib
import threading
import time

import pytest
from display import wait_for
from manager_process import Manager, Neighbours, within

from harness import RpcError, Sandbox, children_of, run


@pytest.fixture(scope="module")
def sandbox(build):
    with Sandbox(build, consent="allow") as running:
        yield running


def test_switching_off_asks_while_a_request_is_open(build, display):
    """switching off during an open request asks first, and then the page gets `user_cancelled`, the prompt closes and the socket ends with 1001 [R16]"""
    environment = {name: display.environment[name] for name in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS")}
    with Sandbox(build, environment=environment) as sandbox, Neighbours(display, "panel", "notifications") as panel, \
            Manager(build, display, sandbox.ready["control"]) as manager:
        panel.looks("دستینه: روشن")
        outcome = {}

        async def visit():
            async with sandbox.page("https://portal.example") as page:
                try:
                    outcome["result"] = await page.call("service.requestAccess", timeout=60)
                except RpcError as error:
                    outcome["code"] = error.code
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(page.socket.wait_closed(), 5)
                outcome["close"] = page.socket.close_code

        visitor = threading.Thread(target=lambda: run(visit()), daemon=True)
        visitor.start()
        wait_for(lambda: (panel.look() or {}).get("status") == "NeedsAttention", 20, "the tray to ask for attention")
        wait_for(lambda: prompts(sandbox), 20, "the prompt")
        panel.ask("activate")
        manager.says("https://portal.example")
        display.key("Escape")
        manager.gone("push button", "خاموش کن")
        assert prompts(sandbox) and not outcome
        panel.ask("activate")
        manager.press("push button", "خاموش کن")
        panel.looks("دستینه: خاموش", 5)
        within(5, lambda: not prompts(sandbox), "the prompt to close")
        visitor.join(20)
        assert outcome == {"code": "user_cancelled", "close": 1001}


def prompts(sandbox):
    found = []
    for pid in children_of(sandbox.pid):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/comm") as file:
            if file.read().strip() == "mohr-prompt":
                found.append(pid)
    return found


def test_first_start_shows_the_tour(build, display, sandbox):
    """at the first start the tour is shown; left once, it does not come again but can be opened"""
    with Neighbours(display, "notifications"), Manager(build, display, sandbox.ready["control"], tour=True) as manager:
        manager.says("گام ۱ از ۴")
        manager.press("push button", "مرحله بعد")
        manager.says("گام ۲ از ۴")
        manager.press("push button", "رد شدن")
        manager.find("push button", "توکن همراه")
        manager.stop()
        manager.start()
        manager.find("push button", "توکن همراه")
        time.sleep(1)
        assert "گام" not in manager.texts()
        manager.press("push button", "مُهر چیست")
        manager.says("گام ۱ از ۴")


def test_wayland(build, display, sandbox):
    """under Wayland the window is shown and its switch works"""
    weston = display.spawn(["weston", "--backend=headless-backend.so", "--socket=mohr-test", "--idle-time=0", "--width=1366", "--height=768"])
    wait_for((display.directory / "mohr-test").exists, 20, "weston")
    extra = {"WAYLAND_DISPLAY": "mohr-test", "QT_QPA_PLATFORM": "wayland", "DISPLAY": ""}
    try:
        with Neighbours(display, "notifications"), Manager(build, display, sandbox.ready["control"], extra=extra) as manager:
            manager.press("check box", "دستینه: روشن")
            manager.find("check box", "دستینه: خاموش", 5)
            manager.press("check box", "دستینه: خاموش")
            manager.find("check box", "دستینه: روشن", 5)
            manager.open("activity")
            manager.find("table", "گزارش فعالیت")
    finally:
        weston.terminate()
        weston.wait(5)
