# SPDX-License-Identifier: Apache-2.0
"""mohr-desktop where each test has a program of its own: an open request, the first start, Wayland."""
import asyncio
import contextlib
import re
import threading
import time

import pytest
from display import wait_for
from manager_process import Manager, Neighbours, accepts, within

from core_harness import Profile
from dastine import DastinePage
from harness import RpcError, Sandbox, b64, children_of, openssl, pem_of, private_directory, run, unb64


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


def test_old_style_tray(build, display, sandbox):
    """where the panel knows only the old kind of tray the icon stands there, and a click on it switches the service [R13]"""
    sandbox.mohr("start")
    tint2 = display.spawn(["tint2"])
    try:
        with Neighbours(display), Manager(build, display, sandbox.ready["control"], ["--background"], wait=False):
            def icon():
                return re.search(r'"mohr-desktop": \("mohr-desktop" .*\)  (\d+)x(\d+)\+\d+\+\d+  \+(\d+)\+(\d+)',
                                 display.output(["xwininfo", "-root", "-tree"]))
            wait_for(icon, 20, "the icon in the panel")
            time.sleep(4)  # the panel has moved it to its place
            width, height, x, y = map(int, icon().groups())
            assert "frame" not in [n["role"] for n in all_nodes(display) if "showing" in n["states"]]
            display.click(x + width // 2, y + height // 2)
            within(2, lambda: not accepts(sandbox.port), "the port to refuse")
            time.sleep(1)  # two clicks would be a double click
            display.click(x + width // 2, y + height // 2)
            within(2, lambda: accepts(sandbox.port), "the port to accept")
    finally:
        tint2.terminate()
        tint2.wait(5)


def all_nodes(display):
    """What is on the accessibility bus, of whatever program."""
    return [node for _, pid in display.reader.ask("programs") for node in display.tree(pid)]


SCRIPT = [{"decision": "allow", "certificate": "RSA Silver"}, {"decision": "allow", "window": {"items": 20, "minutes": 5}}]


def test_decrypt_window_is_told_and_ended(build, display):
    """a site that may decrypt without prompts is told in a notification and on the page, counting down, and ended from both [R190]"""
    with Sandbox(build, script=SCRIPT) as sandbox, Neighbours(display, "panel", "notifications") as desk, \
            Manager(build, display, sandbox.ready["control"]) as manager:
        desk.looks("دستینه: روشن")

        async def body():
            async with DastinePage(sandbox) as page:
                await page.select()
                envelope = b64(sealed(await page.call("GetSelectedCertificate"), b"secret"))
                assert unb64(await page.call("CmsDecrypt", cipher=envelope)) == b"secret"
                await asyncio.to_thread(ended_on_the_page, manager, desk, page.origin)
                assert unb64(await page.call("CmsDecrypt", cipher=envelope)) == b"secret"
                await asyncio.to_thread(ended_in_the_notification, desk)
        run(body())


def windows_told(desk):
    return [n for n in desk.ask("notices")["shown"] if "بدون پرسش رمزگشایی" in n["summary"]]


def ended_on_the_page(manager, desk, origin):
    told = wait_for(lambda: windows_told(desk), 10, "the notification")[-1]
    assert "۱۹" in told["body"] and told["actions"][-1] == "همین حالا پایان بده"
    manager.open("service")
    manager.says(f"{origin} می‌تواند ۱۹ مورد دیگر را تا", 10)
    first = line_of(manager)
    wait_for(lambda: line_of(manager) != first, 5, "the time to count down")
    manager.press("push button", "پایان رمزگشایی بدون پرسش برای")
    manager.gone("push button", "پایان رمزگشایی بدون پرسش برای")
    wait_for(lambda: told["id"] in desk.ask("notices")["closed"], 5, "the notification to go")


def ended_in_the_notification(desk):
    closed = desk.ask("notices")["closed"]
    again = wait_for(lambda: [n for n in windows_told(desk) if n["id"] not in closed], 10, "the second notification")[-1]
    desk.ask("invoke", id=again["id"])
    wait_for(lambda: again["id"] in desk.ask("notices")["closed"], 5, "the window to end")


def sealed(certificate, content):
    return openssl("cms", "-encrypt", "-binary", "-aes128", "-outform", "DER", "-out", "out", "-in", "content", "cert.pem",
                   files={"content": content, "cert.pem": pem_of(certificate)}).out


def line_of(manager):
    return next((n["name"] for n in manager.tree() if n["role"] == "label" and "می‌تواند" in n["name"] and "showing" in n["states"]), "")


def test_reset_is_offered_at_every_start(build, display):
    """while the token has no PINs the reset is offered at every start, in the tray by a notification that leads to it [R40] [R33]"""
    with private_directory() as base, Profile(build, base) as profile, Neighbours(display, "panel", "notifications") as desk:
        profile.start()
        for _ in range(2):
            before = len(desk.ask("notices")["shown"])
            with Manager(build, display, profile.control, ["--background"], wait=False) as manager:
                told = wait_for(lambda: [n for n in desk.ask("notices")["shown"][before:] if n["body"] == "ابتدا توکن را بازنشانی کنید."], 15,
                                "the notification")[-1]
                desk.ask("invoke", id=told["id"])
                manager.find("dialog", "بازنشانی توکن همراه")
            with Manager(build, display, profile.control) as manager:
                manager.find("dialog", "بازنشانی توکن همراه")
                manager.says("ابتدا توکن را بازنشانی کنید.")
