# SPDX-License-Identifier: Apache-2.0
"""Prompts in windows: which process draws them, in what environment, and what its end does (design rule 2)."""
import asyncio
import contextlib
import os
import pathlib
import signal
import socket
import time

import pytest
from core_harness import Agent, Control, PrivateBus, acting_as
from dastine import DastinePage
from harness import RpcError, Sandbox, b64, document, eventually, private_directory, run
from window import Windows, installation, user_manager

HOSTILE = {"LD_PRELOAD": "/nonexistent/evil.so", "QT_PLUGIN_PATH": "/nonexistent", "QT_QPA_PLATFORMTHEME": "evil", "QT_STYLE_OVERRIDE": "evil",
           "GTK_MODULES": "evil", "PATH": "/nonexistent:/usr/bin:/bin", "LOCPATH": "/nonexistent", "DISPLAY": ":77", "LC_TIME": "fa_IR"}


class Setting:
    def __init__(self, sandbox, windows):
        self.sandbox, self.windows = sandbox, windows

    def control(self):
        return Control(self.sandbox.ready["control"])


@contextlib.contextmanager
def running(build, environment=None, **options):
    with private_directory() as base, Windows(base) as windows:
        tree = installation(build, base)
        with Sandbox(tree, directory=base, environment=environment, **options) as sandbox:
            yield Setting(sandbox, windows)


@pytest.fixture
def desktop(build):
    """A daemon with a display, as far as it knows."""
    with running(build, {"DISPLAY": ":77"}) as setting:
        yield setting


async def asked(page, windows):
    """Begins to ask for access: the reply to come, and the window that asks."""
    number, future, sending = page.begin("service.requestAccess")
    await sending
    window = await asyncio.to_thread(windows.next)
    return number, future, window


def test_environment(build):
    """a window gets a chosen environment, its socket and nothing else: nothing that loads code reaches it [T33]"""
    with running(build, HOSTILE) as setting:
        async def go():
            async with setting.sandbox.page() as page:
                _, reply, window = await asked(page, setting.windows)
                start = window.start
                assert start["arguments"] == [] and set(start["open"]) - {4, 5} == {0, 1, 2, 3}
                environment = start["environment"]
                environment.pop("LC_CTYPE", None)  # Python's own
                assert environment == {"PATH": "/usr/bin:/bin", "HOME": str(setting.sandbox.base), "XDG_RUNTIME_DIR": str(setting.sandbox.base),
                                       "LANG": "C.UTF-8", "DISPLAY": ":77", "LC_TIME": "fa_IR"}
                assert pathlib.Path(f"/proc/{window.pid}/status").read_text().count(f"PPid:\t{setting.sandbox.pid}\n") == 1
                window.shown()
                window.answer()
                await reply
        run(go())


def test_signing_in_a_window(desktop):
    """a page signs through a window of its own process, which stays for a wrong PIN and ends when it is settled [R188] [R55]"""
    async def go():
        async with desktop.sandbox.page() as page:
            _, reply, window = await asked(page, desktop.windows)
            params = await asyncio.to_thread(window.shown)
            assert params["kind"] == "access" and params["interface"] == {"language": "fa", "theme": "light"}
            window.answer(remember=True)
            await reply
            assert await asyncio.to_thread(window.over) == ("prompt.settled", None)
            _, reply, sending = page.begin("sign.cms", document=document("hello"))
            await sending
            window = await asyncio.to_thread(desktop.windows.next)
            params = await asyncio.to_thread(window.shown)
            assert params["kind"] == "sign" and params["pin"]["triesLeft"] == 5
            silver = next(c for c in params["certificates"] if c["usable"] and c.get("level") == "silver")
            assert silver["uses"] == ["sign", "authenticate", "decrypt"]
            window.answer(certificate=silver["id"], secrets={"user_pin": "000000"})
            again = await asyncio.to_thread(window.shown)  # in the same process
            assert again["pin"]["lastWrong"] and again["pin"]["triesLeft"] == 4 and again["prompt"] != params["prompt"]
            window.answer(certificate=silver["id"], secrets={"user_pin": desktop.sandbox.ready["user_pin"]})
            assert "cms" in await reply
            assert await asyncio.to_thread(window.over) == ("prompt.settled", None)
            eventually(lambda: not pathlib.Path(f"/proc/{window.pid}").exists())
            assert desktop.windows.none_for(0.1)
    run(go())


