# SPDX-License-Identifier: Apache-2.0
"""The real daemon and the real windows: what the core starts, what a person types there, and what is left of it."""
import asyncio
import contextlib
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import time

import pytest

from display import runner_ids, wait_for
from core_harness import Control, PrivateBus, Profile
from harness import RpcError, Sandbox, as_user, document, openssl, pem_of, private_directory, run, unb64
from window import user_manager

CANARY_PIN = "8463017592046"


def session(display):
    """What a daemon knows of the person's session."""
    return {**{name: display.environment[name] for name in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS")}, "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1"}


@contextlib.contextmanager
def daemon(build, display, environment=None, **options):
    with Sandbox(build, environment={**session(display), **(environment or {})}, **options) as running:
        yield running


@contextlib.contextmanager
def profile(build, display):
    """A real profile whose token is still blank."""
    with private_directory() as base, Profile(build, base, environment=session(display)) as running:
        running.start()
        with running.connect() as control:
            yield running, control


def prompt_pid(mohrd, seconds=10):
    """The mohr-prompt that this daemon has started and that is on the screen."""
    def look():
        for pid in subprocess.run(["pgrep", "-P", str(mohrd), "-x", "mohr-prompt"], capture_output=True, text=True).stdout.split():
            return int(pid)
        return None
    return wait_for(look, seconds, "mohr-prompt")


def wait_asking(control, kind, seconds=10):
    wait_for(lambda: (control.call("service.status")["asking"] or {}).get("kind") == kind, seconds, f"a prompt of kind {kind}")
    time.sleep(1.3)  # until it is armed


def found_in_memory(pid, text):
    """Whether that text stands in any readable, writable page of the process, in UTF-8 or UTF-16."""
    needles = (text.encode(), text.encode("utf-16-le"))
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue
            start, end = (int(part, 16) for part in span.split("-"))
            try:
                memory.seek(start)
                content = memory.read(end - start)
            except (OSError, ValueError):
                continue  # secret memory is read by nobody, not even root
            if any(needle in content for needle in needles):
                return True
    return False


def ended(pid):
    return wait_for(lambda: not pathlib.Path(f"/proc/{pid}").exists(), 10, f"the end of {pid}")


def test_a_page_signs(build, display):
    """a page is let in and signs, by a real window each time, which belongs to the daemon and ends with its decision [R187] [R188]"""
    with daemon(build, display) as sandbox, Control(sandbox.ready["control"]) as control:
        async def go():
            async with sandbox.page() as page:
                _, reply, sending = page.begin("service.requestAccess")
                await sending
                await asyncio.to_thread(wait_asking, control, "access")
                first = prompt_pid(sandbox.pid)
                display.key("Return")
                await asyncio.wait_for(reply, 10)
                await asyncio.to_thread(ended, first)
                _, reply, sending = page.begin("sign.cms", document=document("hello"))
                await sending
                await asyncio.to_thread(wait_asking, control, "sign")
                pid = prompt_pid(sandbox.pid)
                assert pid != first
                display.press(pid, display.find(pid, "radio button", "RSA Silver"))
                display.click_node(display.find(pid, "password text"))
                display.type(sandbox.ready["user_pin"])
                display.key("Return")
                signed = await asyncio.wait_for(reply, 20)
                assert signed["cms"]
                await asyncio.to_thread(ended, pid)
        run(go())


def test_a_large_batch(build, display, pictures):
    """a page's request over 400 documents stands whole in the window, down to the last one's text, and one PIN signs them all [R33] [T20]"""
    count = 400
    texts = [f"document {number}, as it was sent" for number in range(1, count + 1)]
    items = [{"id": str(number), "document": document(text, f"letter-{number}.txt")} for number, text in enumerate(texts, 1)]

    def chosen_last(pid):
        """The last document's name and text are shown, once its row is chosen."""
        nodes = [node for node in display.tree(pid) if "showing" in node["states"]]
        return any(texts[-1] in (node["text"] or "") for node in nodes) and any(f"letter-{count}.txt" in node["name"] for node in nodes)

    with daemon(build, display) as sandbox, Control(sandbox.ready["control"]) as control:
        control.call("interface.set", {"language": "en", "theme": "light"})

        async def go():
            async with sandbox.page() as page:
                _, reply, sending = page.begin("service.requestAccess")
                await sending
                await asyncio.to_thread(wait_asking, control, "access")
                display.key("Return")
                await asyncio.wait_for(reply, 10)
                _, reply, sending = page.begin("sign.batch", format="raw", items=items)
                await sending
                await asyncio.to_thread(wait_asking, control, "sign")
                pid = prompt_pid(sandbox.pid)
                await asyncio.to_thread(display.find, pid, None, f"{count} documents")
                table = next(node for node in display.tree(pid) if node["role"] in ("tree table", "table", "tree", "list"))
                display.click_node(table)
                display.key("End")
                await asyncio.to_thread(wait_for, lambda: chosen_last(pid), 10, "the last document")
                display.screenshot(pictures / "batch-of-400.png")
                display.press(pid, display.find(pid, "radio button", "RSA Silver"))
                display.click_node(display.find(pid, "password text"))
                display.type(sandbox.ready["user_pin"])
                display.key("Return")
                return await asyncio.wait_for(reply, 60)
        signed = run(go())
        results = {one["id"]: unb64(one["signature"]) for one in signed["results"]}
        assert list(results) == [item["id"] for item in items]
        key = openssl("x509", "-pubkey", "-noout", input=pem_of(signed["certificate"]["certificate"])).stdout
        for number in (1, count // 2, count):
            checked = openssl("dgst", "-sha256", "-verify", "key", "-signature", "signature", "text",
                              files={"key": key, "signature": results[str(number)], "text": texts[number - 1].encode()})
            assert b"Verified OK" in checked.stdout


@pytest.fixture
def compositor(display):
    """The socket of a Wayland compositor with a keyboard that wtype can type on, and no X server."""
    sway = display.spawn(["sway", "--config", "/dev/null"], extra={"DISPLAY": "", "WLR_BACKENDS": "headless", "WLR_RENDERER": "pixman",
                                                                   "WLR_LIBINPUT_NO_DEVICES": "1"})
    yield wait_for(lambda: next((path for path in display.directory.glob("wayland-*") if path.suffix != ".lock"), None), 20, "sway")
    sway.terminate()
    sway.wait(10)


def test_wayland(build, display, compositor):
    """where there is a Wayland compositor and no X server the prompt is shown, and Return accepts it once it is armed [R188] [T14]"""
    with daemon(build, display, {"DISPLAY": "", "WAYLAND_DISPLAY": str(compositor)}) as sandbox, Control(sandbox.ready["control"]) as control:
        def types(*keys):
            """As a keyboard that is plugged in for these keys."""
            subprocess.run(as_user(["wtype", *keys]), env={**display.environment, "WAYLAND_DISPLAY": str(compositor)}, check=True, timeout=10)

        async def go():
            async with sandbox.page() as page:
                _, reply, sending = page.begin("service.requestAccess")
                await sending
                await asyncio.to_thread(wait_for, lambda: control.call("service.status")["asking"], 10, "the prompt")
                shown, pid = time.monotonic(), prompt_pid(sandbox.pid)
                await asyncio.to_thread(types, "-k", "Return")
                if time.monotonic() - shown < 0.9:  # else a slow machine: too late for an early key
                    await asyncio.sleep(0.1)
                    assert not reply.done()
                if not reply.done():
                    await asyncio.to_thread(types, "-s", "2000", "-k", "Return")
                assert (await asyncio.wait_for(reply, 10))["access"] == "granted"
                await asyncio.to_thread(ended, pid)
        run(go())


def test_pin_in_memory(build, display):
    """a PIN is in no readable memory of mohr-prompt once its answer has left, nor ever in that of mohr-desktop [R53] [R197]"""
    with daemon(build, display) as sandbox, Control(sandbox.ready["control"]) as control:
        desktop = display.spawn([str(build / "desktop/mohr-desktop"), "--socket", sandbox.ready["control"]])
        display.find(desktop.pid, "push button")
        number = control.begin("token.setLabel", {"label": "planted-marker-of-this-test"})
        with Control(sandbox.ready["control"]) as status:
            wait_asking(status, "set_label")
            pid = prompt_pid(sandbox.pid)
            # What the window shows is found, so that the search would find a PIN that lay about.
            assert found_in_memory(pid, "planted-marker-of-this-test")
            display.click_node(display.find(pid, "password text"))
            time.sleep(1.3)  # it came up behind no one's keys: the click gave it the focus, and arms it anew
            display.type(CANARY_PIN)
            display.key("Return")
            wait_for(lambda: status.call("token.info")["admin"]["triesLeft"] == 9, 15, "the wrong PIN's try")
            # The same window says so and waits: the answer has left it.
            assert prompt_pid(sandbox.pid) == pid
            time.sleep(0.5)
            assert not found_in_memory(pid, CANARY_PIN)
            assert desktop.poll() is None and found_in_memory(desktop.pid, sandbox.ready["control"])
            assert not found_in_memory(desktop.pid, CANARY_PIN)
            display.key("Escape")
            with pytest.raises(RpcError) as refused:
                control.reply_to(number)
            assert refused.value.code == "user_cancelled"
            ended(pid)


PLANTED = 'void planted(void) __attribute__((constructor));\nvoid planted(void) {}\n'


def test_planted_library(build, display):
    """a library planted in LD_PRELOAD or as a Qt plugin is not loaded by the window that the core starts, though mohr-prompt alone would [T33]"""
    with private_directory() as base, PrivateBus(base, "session") as bus:
        library, plugins = base / "libplanted.so", base / "platforms"
        (base / "planted.c").write_text(PLANTED)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(base / "planted.c")], check=True)
        library.chmod(0o755)
        plugins.mkdir()
        shutil.copy(library, plugins / "libqxcb.so")
        block = base / "environment"
        block.write_text(f"DISPLAY={display.environment['DISPLAY']} LD_PRELOAD={library} QT_PLUGIN_PATH={base} QT_QPA_PLATFORM_PLUGIN_PATH={plugins}")
        for path in (plugins, block, plugins / "libqxcb.so"):
            path.chmod(0o755)
        # The control: the same variables do reach a mohr-prompt that somebody else starts.
        import socket
        ours, theirs = socket.socketpair()
        with theirs:
            alone = subprocess.Popen(as_user(["bash", "-c", f'exec "$0" 3<&{theirs.fileno()}', str(build / "desktop/mohr-prompt")]), cwd="/",
                                     env={**display.environment, "LD_PRELOAD": str(library)}, pass_fds=[theirs.fileno()])
        try:
            wait_for(lambda: "libplanted" in pathlib.Path(f"/proc/{alone.pid}/maps").read_text(), 10, "the planted library")
        finally:
            ours.close()
            alone.kill()
            alone.wait(5)
        environment = {"DBUS_SESSION_BUS_ADDRESS": bus.address, "QT_PLUGIN_PATH": str(base), "QT_QPA_PLATFORMTHEME": "planted"}
        with user_manager(bus, block), Sandbox(build, environment=environment) as sandbox, Control(sandbox.ready["control"]) as control:
            async def go():
                async with sandbox.page() as page:
                    _, reply, sending = page.begin("service.requestAccess")
                    await sending
                    await asyncio.to_thread(wait_asking, control, "access")
                    pid = prompt_pid(sandbox.pid)
                    variables = pathlib.Path(f"/proc/{pid}/environ").read_text().split("\0")
                    assert f"DISPLAY={display.environment['DISPLAY']}" in variables
                    assert not [v for v in variables if v.startswith(("LD_", "QT_"))]
                    assert str(base) not in pathlib.Path(f"/proc/{pid}/maps").read_text()
                    display.key("Escape")
                    with pytest.raises(RpcError):
                        await asyncio.wait_for(reply, 10)
            run(go())


UNIT = """#!/usr/bin/python3
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
for option in (65, 38):  # PR_SET_MDWE, PR_SET_NO_NEW_PRIVS
    if libc.prctl(option, 1, 0, 0, 0) != 0: sys.exit(f'prctl {option}: {os.strerror(ctypes.get_errno())}')
os.execv(%r, sys.argv)
"""


def test_within_the_unit(build, display):
    """the windows and the preview come up under what the systemd unit takes from the daemon: no new privileges, no memory that is written and run"""
    with private_directory() as base:
        (base / "daemon/core").mkdir(parents=True)
        launcher = base / "daemon/core/mohrd"
        launcher.write_text(UNIT % str(build / "daemon/core/mohrd"))
        for path in (base / "daemon", base / "daemon/core", launcher):
            path.chmod(0o755)
        with Sandbox(base, environment=session(display)) as sandbox, Control(sandbox.ready["control"]) as control:
            async def go():
                async with sandbox.page() as page:
                    _, reply, sending = page.begin("service.requestAccess")
                    await sending
                    await asyncio.to_thread(wait_asking, control, "access")
                    display.key("Return")
                    await asyncio.wait_for(reply, 10)
                    _, reply, sending = page.begin("sign.cms", document=document("drawn by another process"))
                    await sending
                    await asyncio.to_thread(wait_asking, control, "sign")
                    pid = prompt_pid(sandbox.pid)
                    assert "NoNewPrivs:\t1" in pathlib.Path(f"/proc/{pid}/status").read_text()
                    drawn = lambda: any("drawn by another process" in (node["text"] or "") for node in display.tree(pid))
                    await asyncio.to_thread(wait_for, drawn, 10, "the preview")
                    display.key("Escape")
                    with pytest.raises(RpcError):
                        await asyncio.wait_for(reply, 10)
            run(go())


def test_kill_restart_and_deadline(build, display):
    """a killed window, a killed daemon and a deadline each end the request once, and nothing is left on the screen"""
    async def asked(sandbox, control, page):
        _, reply, sending = page.begin("service.requestAccess")
        await sending
        await asyncio.to_thread(wait_for, lambda: control.call("service.status")["asking"], 10, "the prompt")
        return reply, await asyncio.to_thread(prompt_pid, sandbox.pid)

    with daemon(build, display) as sandbox, Control(sandbox.ready["control"]) as control:
        async def killed():
            async with sandbox.page() as page:
                reply, pid = await asked(sandbox, control, page)
                subprocess.run(["kill", "-9", str(pid)], check=True)
                with pytest.raises(RpcError) as failed:
                    await asyncio.wait_for(reply, 5)
                assert failed.value.code == "no_agent"
                reply, pid = await asked(sandbox, control, page)
                sandbox.stop(signal.SIGKILL)
                with pytest.raises((RpcError, ConnectionError)):
                    await asyncio.wait_for(reply, 5)
                await asyncio.to_thread(ended, pid)
        run(killed())
    with daemon(build, display, options=["--shorten-timers", "60"]) as sandbox, Control(sandbox.ready["control"]) as control:
        async def expired():
            async with sandbox.page() as page:
                reply, pid = await asked(sandbox, control, page)
                with pytest.raises(RpcError) as failed:
                    await asyncio.wait_for(reply, 10)
                assert failed.value.code == "consent_timeout"
                await asyncio.to_thread(ended, pid)
        run(expired())


def test_first_reset(build, display):
    """a blank token is initialised in a window that the token manager asked for, and its PINs work [R41] [R48]"""
    with profile(build, display) as (running, control):
        number = control.begin("token.initialise", {"label": "Mine"})
        with running.connect() as status:
            wait_asking(status, "initialise")
        pid = prompt_pid(running.process.pid)
        fields = [n for n in display.tree(pid) if n["role"] == "password text" and "showing" in n["states"]]
        assert len(fields) == 4
        for node, pin in zip(fields, ("83920174", "83920174", "newAdmin7x", "newAdmin7x")):
            display.focus(pid, node)  # scrolls to it
            display.type(pin)
        display.key("Return")
        assert control.reply_to(number) == {}
        ended(pid)
        assert control.call("token.verify", {"role": "user"}, {"pin": "83920174"}) == {}
        assert control.call("token.verify", {"role": "admin"}, {"pin": "newAdmin7x"}) == {}


def test_time_to_screen(build, display):
    """a prompt is on the screen 150 ms after its request, in the median of fifty"""
    with daemon(build, display) as sandbox, Control(sandbox.ready["control"]) as control:
        taken = []
        for _ in range(50):
            began = time.monotonic()
            number = control.begin("token.verify", {"role": "user"})
            control.send({"jsonrpc": "2.0", "id": 10_000, "method": "service.subscribe", "params": {}})
            with Control(sandbox.ready["control"]) as status:
                while not status.call("service.status")["asking"]:
                    time.sleep(0.002)
            taken.append(time.monotonic() - began)
            control.send({"jsonrpc": "2.0", "method": "$/cancel", "params": {"id": number}})
            while control.receive().get("id") != number:
                pass
        median = statistics.median(taken) * 1000
        print(f"on the screen after {median:.0f} ms (median of 50), at most {max(taken) * 1000:.0f} ms")
        # 150 ms on a machine that is ours; where others build at the same time, at least no other order of magnitude.
        assert median < (150 if os.getloadavg()[0] < os.cpu_count() else 500)
