# SPDX-License-Identifier: Apache-2.0
"""mohr-prompt without its core: a socket pair, the framing and the messages of docs/control-api.md."""
import array
import json
import os
import select
import signal
import socket
import struct
import subprocess
import time

from display import as_user


class PromptProcess:
    """`with PromptProcess(build, display) as prompt`: starts the program on descriptor 3 as the core does."""

    def __init__(self, build, display, extra=None):
        self.program = str(build / "desktop/mohr-prompt")
        self.display, self.extra = display, extra or {}
        self.buffer, self.number = b"", 0

    def __enter__(self):
        self.socket, child = socket.socketpair()
        self.started = time.monotonic()
        # The shell puts the socket on 3, whatever number it has here, and closes the other one.
        shell = f'exec "$0" 3<&{child.fileno()} {child.fileno()}<&-' if child.fileno() != 3 else 'exec "$0"'
        environment = {**self.display.environment, "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1", **self.extra}
        self.process = subprocess.Popen(as_user(["bash", "-c", shell, self.program]), env=environment, cwd="/", stderr=subprocess.PIPE,
                                        pass_fds=[child.fileno()])
        child.close()
        return self

    def __exit__(self, *_):
        self.socket.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        self.errors = self.process.stderr.read().decode(errors="replace")
        self.process.stderr.close()
        assert "Sanitizer" not in self.errors and "runtime error" not in self.errors, self.errors[-4000:]
        assert "no catalogue" not in self.errors, self.errors

    @property
    def pid(self):
        return self.process.pid

    def send(self, message, descriptors=()):
        text = json.dumps({"jsonrpc": "2.0", **message}).encode()
        frame = struct.pack(">IB", len(text) + 1, 0) + text
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        sent = self.socket.sendmsg([frame], rights)
        if sent < len(frame):
            self.socket.sendall(frame[sent:])

    def show(self, params, descriptors=None, wait=True):
        """Sends prompt.show; returns the request's id, once it is on the screen."""
        self.number += 1
        message = {"id": self.number, "method": "prompt.show", "params": {**params, "prompt": params.get("prompt", 1)}}
        if descriptors:
            message["descriptors"] = list(descriptors)
        self.send(message, list((descriptors or {}).values()))
        if wait:
            shown = self.receive(10)
            assert shown.get("method") == "prompt.shown" and shown["params"] == {"prompt": params["prompt"]}, shown
            self.shown_at = time.monotonic()
        return self.number

    def settle(self, params):
        self.send({"method": "prompt.settled", "params": {"prompt": params["prompt"]}})

    def close(self, params, reason="deadline"):
        self.send({"method": "prompt.close", "params": {"prompt": params["prompt"], "reason": reason}})

    def _frame(self, deadline):
        while True:
            if len(self.buffer) >= 5:
                length, kind = struct.unpack(">IB", self.buffer[:5])
                if len(self.buffer) >= 4 + length:
                    body, self.buffer = self.buffer[5:4 + length], self.buffer[4 + length:]
                    return kind, body
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                return None
            chunk = self.socket.recv(65536)
            if not chunk:
                raise ConnectionError("mohr-prompt closed the socket")
            self.buffer += chunk

    def receive(self, seconds=5):
        """The next message, its secrets under "given"; None if there is none in time."""
        deadline = time.monotonic() + seconds
        frame = self._frame(deadline)
        if frame is None:
            return None
        kind, body = frame
        assert kind == 0, "a secret that no message named"
        message = json.loads(body)
        message["given"] = {}
        for name in message.get("secrets", []):
            frame = self._frame(deadline)
            assert frame is not None and frame[0] == 1, f"the secret {name} did not follow"
            message["given"][name] = frame[1].decode()
        return message

    def answer(self, seconds=5):
        message = self.receive(seconds)
        assert message is not None and "result" in message, message
        return message

    def nothing_for(self, seconds):
        message = self.receive(seconds)
        assert message is None, f"unexpected: {message}"

    def wait_armed(self, extra=0.15):
        left = self.shown_at + 1.0 + extra - time.monotonic()
        if left > 0:
            time.sleep(left)

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)

    def ended(self, seconds=5):
        return self.process.wait(seconds)