def test_the_window_is_the_only_agent(desktop):
    """while windows are drawn no other agent may register, and one that talks of prompts decides nothing [T16]"""
    async def go():
        with Agent(desktop.sandbox.ready["control"]) as hostile:
            assert await asyncio.to_thread(hostile.registered) == "agent_exists"
        with desktop.control() as control:
            assert control.call("service.status")["agent"] == "window"
            async with desktop.sandbox.page() as page:
                _, reply, window = await asked(page, desktop.windows)
                params = await asyncio.to_thread(window.shown)
                assert control.failure("prompt.answer", {"prompt": params["prompt"], "decision": "allow"}) == "method_not_found"
                # Answers to a request that this client was never asked.
                for number in (1, params["prompt"]):
                    control.send({"jsonrpc": "2.0", "id": number, "result": {"decision": "allow"}})
                control.call("service.status")
                assert not reply.done()
                window.answer("deny")
                with pytest.raises(RpcError) as refused:
                    await reply
                assert refused.value.code == "user_cancelled"
    run(go())


def test_an_agent_that_was_there_first(build):
    """an agent that registered before the session began gets no prompt once there is a display: the window does [T16]"""
    with private_directory() as bus_base, PrivateBus(bus_base, "session") as bus:
        block = bus_base / "environment"
        block.write_text("LANG=fa_IR.UTF-8")
        block.chmod(0o644)
        with user_manager(bus, block), running(build, {"DBUS_SESSION_BUS_ADDRESS": bus.address}) as setting, \
                Agent(setting.sandbox.ready["control"]) as early:
            async def go():
                assert await asyncio.to_thread(early.registered) is None
                with setting.control() as control:
                    assert control.call("service.status")["agent"] == "terminal"
                async with setting.sandbox.page() as page:
                    _, first, sending = page.begin("service.requestAccess")
                    await sending
                    message = await asyncio.to_thread(early.next)
                    assert message["method"] == "prompt.show"
                    early.answer(decision="deny")
                    with pytest.raises(RpcError):
                        await first
                    block.write_text("DISPLAY=:78 WAYLAND_DISPLAY=wayland-7 LD_PRELOAD=/nonexistent/evil.so")
                    _, reply, window = await asked(page, setting.windows)
                    environment = window.start["environment"]
                    assert environment["DISPLAY"] == ":78" and environment["WAYLAND_DISPLAY"] == "wayland-7" and "LD_PRELOAD" not in environment
                    await asyncio.to_thread(window.shown)
                    window.answer()
                    await reply
                    with setting.control() as control:
                        assert control.call("service.status")["agent"] == "window"
                    with Agent(setting.sandbox.ready["control"]) as late:
                        assert await asyncio.to_thread(late.registered) == "agent_exists"
                    # Asking after the service is enough to find out that the session is over, or has begun.
                    for text, kind in (("LANG=C", "terminal"), ("DISPLAY=:79", "window")):
                        block.write_text(text)
                        with setting.control() as control:
                            eventually(lambda: control.call("service.status")["agent"] == kind)
            run(go())


