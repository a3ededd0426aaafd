# SPDX-License-Identifier: Apache-2.0
"""The core with a mohr-prompt that a test drives: a copy of the build's programs beside a stand-in that asks the test what to do."""
import contextlib
import json
import os
import pathlib
import select
import shutil
import socket
import subprocess

from core_harness import acting_as
from harness import as_user, read_line

# Speaks for mohr-prompt: tells the test all that the core says to it, and says what the test wants, over the socket in its HOME.
STAND_IN = """#!/usr/bin/python3
import json, os, socket, struct, sys, threading
core = socket.socket(fileno=3)
test = socket.socket(socket.AF_UNIX); test.connect(os.environ['HOME'] + '/window.sock')
def tell(value): test.sendall((json.dumps(value) + chr(10)).encode())
tell({'started': os.getpid(), 'environment': dict(os.environ), 'arguments': sys.argv[1:], 'open': sorted(map(int, os.listdir('/proc/self/fd')))})
def exactly(n):
    data = b''
    while len(data) < n:
        piece = core.recv(n - len(data))
        if not piece: tell({'over': True}); os._exit(0)
        data += piece
    return data
def listen():
    while True:
        length, kind = struct.unpack('>IB', exactly(5))
        message = json.loads(exactly(length - 1))
        tell(message)
        if message.get('method') in ('prompt.settled', 'prompt.close'): os._exit(0)
threading.Thread(target=listen, daemon=True).start()
for line in test.makefile():
    message, secrets = json.loads(line)
    if message == 'crash': os._exit(1)
    for kind, body in [(0, json.dumps(message).encode())] + [(1, s.encode()) for s in secrets]:
        core.sendall(struct.pack('>IB', len(body) + 1, kind) + body)
"""

# The user's systemd manager, as far as its environment block goes.
MANAGER = """
import sys, dbus, dbus.service, dbus.mainloop.glib
from gi.repository import GLib
dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
class Manager(dbus.service.Object):
    @dbus.service.method('org.freedesktop.DBus.Properties', in_signature='ss', out_signature='v')
    def Get(self, interface, name):
        assert interface == 'org.freedesktop.systemd1.Manager' and name == 'Environment'
        return dbus.Array(open(sys.argv[2]).read().split(), signature='s', variant_level=1)
bus = dbus.bus.BusConnection(sys.argv[1])
name = dbus.service.BusName('org.freedesktop.systemd1', bus)
manager = Manager(bus, '/org/freedesktop/systemd1')
print('ready', flush=True)
GLib.MainLoop().run()
"""


def installation(build, directory):
    """The build's programs in a tree of their own, with the stand-in for mohr-prompt."""
    tree = pathlib.Path(directory) / "programs"
    with acting_as():
        for folder in ("daemon/core", "desktop"):
            (tree / folder).mkdir(parents=True)
    # mohrd finds the others from where it is itself: a link would lead back.
    shutil.copy(build / "daemon/core/mohrd", tree / "daemon/core/mohrd")
    for name in ("daemon/door", "daemon/owner_auth", "token", "cli"):
        (tree / name).symlink_to(build / name)
    stand_in = tree / "desktop/mohr-prompt"
    stand_in.write_text(STAND_IN)
    stand_in.chmod(0o755)
    return tree


class Windows:
    """Every mohr-prompt that the core starts calls here."""

    def __init__(self, home):
        with acting_as():
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(pathlib.Path(home) / "window.sock"))
            self.listener.listen(8)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def next(self, seconds=20):
        """The next one that is started."""
        assert select.select([self.listener], [], [], seconds)[0], f"no window within {seconds} s"
        return Window(self.listener.accept()[0])

    def none_for(self, seconds):
        return not select.select([self.listener], [], [], seconds)[0]


class Window:
    def __init__(self, connection):
        self.connection, self.lines = connection, connection.makefile()
        self.connection.settimeout(20)
        self.start = json.loads(self.lines.readline())
        self.pid = self.start["started"]

    def next(self):
        """What the core said next; None when the process is gone."""
        with contextlib.suppress(ConnectionError):
            line = self.lines.readline()
            return json.loads(line) if line else None
        return None

    def say(self, message, *secrets):
        self.connection.sendall((json.dumps([message, secrets]) + "\n").encode())

    def shown(self):
        """Takes the next prompt and says that it is on the screen; returns its parameters."""
        self.request = self.next()
        assert self.request is not None and self.request.get("method") == "prompt.show", self.request
        params = self.request["params"]
        self.say({"jsonrpc": "2.0", "method": "prompt.shown", "params": {"prompt": params["prompt"]}})
        return params

    def answer(self, decision="allow", secrets=None, **more):
        message = {"jsonrpc": "2.0", "id": self.request["id"], "result": {"decision": decision, **more}}
        if secrets:
            message["secrets"] = list(secrets)
        self.say(message, *(secrets or {}).values())

    def over(self):
        """The last message before the end: its method and the prompt's end."""
        message = self.next()
        while message is not None and message.get("method") == "prompt.show":
            message = self.next()
        return message and (message.get("method"), message["params"].get("reason"))


@contextlib.contextmanager
def user_manager(bus, environment_file):
    process = subprocess.Popen(as_user(["/usr/bin/python3", "-c", MANAGER, bus.address, str(environment_file)]), stdout=subprocess.PIPE,
                               text=True)
    try:
        assert read_line(process, 20).strip() == "ready"
        yield
    finally:
        process.terminate()
        process.wait(5)
        process.stdout.close()
