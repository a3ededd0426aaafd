# SPDX-License-Identifier: Apache-2.0
"""mohr-desktop with a home of its own, and the neighbours that its session bus has."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from answering import Answering
from display import HERE, as_user, runner_ids, wait_for


class Neighbours:
    """`with Neighbours(display, "panel", "notifications")`: neighbours.py on the display's session bus."""

    def __init__(self, display, *kinds):
        self.display, self.kinds = display, kinds

    def __enter__(self):
        self.program = Answering(["/usr/bin/python3", str(HERE / "neighbours.py"), *self.kinds], self.display.environment)
        self.ask = self.program.ask
        return self

    def __exit__(self, *_):
        self.program.close()

    def look(self):
        try:
            return self.ask("look")
        except LookupError:
            return None

    def looks(self, name, seconds=10):
        """The panel's item once its title is `name`."""
        def named():
            look = self.look()
            return look if look and look["title"] == name else None
        return wait_for(named, seconds, f"the tray to say {name!r}, not {self.look()}")

    def labels(self):
        """Label to id of every entry of the tray's menu, those of submenus too."""
        found = {}

        def walk(entry):
            found[entry["label"]] = entry["id"]
            for child in entry["children"]:
                walk(child)
        walk(self.ask("menu"))
        return found


class Manager:
    """`with Manager(build, display, sandbox) as manager`: the window is on the screen. Each has a home of its own."""

    def __init__(self, build, display, socket_path, arguments=(), permitted=True, tour=False, language=None, wait=True, extra=None, home=None):
        self.build, self.display, self.socket_path = build, display, str(socket_path)
        self.arguments, self.wait, self.extra = list(arguments), wait, extra or {}
        self.given_home, self.permitted, self.tour = home, permitted, tour

    def __enter__(self):
        self.home = self.given_home or pathlib.Path(tempfile.mkdtemp(prefix="mohr-home-", dir="/var/tmp"))
        config = self.home / ".config"
        if not self.given_home:
            if self.permitted:
                write(config / "autostart/ir.mohr.Desktop.desktop", "[Desktop Entry]\nType=Application\nName=Mohr\nExec=mohr-desktop --background\n")
            if not self.tour:
                write(config / "mohr/desktop.ini", "[General]\ntourSeen=true\n")
            own(self.home)
        self.environment = {**self.display.environment, "HOME": str(self.home), "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1", **self.extra}
        self.start()
        return self

    def start(self):
        self.errors = open(self.home / "stderr", "ab")
        command = [str(self.build / "desktop/mohr-desktop"), "--socket", self.socket_path, *self.arguments]
        self.process = subprocess.Popen(as_user(command), env=self.environment, cwd="/", stderr=self.errors)
        if self.wait:
            self.find("frame")

    def __exit__(self, *_):
        self.stop()
        if not self.given_home:
            shutil.rmtree(self.home, ignore_errors=True)

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        self.errors.close()

    def again(self, *arguments):
        """A second start with these arguments; its exit status."""
        command = [str(self.build / "desktop/mohr-desktop"), "--socket", self.socket_path, *arguments]
        return subprocess.run(as_user(command), env=self.environment, cwd="/", timeout=30).returncode

    @property
    def pid(self):
        return self.process.pid

    def tree(self):
        return self.display.tree(self.pid)

    def find(self, role=None, name=None, seconds=15):
        return self.display.find(self.pid, role, name, seconds)

    def gone(self, role, name, seconds=10):
        def look():
            return not any(n["role"] == role and name in n["name"] and "showing" in n["states"] for n in self.tree())
        return wait_for(look, seconds, f"{role} {name!r} to go")

    def press(self, role, name, seconds=15):
        def pressed():
            try:
                self.display.press(self.pid, self.find(role, name, seconds))
            except LookupError:  # the page was drawn anew between the look and the press
                return False
            return True
        return wait_for(pressed, seconds, f"{role} {name!r} to be pressed")

    def texts(self):
        """Every name and text that is showing."""
        return "\n".join(f"{n['name']}\n{n['text'] or ''}" for n in self.tree() if "showing" in n["states"])

    def says(self, text, seconds=10):
        return wait_for(lambda: text in visible(self.texts()), seconds, f"{text!r} to be shown")

    def open(self, page):
        self.again("--page", page)

    def cpu_ticks(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])


def own(path):
    """Gives a folder and all in it to the account that runs the programs."""
    if os.getuid() == 0:
        for one in [path, *path.rglob("*")]:
            os.chown(one, *runner_ids())


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def accepts(port):
    """Whether the front door takes a connection."""
    with socket.socket() as one:
        one.settimeout(2)
        return one.connect_ex(("127.0.0.1", port)) == 0


def within(seconds, condition, what):
    """`condition` becomes true within that time; how long it took."""
    begin = time.monotonic()
    wait_for(condition, seconds, what)
    return time.monotonic() - begin


def visible(text):
    """Without the isolates that hold foreign texts."""
    return re.sub("[\u2066-\u2069\u200b]", "", text)