def test_a_display_that_is_gone(build):
    """where the display that the daemon was started with is gone, the window comes up in the session that followed"""
    with private_directory() as base, PrivateBus(base, "session") as bus, contextlib.closing(socket.socket(socket.AF_UNIX)) as compositor:
        block = base / "environment"
        block.write_text(f"WAYLAND_DISPLAY={base}/wayland-5 XAUTHORITY=/nonexistent")
        block.chmod(0o644)
        with user_manager(bus, block), running(build, {"DISPLAY": ":77", "DBUS_SESSION_BUS_ADDRESS": bus.address}) as setting:
            async def asked_on():
                async with setting.sandbox.page() as page:
                    _, reply, window = await asked(page, setting.windows)
                    window.shown()
                    window.answer()
                    await reply
                    return {name: window.start["environment"].get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")}
            # Nobody listens at either: the one that the daemon was told stays.
            assert run(asked_on()) == {"DISPLAY": ":77", "WAYLAND_DISPLAY": None}
            with acting_as():
                compositor.bind(f"{base}/wayland-5")
                compositor.listen(8)
            assert run(asked_on()) == {"DISPLAY": None, "WAYLAND_DISPLAY": f"{base}/wayland-5"}


def test_a_dead_window(desktop):
    """a window that crashes, breaks the framing or answers unseen ends its request once, with no_agent; the next request gets a new one"""
    def unseen(window):
        window.request = window.next()
        window.answer()

    deeds = {"crash": lambda w: (w.shown(), w.say("crash")), "unseen": unseen,
             "kill": lambda w: (w.shown(), os.kill(w.pid, signal.SIGKILL))}

    async def go():
        async with desktop.sandbox.page() as page:
            for name, deed in deeds.items():
                _, reply, window = await asked(page, desktop.windows)
                await asyncio.to_thread(deed, window)
                with pytest.raises(RpcError) as failed:
                    await asyncio.wait_for(reply, 10)
                assert failed.value.code == "no_agent", name
                eventually(lambda: not pathlib.Path(f"/proc/{window.pid}").exists())
    run(go())


def test_deadline(build):
    """the deadline runs from the moment the window is on the screen; then it is closed and the request expires"""
    with running(build, {"DISPLAY": ":77"}, options=["--shorten-timers", "60"]) as setting:  # 2 s
        async def go():
            async with setting.sandbox.page() as page:
                _, reply, window = await asked(page, setting.windows)
                window.request = await asyncio.to_thread(window.next)
                await asyncio.sleep(1)
                window.say({"jsonrpc": "2.0", "method": "prompt.shown", "params": {"prompt": window.request["params"]["prompt"]}})
                began = time.monotonic()
                with pytest.raises(RpcError) as failed:
                    await reply
                assert failed.value.code == "consent_timeout" and 1.5 < time.monotonic() - began < 4
                assert await asyncio.to_thread(window.over) == ("prompt.close", "deadline")
        run(go())


def test_switching_off(desktop):
    """switching off under an open window: the page is told user_cancelled, its socket closes with 1001, the window closes [R16]"""
    async def go():
        page = desktop.sandbox.page()
        async with page:
            _, reply, window = await asked(page, desktop.windows)
            await asyncio.to_thread(window.shown)
            with desktop.control() as control:
                assert control.call("service.stop") == {"running": False}
            with pytest.raises(RpcError) as failed:
                await reply
            assert failed.value.code == "user_cancelled"
            await asyncio.wait_for(page.socket.wait_closed(), 5)
            assert page.socket.close_code == 1001
            assert await asyncio.to_thread(window.over) == ("prompt.close", "stopping")
    run(go())


def test_switching_off_under_a_portal(desktop):
    """switching off while a portal's page waits for a PIN answers its command with 18, closes the window and then the socket with 1001 [R16]"""
    async def go():
        async with DastinePage(desktop.sandbox) as page:
            selection = asyncio.create_task(page.select())
            window = await asyncio.to_thread(desktop.windows.next)
            shown = await asyncio.to_thread(window.shown)
            window.answer(certificate=next(c["id"] for c in shown["certificates"] if c["usable"]))
            await selection
            await asyncio.to_thread(window.over)
            await page.send("CmsSign", data=b64("text"), attach=True, hash="SHA256")
            window = await asyncio.to_thread(desktop.windows.next)
            assert (await asyncio.to_thread(window.shown))["pin"]["needed"] is True
            with desktop.control() as control:
                control.call("service.stop")
            assert await page.reply("CmsSign", 10) == "18"
            await asyncio.wait_for(page.socket.wait_closed(), 5)
            assert page.socket.close_code == 1001
            assert await asyncio.to_thread(window.over) == ("prompt.close", "stopping")
    run(go())


def test_the_daemon_ends(build):
    """no window outlives its daemon, whether that ends or is killed"""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with running(build, {"DISPLAY": ":77"}) as setting:
            async def go():
                async with setting.sandbox.page() as page:
                    _, reply, window = await asked(page, setting.windows)
                    await asyncio.to_thread(window.shown)
                    setting.sandbox.stop(how)
                    eventually(lambda: not pathlib.Path(f"/proc/{window.pid}").exists())
                    with pytest.raises((RpcError, ConnectionError)):
                        await asyncio.wait_for(reply, 10)
            run(go())


def test_surface_of_the_configuration(build):
    """the configuration can keep prompts on the terminal, and never falls back where it says window"""
    for surface, code in (("terminal", None), ("window", "agent_exists")):
        with private_directory() as base, Windows(base) as windows:
            tree = installation(build, base)
            with acting_as():
                (base / ".config/mohr").mkdir(parents=True, mode=0o700)
                (base / ".config/mohr/mohrd.toml").write_text(f'[prompt]\nsurface = "{surface}"\n')
                (base / ".config/mohr/mohrd.toml").chmod(0o600)
            with Sandbox(tree, directory=base, environment={"DISPLAY": ":77"}, options=["--config", str(base / ".config/mohr/mohrd.toml")]) as sandbox, \
                    Agent(sandbox.ready["control"]) as agent:
                assert agent.registered() == code
                assert windows.none_for(0.1)
