# SPDX-License-Identifier: Apache-2.0
"""A document's whole way, from the page or the command line through door, core and prompt window to what is drawn of it."""
import asyncio
import base64
import json
import os
import pathlib
import statistics
import threading
import time

import pytest
from display import wait_for
from harness import Sandbox, b64, children_of, openssl, run, runner_ids
from preview_pane_test import three_pages
from preview_process import one_page


def name_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


class Person:
    """Sees the windows of one daemon on one display, and answers them."""

    def __init__(self, display, sandbox):
        self.display, self.sandbox = display, sandbox

    def windows(self):
        return [pid for pid in children_of(self.sandbox.pid) if name_of(pid) == "mohr-prompt"]

    def window(self):
        return wait_for(lambda: next(iter(self.windows()), None), 20, "a window")

    def sees(self, part, seconds=20):
        """The window in which this is to be read."""
        pid = self.window()

        def look():
            try:
                return any(part in node["name"] or part in (node["text"] or "") for node in self.display.tree(pid))
            except LookupError:
                return False
        wait_for(look, seconds, part)
        return pid

    def accepts(self, pin=""):
        pid = self.window()
        time.sleep(1.3)
        self.display.type(pin)
        self.display.key("Return")
        wait_for(lambda: pid not in self.windows(), 20, "the window's end")


@pytest.fixture(scope="module")
def desk(build, display):
    environment = {name: display.environment[name] for name in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS")}
    with Sandbox(build, environment=environment) as sandbox:
        yield Person(display, sandbox)


async def allowed(person, page):
    """Lets the page in; the handle of a certificate, so that none has to be chosen later."""
    asking = asyncio.create_task(page.grant())
    await asyncio.to_thread(person.accepts)
    await asking
    asking = asyncio.create_task(page.certificate("P-256"))
    await asyncio.to_thread(person.accepts)
    return (await asking)["handle"]


async def signed(person, page, certificate, content, media_type, shown, announced=True):
    """Streams a document; the person reads `shown` in it before signing."""
    stream, sending = await page.upload((content[i:i + 256 * 1024] for i in range(0, len(content), 256 * 1024)), len(content) if announced else None)
    _, reply, request = page.begin("sign.cms", certificate=certificate, document={"name": "contract.pdf", "mediaType": media_type, "stream": stream})
    await request
    await sending
    await asyncio.to_thread(person.sees, shown)
    await asyncio.to_thread(person.accepts, person.sandbox.ready["user_pin"])
    return await asyncio.wait_for(reply, 30)


def test_page(desk, pictures):
    """what a page streams is what the person sees drawn, and what openssl finds signed [T18] [T20]"""
    content = three_pages() + b"%" + b"x" * (5 << 20) + b"\n"
    text = b"first line\n" + b"y" * 200_000 + b"\nlast line"

    async def body():
        async with desk.sandbox.page() as page:
            certificate = await allowed(desk, page)
            for document, media, shown, announced in ((content, "application/pdf", "صفحهٔ ۱ از ۳", False), (text, "text/plain", "first line", True)):
                result = await signed(desk, page, certificate, document, media, shown, announced)
                files = {"cms": base64.b64decode(result["cms"]), "content": document, "ca": pathlib.Path(desk.sandbox.ready["ca"]).read_bytes()}
                verified = openssl("cms", "-verify", "-inform", "DER", "-in", "cms", "-content", "content", "-CAfile", "ca", "-binary", "-purpose", "any",
                                   "-out", "out", files=files)
                assert verified.out == document
    run(body(), 120)


def test_too_large(desk):
    """a document above 16 MiB is signed without a picture of it, and the window says so [T18]"""
    async def body():
        async with desk.sandbox.page() as page:
            certificate = await allowed(desk, page)
            for announced in (True, False):
                await signed(desk, page, certificate, b"z" * ((16 << 20) + 1), "text/plain", "بزرگ‌تر از ۱۶", announced)
    run(body(), 120)


def test_small(desk):
    """a document inside the message is drawn too, and each of a batch in its own place [T18] [T20]"""
    async def body():
        async with desk.sandbox.page() as page:
            certificate = await allowed(desk, page)
            items = [{"id": str(i), "document": {"name": f"d{i}.txt", "mediaType": "text/plain", "data": b64(f"text number {i}\u202e")}} for i in range(3)]
            _, reply, request = page.begin("sign.batch", certificate=certificate, format="raw", items=items)
            await request
            pid = await asyncio.to_thread(desk.sees, "text number 0\\u{202e}")
            await asyncio.to_thread(lambda: (time.sleep(1.2), desk.display.click_node(desk.display.find(pid, "table cell", "d1.txt"))))
            await asyncio.to_thread(desk.sees, "text number 1\\u{202e}")
            await asyncio.to_thread(desk.display.focus, pid, desk.display.find(pid, "password text"))
            await asyncio.to_thread(desk.accepts, desk.sandbox.ready["user_pin"])
            assert len((await asyncio.wait_for(reply, 30))["results"]) == 3
    run(body(), 120)


def test_file(desk):
    """a file of the command line is drawn as well [T18]"""
    content = one_page(b"0 0 300 200 re f")
    path = desk.sandbox.base / "black.pdf"
    path.write_bytes(content)
    if os.getuid() == 0:
        os.chown(path, *runner_ids())
    wanted = next(c for c in json.loads(desk.sandbox.mohr("cert", "list", "--json").stdout)
                  if c["algorithm"] == "P-256" and "digitalSignature" in c["keyUsage"] and c["state"] == "active")
    done = []
    thread = threading.Thread(target=lambda: done.append(desk.sandbox.mohr("sign", str(path), "--cert", wanted["id"], "--json", check=False, timeout=60)))
    thread.start()
    desk.sees("صفحهٔ ۱ از ۱")
    desk.accepts(desk.sandbox.ready["user_pin"])
    thread.join(60)
    assert done[0].returncode == 0, done[0].stderr
    assert json.loads(done[0].stdout)["file"].endswith("black.pdf.p7s")


def test_soon(desk):
    """sixteen MiB keep the window from the screen hardly longer than a line of text does [T09]"""
    large = b"w" * (16 << 20)

    async def appears(page, certificate, content):
        """Seconds from the last byte to the window."""
        sent = []

        def pieces():
            for i in range(0, len(content), 256 * 1024):
                sent.append(time.monotonic())
                yield content[i:i + 256 * 1024]
        stream, sending = await page.upload(pieces(), len(content))
        _, reply, request = page.begin("sign.cms", certificate=certificate, document={"name": "document.txt", "mediaType": "text/plain", "stream": stream})
        await request
        await sending
        await asyncio.to_thread(wait_for, lambda: desk.display.output(["xdotool", "search", "--onlyvisible", "--class", "mohr-prompt"]).split(), 20, "a window")
        took = time.monotonic() - sent[-1]
        await asyncio.to_thread(desk.accepts, desk.sandbox.ready["user_pin"])
        await asyncio.wait_for(reply, 30)
        return took

    async def body():
        async with desk.sandbox.page() as page:
            certificate = await allowed(desk, page)
            small = [await appears(page, certificate, b"w") for _ in range(3)]
            big = [await appears(page, certificate, large) for _ in range(3)]
            return statistics.median(small), statistics.median(big)
    small, big = run(body(), 120)
    print(f"on the screen after {small * 1000:.0f} ms with one byte, {big * 1000:.0f} ms with 16 MiB")
    assert big < small + 0.5
