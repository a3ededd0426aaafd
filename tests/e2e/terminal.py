# SPDX-License-Identifier: Apache-2.0
"""A program at a pseudo-terminal of its own, as a person would have it."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

from harness import as_user


class Terminal:
    """Use as a context manager; the program is ended with it."""

    def __init__(self, sandbox, *arguments):
        command = as_user([str(sandbox.build / "cli/mohr"), "--socket", sandbox.ready["control"], *arguments], sandbox.user)
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.environ.clear()
            os.environ.update({"PATH": "/usr/bin:/bin", "TERM": "xterm", "LANG": "C.UTF-8", "HOME": str(sandbox.base)})
            os.execvp(command[0], command)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 200, 0, 0))
        self.screen, self.matched, self.status = "", 0, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)

    def _read(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:  # the other end is closed
            return False
        self.screen += data.decode(errors="replace")
        return bool(data)

    def expect(self, pattern, seconds=30):
        """Waits until the screen says it after what was matched last; returns the match."""
        end = time.monotonic() + seconds
        while True:
            match = re.search(pattern, self.screen[self.matched:])
            if match:
                self.matched += match.end()
                return match
            assert time.monotonic() < end, f"no {pattern!r} in:\n{self.screen[self.matched:]}"
            self._read(0.1)

    def type(self, keys):
        os.write(self.master, keys.encode())

    def wait(self, seconds=30):
        """The exit status."""
        end = time.monotonic() + seconds
        while self.status is None:
            self._read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            assert time.monotonic() < end, "the program does not end"
        while self._read(0.05):
            pass
        return self.status
