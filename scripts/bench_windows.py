#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How soon a prompt is on the screen after a page asked, and what mohr-desktop costs while nobody looks at it.

Both daemon processes, a real WebSocket, a virtual display with a window manager. A prompt counts as on the screen once the window
manager lists its window."""
import argparse
import asyncio
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests/desktop"), str(ROOT / "tests/e2e")]
from display import Display, as_user  # noqa: E402
from harness import Sandbox, b64  # noqa: E402

AIMS = {"prompt_shown_ms": 150, "desktop_rss_mib": 90, "desktop_idle_ticks": 0}
armed_after = 1.15  # seconds: earlier keys are ignored
idle_seconds = 20


class WindowList:
    """The moments at which the window manager's list of windows changed, and how long it was."""

    def __init__(self, display):
        self.process = subprocess.Popen(as_user(["xprop", "-root", "-spy", "_NET_CLIENT_LIST"]), env=display.environment, stdout=subprocess.PIPE,
                                        text=True, cwd="/")
        self.changed = threading.Condition()
        self.windows, self.moment = set(), 0.0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                self.windows, self.moment = set(re.findall(r"0x[0-9a-f]+", line)), time.monotonic()
                self.changed.notify_all()

    def wait(self, condition, seconds=20):
        with self.changed:
            if not self.changed.wait_for(lambda: condition(self.windows), seconds):
                sys.exit("bench: no prompt came, or one stayed")
            return self.moment

    def end(self):
        self.process.terminate()
        self.process.wait(5)


def cpu_ticks(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def rss_mib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) / 1024


async def prompts(sandbox, display, windows, count):
    """Milliseconds from the request to the window, each prompt answered as a person does."""
    loop = asyncio.get_running_loop()

    async def answered(method, **params):
        before = set(windows.windows)
        started = time.monotonic()
        reply = asyncio.ensure_future(page.call(method, **params))
        shown = await loop.run_in_executor(None, windows.wait, lambda now: now - before)
        await asyncio.sleep(armed_after)
        await loop.run_in_executor(None, display.type, sandbox.ready["user_pin"])
        await loop.run_in_executor(None, display.key, "Return")
        result = await reply
        await loop.run_in_executor(None, windows.wait, lambda now: not now - before)
        return (shown - started) * 1000, result

    async with sandbox.page() as page:
        await answered("service.requestAccess")
        _, listed = await answered("certificates.list")
        certificate = next(c["handle"] for c in listed["certificates"] if c["state"] == "active" and "digitalSignature" in c["keyUsage"]
                           and c["keyAlgorithm"] == "RSA-2048")
        times = []
        for number in range(count):
            took, _ = await answered("sign.raw", certificate=certificate, algorithm="RSASSA-PKCS1-v1_5-SHA-256",
                                     document={"name": f"{number}.txt", "mediaType": "text/plain", "data": b64(f"document {number}")})
            times.append(took)
        return times


def desktop(build, display, sandbox):
    process = display.spawn([str(build / "desktop/mohr-desktop"), "--background", "--socket", sandbox.ready["control"]])
    time.sleep(5)
    before = cpu_ticks(process.pid)
    time.sleep(idle_seconds)
    figures = rss_mib(process.pid), cpu_ticks(process.pid) - before
    process.terminate()
    process.wait(10)
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--json", metavar="FILE", help="write every figure there")
    parser.add_argument("--prompts", type=int, default=50)
    options = parser.parse_args()
    build = options.build.resolve()
    with Display() as display, Sandbox(build, environment=display.environment) as sandbox:
        windows = WindowList(display)
        times = asyncio.run(prompts(sandbox, display, windows, options.prompts))
        windows.end()
        rss, ticks = desktop(build, display, sandbox)
    figures = {"prompt_shown_ms": statistics.median(times), "desktop_rss_mib": rss, "desktop_idle_ticks": ticks}
    for name, value in figures.items():
        print(f"{name:24}{value:9.1f}  <={AIMS[name]}")
    print(f"prompts: {len(times)}, from {min(times):.0f} to {max(times):.0f} ms; idle: ticks of 10 ms in {idle_seconds} s, load {os.getloadavg()[0]:.1f}")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({**figures, "prompt_ms": times}, indent=1))


if __name__ == "__main__":
    main()
