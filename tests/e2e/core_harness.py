# SPDX-License-Identifier: Apache-2.0
"""A client of the control socket, real profiles, private buses: what the tests of the core process need."""
import array
import contextlib
import json
import os
import pathlib
import pty
import select
import signal
import socket
import struct
import subprocess
import sys

from harness import RUNNER, RpcError, as_user, runner_ids

MAX_JSON = 1024 * 1024


@contextlib.contextmanager
def acting_as(name=RUNNER):
    """Effective ids of that user, so that what is opened and connected inside is theirs."""
    if os.getuid() != 0:
        yield
        return
    uid, gid = runner_ids(name)
    os.setegid(gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


class Closed(Exception):
    """The core closed the connection."""


class Control:
    """One connection to a control socket. Use as a context manager."""

    def __init__(self, path, user=RUNNER, timeout=20):
        self.socket = socket.socket(socket.AF_UNIX)
        with acting_as(user):
            self.socket.connect(str(path))
        self.socket.settimeout(timeout)
        self.last_id, self.notifications = 0, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send_frame(self, kind, body, descriptors=()):
        data = struct.pack(">IB", len(body) + 1, kind) + body
        if descriptors:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
            sent = self.socket.sendmsg([data], rights)
            data = data[sent:]
        self.socket.sendall(data)

    def send(self, message, secrets=(), descriptors=()):
        self.send_frame(0, json.dumps(message).encode(), descriptors)
        for secret in secrets:
            self.send_frame(1, secret.encode())

    def begin(self, method, params=None, secrets=None, descriptors=None):
        self.last_id += 1
        message = {"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params or {}}
        if secrets:
            message["secrets"] = list(secrets)
        if descriptors:
            message["descriptors"] = list(descriptors)
        self.send(message, (secrets or {}).values(), list((descriptors or {}).values()))
        return self.last_id

    def receive(self):
        head = self._exactly(5)
        length, kind = struct.unpack(">IB", head)
        assert kind == 0 and 1 <= length <= MAX_JSON + 1, "the core sends JSON only"
        return json.loads(self._exactly(length - 1))

    def reply_to(self, number):
        while True:
            message = self.receive()
            if "method" in message:
                self.notifications.append(message)
                continue
            assert message["id"] == number, f"a reply to something else: {message}"
            if "error" in message:
                raise RpcError(message["error"])
            return message["result"]

    def call(self, method, params=None, secrets=None, descriptors=None):
        return self.reply_to(self.begin(method, params, secrets, descriptors))

    def failure(self, method, params=None, secrets=None, descriptors=None):
        """The stable code with which a call fails."""
        try:
            result = self.call(method, params, secrets, descriptors)
        except RpcError as error:
            return error.code
        raise AssertionError(f"{method} succeeded: {result}")

    def wait_closed(self):
        """Reads until the core closes; returns what came before."""
        messages = []
        with contextlib.suppress(Closed, ConnectionError):
            while True:
                messages.append(self.receive())
        return messages

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise Closed()
            data += piece
        return data


class Profile:
    """A real profile, not a sandbox, on ports that were free a moment ago."""

    def __init__(self, build, base, ports=None, user=RUNNER, config="", environment=None):
        self.build, self.base, self.user, self.extra = build, pathlib.Path(base), user, environment or {}
        self.ports = ports or free_ports()
        self.config = self.base / ".config/mohr/mohrd.toml"
        self.data, self.state = self.base / ".local/share/mohr", self.base / ".local/state/mohr"
        self.control = self.base / "run/mohr/control.sock"
        self.log_file = self.base / "mohrd.log"
        with acting_as(user):
            for path in (self.config.parent, self.base / "run"):
                path.mkdir(parents=True, mode=0o700, exist_ok=True)
            (self.base / "run").chmod(0o700)
            self.config.write_text(f"[listen]\nplain_port = {self.ports[0]}\ntls_port = {self.ports[1]}\n" + config)
            self.config.chmod(0o600)
        self.process = None

    def environment(self):
        return {"PATH": "/usr/bin:/bin", "HOME": str(self.base), "XDG_RUNTIME_DIR": str(self.base / "run"), "LANG": "C.UTF-8", **self.extra}

    def command(self, *arguments):
        return as_user([str(self.build / "daemon/core/mohrd"), *arguments], self.user)

    def fail(self, *arguments, timeout=20):
        """Starts what must not start; returns the exit code and what it said."""
        result = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=timeout, env=self.environment(), cwd="/")
        return result.returncode, result.stderr

    def start(self, *arguments, seconds=20):
        self.notify_path = self.base / "run/notify"
        with contextlib.suppress(FileNotFoundError):
            self.notify_path.unlink()
        with acting_as(self.user):
            self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.notify.bind(str(self.notify_path))
        self.notify.settimeout(seconds)
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(self.command(*arguments), stdout=subprocess.DEVNULL, stderr=log, cwd="/",
                                            env={**self.environment(), "NOTIFY_SOCKET": str(self.notify_path)})
        try:
            assert self.notify.recv(4096) == b"READY=1"
        except TimeoutError:
            raise AssertionError(f"not ready:\n{self.log()[-4000:]}") from None
        return self

    def log(self):
        return self.log_file.read_text(errors="replace")

    def stop(self, how=signal.SIGTERM, seconds=5):
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else None
        self.process.send_signal(how)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
            raise AssertionError(f"mohrd did not end within {seconds} s") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.stop()
        finally:
            if self.process is not None:
                self.notify.close()

    def connect(self):
        return Control(self.control, self.user)


def free_ports(count=2):
    """Numbers that are free on both families."""
    held, numbers = [], []
    while len(numbers) < count:
        first = socket.socket(socket.AF_INET)
        first.bind(("127.0.0.1", 0))
        number = first.getsockname()[1]
        second = socket.socket(socket.AF_INET6)
        held += [first, second]
        with contextlib.suppress(OSError):
            second.bind(("::1", number))
            numbers.append(number)
    for one in held:
        one.close()
    return numbers


def connects(port, host="127.0.0.1"):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.settimeout(5)
        try:
            probe.connect((host, port))
            return True
        except ConnectionRefusedError:
            return False


AGENT = """
import json, os, socket, struct, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
def send(message, *secrets):
    for kind, body in [(0, json.dumps(message).encode())] + [(1, x.encode()) for x in secrets]:
        s.sendall(struct.pack('>IB', len(body) + 1, kind) + body)
def exactly(n):
    data = b''
    while len(data) < n:
        piece = s.recv(n - len(data))
        if not piece: sys.exit(0)
        data += piece
    return data
def receive():
    length, _ = struct.unpack('>IB', exactly(5)); return json.loads(exactly(length - 1))
def say(value): os.write(int(sys.argv[2]), (json.dumps(value) + chr(10)).encode())
send({'jsonrpc': '2.0', 'id': 'r', 'method': 'agent.register', 'params': {'kind': 'terminal'}})
commands = os.fdopen(int(sys.argv[3]))
while True:
    message = receive(); say(message)
    if message.get('method') == 'prompt.show':
        line = commands.readline()
        if not line: sys.exit(0)
        answer = json.loads(line)
        if answer is None: continue
        secrets = answer.pop('secrets', {})
        reply = {'jsonrpc': '2.0', 'id': message['id'], 'result': answer}
        if secrets: reply['secrets'] = list(secrets)
        send(reply, *secrets.values())
"""


class Agent:
    """A process that registers as terminal agent; `terminal` says whether it has one."""

    def __init__(self, control, terminal=True, user=RUNNER):
        self.out, child_out = os.pipe()
        child_in, self.commands = os.pipe()
        command = as_user(["/usr/bin/python3", "-c", AGENT, str(control), str(child_out), str(child_in)], user)
        if terminal:
            self.pid, self.terminal = pty.fork()
            if self.pid == 0:
                os.set_inheritable(child_out, True)
                os.set_inheritable(child_in, True)
                os.execvp(command[0], command)
        else:
            process = subprocess.Popen(command, pass_fds=(child_out, child_in), start_new_session=True, stdin=subprocess.DEVNULL)
            self.pid, self.terminal = process.pid, None
            self.process = process
        os.close(child_out)
        os.close(child_in)
        self.reader = os.fdopen(self.out)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def next(self):
        """What the core said to it next."""
        assert select.select([self.reader], [], [], 30)[0], "the core said nothing to the agent within 30 s"
        line = self.reader.readline()
        return json.loads(line) if line else None

    def registered(self):
        """Nothing if it is the agent now, else the code of the refusal."""
        message = self.next()
        assert message is not None and message["id"] == "r", message
        return message.get("error", {}).get("data", {}).get("code")

    def answer(self, **answer):
        os.write(self.commands, (json.dumps(answer) + "\n").encode())

    def end(self):
        if self.pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        self.pid = None
        self.reader.close()
        os.close(self.commands)
        if self.terminal is not None:
            os.close(self.terminal)


class PrivateBus:
    """A message bus of the test's own that takes everything: it stands for the system's or the session's."""

    CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/><allow user="*"/></policy></busconfig>"""

    def __init__(self, base, name, user=RUNNER):
        self.user, self.path = user, pathlib.Path(base) / f"{name}.bus"
        self.address = f"unix:path={self.path}"
        config = pathlib.Path(base) / f"{name}.conf"
        config.write_text(self.CONFIG.format(path=self.path))
        config.chmod(0o644)
        self.process = subprocess.Popen(as_user(["dbus-daemon", "--nofork", "--print-address=1", f"--config-file={config}"], user),
                                        stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline(), "the bus did not start"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(5)
        self.process.stdout.close()

    def emit(self, path, interface, member, *values):
        subprocess.run(as_user(["dbus-send", f"--bus={self.address}", "--type=signal", path, f"{interface}.{member}", *values], self.user),
                       check=True, timeout=10)


def pam_environment(base, password):
    """A PAM service "mohr-test" of the test's own: pam_matrix, which reads names and passwords from a file."""
    wrapper = next(pathlib.Path("/usr/lib").glob("*/libpam_wrapper.so"))
    matrix = next(pathlib.Path("/usr/lib").glob("*/pam_wrapper/pam_matrix.so"))
    services = pathlib.Path(base) / "pam"
    with acting_as():
        services.mkdir(mode=0o700)
        (services / "passdb").write_text(f"{RUNNER}:{password}:mohr-test\n")
        (services / "mohr-test").write_text(f"auth required {matrix} passdb={services}/passdb\naccount required {matrix} passdb={services}/passdb\n")
    return {"LD_PRELOAD": str(wrapper), "PAM_WRAPPER": "1", "PAM_WRAPPER_SERVICE_DIR": str(services)}


if __name__ == "__main__":
    sys.exit("imported by the tests")
