# SPDX-License-Identifier: Apache-2.0
"""A virtual display of its own: X server, window manager, session bus and accessibility bus, all as the unprivileged account."""
import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from answering import Answering  # noqa: E402
from harness import as_user, private_directory, read_line, runner_ids  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><keep_umask/><listen>unix:dir={directory}</listen><auth>EXTERNAL</auth>
<standard_session_servicedirs/>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"""


def wait_for(condition, seconds=10, what="it"):
    """The first true value of `condition`; fails after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.02)


class Display:
    """`with Display(width, height) as display`. Everything it started ends with it, by its process id."""

    def __init__(self, width=1366, height=768, window_manager=True):
        self.size, self.window_manager = (width, height), window_manager
        self.processes, self.reader = [], None

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        self.directory = self.stack.enter_context(private_directory())
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.directory), "XDG_RUNTIME_DIR": str(self.directory), "LANG": "C.UTF-8"}
        try:
            self._start_server()
            self._start_bus()
            if self.window_manager:
                self.spawn(["openbox", "--sm-disable"])
                wait_for(lambda: "window id" in self.output(["xprop", "-root", "_NET_SUPPORTING_WM_CHECK"]) or None, 20, "openbox")
            self._start_accessibility()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.reader is not None:
            self.reader.close()
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        for process in reversed(self.processes):
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
        self.stack.close()

    def spawn(self, command, **options):
        options.setdefault("stdout", subprocess.DEVNULL)
        options.setdefault("stderr", subprocess.DEVNULL)
        environment = {**self.environment, **options.pop("extra", {})}
        process = subprocess.Popen(as_user(command), env=environment, cwd="/", **options)
        self.processes.append(process)
        return process

    def output(self, command, check=False, **options):
        result = subprocess.run(as_user(command), env=self.environment, cwd="/", capture_output=True, text=True, timeout=30, **options)
        if check and result.returncode != 0:
            raise AssertionError(f"{command} ended with {result.returncode}: {result.stderr}")
        return result.stdout

    def _start_server(self):
        width, height = self.size
        read, write = os.pipe()
        server = self.spawn(["Xvfb", "-displayfd", str(write), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp", "-noreset"],
                            pass_fds=[write])
        os.close(write)
        number = []
        with os.fdopen(read) as pipe:
            reader = threading.Thread(target=lambda: number.append(pipe.readline().strip()), daemon=True)
            reader.start()
            reader.join(30)
        if not number or not number[0]:
            raise AssertionError(f"Xvfb did not start: {server.poll()}")
        self.environment["DISPLAY"] = f":{number[0]}"

    def _start_bus(self):
        config = self.directory / "bus.conf"
        config.write_text(BUS.format(directory=self.directory))
        config.chmod(0o644)
        bus = self.spawn(["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address"], stdout=subprocess.PIPE, text=True)
        address = read_line(bus, 20).strip()
        assert address, "dbus-daemon did not start"
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = address

    def _start_accessibility(self):
        self.spawn(["/usr/libexec/at-spi-bus-launcher", "--launch-immediately", "--a11y=1"])
        self.reader = Answering(["/usr/bin/python3", str(HERE / "tree.py")], self.environment)

    # What a person does.

    def xdo(self, *arguments):
        return self.output(["xdotool", *map(str, arguments)], check=True)

    def key(self, *keys):
        self.xdo("key", "--clearmodifiers", *keys)

    def type(self, text):
        # For what is not on the keyboard xdotool changes the keymap, which the program must have noticed before the next key.
        self.xdo("type", "--delay", 12 if text.isascii() else 150, text)

    def click(self, x, y):
        self.xdo("mousemove", x, y, "click", "1")

    def screenshot(self, path):
        path = pathlib.Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
            os.chown(directory, *runner_ids())
            picture = pathlib.Path(directory) / "screen.png"
            self.output(["import", "-window", "root", str(picture)], check=True)
            path.write_bytes(picture.read_bytes())
        return path

    def window_of(self, pid):
        """id, x, y, width, height of the program's visible window."""
        window = wait_for(lambda: self.output(["xdotool", "search", "--onlyvisible", "--pid", str(pid)]).split(), 10, "the window")[-1]
        # Not xdotool's own geometry, which counts the frame twice.
        said = dict(line.strip().split(":", 1) for line in self.output(["xwininfo", "-id", window], check=True).splitlines() if ":" in line)
        return int(window), *(int(said[name]) for name in ("Absolute upper-left X", "Absolute upper-left Y", "Width", "Height"))

    # What assistive technology sees.

    def tree(self, pid):
        """Every accessible object of the program, parents first: {path, role, name, description, text, states, box, actions}."""
        return self.reader.ask("tree", pid=pid)

    def find(self, pid, role=None, name=None, seconds=10):
        """The first showing object of that role whose name holds `name`."""
        def look():
            try:
                nodes = self.tree(pid)
            except LookupError:
                return None
            for node in nodes:
                if (role is None or node["role"] == role) and (name is None or name in node["name"]) and "showing" in node["states"]:
                    return node
            return None
        return wait_for(look, seconds, f"{role} {name!r}")

    def press(self, pid, node):
        return self.reader.ask("press", pid=pid, path=node["path"])

    def focus(self, pid, node):
        return self.reader.ask("focus", pid=pid, path=node["path"])

    def click_node(self, node):
        x, y, width, height = node["box"]
        self.click(x + width // 2, y + height // 2)
