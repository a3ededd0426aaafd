# SPDX-License-Identifier: Apache-2.0
"""Starts the real daemon as an unprivileged user and talks to it as a page would."""
import asyncio
import base64
import contextlib
import itertools
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

import jsonschema
import websockets

RUNNER = "mohr-run"
ORIGIN = "https://portal.example"
PIECE = 256 * 1024


def runner_ids(name=RUNNER):
    """uid and gid that run the daemon: never root."""
    if os.getuid() != 0:
        return os.getuid(), os.getgid()
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        subprocess.run(["useradd", "--system", "--user-group", "--create-home", "--home-dir", f"/var/lib/{name}", name], check=True)
        entry = pwd.getpwnam(name)
    return entry.pw_uid, entry.pw_gid


def as_user(command, name=RUNNER):
    if os.getuid() != 0:
        return command
    uid, gid = runner_ids(name)
    return ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", *command]


def connected_socket(host, port):
    """A TCP socket that belongs to the runner: the daemon looks at the uid that made it. Under root the tests stay root, since
    some of them look into the daemon's memory."""
    if os.getuid() != 0:
        return socket.create_connection((host, port), 10)
    os.seteuid(runner_ids()[0])
    try:
        return socket.create_connection((host, port), 10)
    finally:
        os.seteuid(0)


@contextlib.contextmanager
def private_directory(name=RUNNER):
    """A 0700 directory of that user, on disk (spools must not be in memory), gone at the end."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="mohr-e2e-", dir="/var/tmp"))
    if os.getuid() == 0:
        os.chown(path, *runner_ids(name))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class Sandbox:
    def __init__(self, build, consent=None, script=None, options=(), user=RUNNER, directory=None, environment=None):
        self.build, self.consent, self.script, self.options, self.user = build, consent, script, list(options), user
        self.given_directory, self.environment = directory, environment or {}
        self.process = None

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        self.base = self.given_directory or self.stack.enter_context(private_directory(self.user))
        self.profile = self.base / "profile"
        self.log_file = self.base / "mohrd.log"
        if self.script is not None:
            path = self.base / "consent.jsonl"
            path.write_text("".join(json.dumps(answer) + "\n" for answer in self.script))
            if os.getuid() == 0:
                os.chown(path, *runner_ids(self.user))
            self.consent = f"script:{path}"
        try:
            self.start()
        except BaseException:
            self.stack.close()
            raise
        return self

    def start(self):
        command = [str(self.build / "daemon/core/mohrd"), "--sandbox", str(self.profile), *self.options]
        if self.consent:
            command += ["--consent", self.consent]
        # The log is opened here, so that a test reads it whatever the daemon's umask is.
        self.log_handle = open(self.log_file, "ab")
        # No display of ours: prompts go where the test says.
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.base), "XDG_RUNTIME_DIR": str(self.base), "LANG": "C.UTF-8", **self.environment}
        self.process = subprocess.Popen(as_user(command, self.user), stdout=subprocess.PIPE, stderr=self.log_handle, env=environment,
                                        cwd="/", text=True)
        line = read_line(self.process, 60)
        if not line:
            self.process.wait(10)
            raise AssertionError(f"mohrd ended with {self.process.returncode}:\n{self.log()[-4000:]}")
        self.ready = json.loads(line)
        assert self.ready["ready"] is True
        self.port = int(re.match(r"ws://127\.0\.0\.1:(\d+)/v1", self.ready["ws"]).group(1))
        self.tls_port = int(re.match(r"wss://localhost:(\d+)/v1", self.ready["wss"]).group(1))

    def __exit__(self, *_):
        try:
            self.stop()
            no_sanitizer_report(self.log())
        finally:
            self.stack.close()

    def log(self):
        return self.log_file.read_text(errors="replace")

    @property
    def pid(self):
        return self.process.pid

    @property
    def door_pid(self):
        for pid in children_of(self.pid):
            if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "mohr-door":
                return pid
        raise AssertionError("there is no door process")

    def stop(self, how=signal.SIGTERM):
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else None
        self.process.send_signal(how)
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
            raise AssertionError("mohrd did not end within 15 s of being told to")

    def page(self, origin=ORIGIN, **options):
        return Page(self, origin, **options)

    def mohr(self, *arguments, secrets=(), check=True, timeout=60):
        """Runs the command line against this sandbox; secrets go to it through --pin-stdin."""
        command = [str(self.build / "cli/mohr"), "--socket", self.ready["control"], *arguments]
        if secrets:
            command.append("--pin-stdin")
        result = subprocess.run(as_user(command, self.user), input="".join(s + "\n" for s in secrets), capture_output=True, text=True,
                                timeout=timeout, env={"PATH": "/usr/bin:/bin", "HOME": str(self.base), "LANG": "C.UTF-8"})
        no_sanitizer_report(result.stderr)
        if check and result.returncode != 0:
            raise AssertionError(f"mohr {' '.join(arguments)} ended with {result.returncode}:\n{result.stdout}{result.stderr}")
        return result

    def peak_mib(self):
        """Highest resident set of either process so far, in MiB."""
        return max(status_kib(pid, "VmHWM") for pid in (self.pid, self.door_pid)) / 1024


def no_sanitizer_report(text):
    """What a sanitizer found in the daemon, the door or the command line must fail the test, whatever the test looked at."""
    at = text.find("Sanitizer")
    assert at < 0 and "runtime error:" not in text, text[max(at - 200, 0):][:8000]


def read_line(process, seconds):
    """One line of the process's output, or nothing if it ends or the time is over."""
    result = []
    reader = threading.Thread(target=lambda: result.append(process.stdout.readline()), daemon=True)
    reader.start()
    reader.join(seconds)
    return result[0] if result else ""


def children_of(pid):
    return [int(p) for p in subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()]


def status_kib(pid, field):
    return int(re.search(rf"{field}:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1))


class RpcError(Exception):
    def __init__(self, error):
        super().__init__(json.dumps(error))
        self.error = error
        self.code = error.get("data", {}).get("code")
        self.data = error.get("data", {})


class Published:
    """What docs/openrpc.json says that the daemon answers, and docs/protocol.md that it tells."""

    def __init__(self):
        docs = pathlib.Path(__file__).parents[2] / "docs"
        document = json.loads((docs / "openrpc.json").read_text())
        told = (docs / "protocol.md").read_text().partition("| service → page |")[2].partition("###")[0]
        self.notifications = set(re.findall(r"^ (?:\| )?`([a-zA-Z.]+)`", told.replace("\n|", "\n"), re.M))
        # The references inside a schema are those of the document.
        self.results = {m["name"]: jsonschema.Draft7Validator({**m["result"]["schema"], "components": document["components"]}) for m in document["methods"]}
        self.errors = {m["name"]: {error["$ref"].rsplit("/", 1)[1] for error in m["errors"]} for m in document["methods"]}

    def complaint(self, method, reply):
        """How a reply breaks the document's word; nothing where it keeps it."""
        if method not in self.results:
            return None if reply.get("error", {}).get("data", {}).get("code") == "method_not_found" else f"{method} is not published"
        if "error" in reply:
            code = reply["error"].get("data", {}).get("code")
            return None if code in self.errors[method] else f"{method} may not fail with {code}"
        wrong = next(self.results[method].iter_errors(reply["result"]), None)
        return wrong and f"the result of {method}: {list(wrong.absolute_path)}: {wrong.message[:500]}"


published = Published()


class ReadSocket:
    """One WebSocket and the task that reads it, `_read`; both end together."""

    async def connect(self, url, host, port, **options):
        self.socket = await websockets.connect(url, sock=connected_socket(host, port), compression=None, max_size=None, ping_interval=None,
                                               open_timeout=20, **options)
        self.reader = asyncio.create_task(self._read())

    async def __aexit__(self, *_):
        await self.socket.close()
        self.reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.reader


class Page(ReadSocket):
    """One WebSocket with the given Origin. Use as `async with`."""

    def __init__(self, sandbox, origin=ORIGIN, url=None, ssl=None, headers=None):
        self.url = url or sandbox.ready["ws"]
        self.origin, self.ssl, self.headers = origin, ssl, headers
        self.ids = itertools.count(1)
        self.waiting, self.methods, self.notifications, self.binary = {}, {}, [], {}
        self.credit, self.ended, self.changed = {}, set(), None
        self.heard = None  # a list: every message is kept in it as it came

    async def __aenter__(self):
        self.changed = asyncio.Condition()
        url = urllib.parse.urlsplit(self.url)
        await self.connect(self.url, url.hostname, url.port, origin=self.origin, subprotocols=["mohr.v1"], ssl=self.ssl, extra_headers=self.headers)
        return self

    async def _read(self):
        failure = ConnectionError("the connection closed")
        try:
            async for message in self.socket:
                if self.heard is not None:
                    self.heard.append(message if isinstance(message, bytes) else message.encode())
                if isinstance(message, bytes):
                    self.binary.setdefault(int.from_bytes(message[:4], "big"), []).append(message[4:])
                else:
                    self._take(json.loads(message))
                async with self.changed:
                    self.changed.notify_all()
        except websockets.ConnectionClosed as closed:
            failure = closed
        for future in self.waiting.values():
            if not future.done():
                future.set_exception(ConnectionError(str(failure)))

    def _take(self, message):
        if "method" in message:
            assert message["method"] in published.notifications, message
            self.notifications.append(message)
            params = message.get("params", {})
            if message["method"] == "stream.credit":
                self.credit[params["stream"]] = self.credit.get(params["stream"], 0) + params["bytes"]
            elif message["method"] == "stream.end":
                self.ended.add(params["stream"])
            return
        future = self.waiting.pop(message["id"], None)
        assert future is not None, f"a reply to nothing, or a second one: {message}"
        complaint = published.complaint(self.methods.pop(message["id"]), message)
        if complaint:
            future.set_exception(AssertionError(complaint))
        elif "error" in message:
            future.set_exception(RpcError(message["error"]))
        else:
            future.set_result(message["result"])

    def begin(self, method, **params):
        """Sends a request; returns its id and the future of its reply."""
        number = next(self.ids)
        future = asyncio.get_running_loop().create_future()
        self.waiting[number], self.methods[number] = future, method
        text = json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return number, future, self.socket.send(text)

    async def call(self, method, timeout=60, **params):
        _, future, sending = self.begin(method, **params)
        await sending
        return await asyncio.wait_for(future, timeout)

    async def notify(self, method, **params):
        await self.socket.send(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}))

    async def grant(self):
        return await self.call("service.requestAccess")

    async def certificate(self, algorithm="RSA-2048", usage="digitalSignature"):
        """The first usable listed certificate with that key and use."""
        for certificate in (await self.call("certificates.list"))["certificates"]:
            if certificate["keyAlgorithm"] == algorithm and usage in certificate["keyUsage"] and certificate["state"] == "active":
                return certificate
        raise AssertionError(f"no {algorithm} certificate for {usage}")

    async def wait_for(self, condition, timeout=30):
        async with self.changed:
            await asyncio.wait_for(self.changed.wait_for(condition), timeout)

    async def upload(self, pieces, size=None):
        """Opens an upload; returns its id and a coroutine that sends `pieces` (bytes) within the credit and closes it."""
        opened = await self.call("stream.open", direction="upload", **({"size": size} if size is not None else {}))
        stream = opened["stream"]
        self.credit[stream] = self.credit.get(stream, 0) + opened["credit"]

        async def send():
            head = stream.to_bytes(4, "big")
            for piece in pieces:
                if self.credit[stream] < len(piece):
                    await self.wait_for(lambda: self.credit[stream] >= len(piece), 120)
                self.credit[stream] -= len(piece)
                await self.socket.send(head + piece)
            return await self.call("stream.close", stream=stream)

        return stream, send()

    async def download(self, stream, take):
        """Hands every piece of a download to `take` and gives credit back, until stream.end."""
        while True:
            pieces = self.binary.pop(stream, [])
            for piece in pieces:
                take(piece)
                await self.notify("stream.credit", stream=stream, bytes=len(piece))
            if not pieces and stream in self.ended:
                return
            if not pieces:
                await self.wait_for(lambda: self.binary.get(stream) or stream in self.ended, 120)


def b64(data):
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


def unb64(text):
    return base64.b64decode(text, validate=True)


def document(text, name="note.txt"):
    return {"name": name, "mediaType": "text/plain", "data": b64(text)}


def openssl(*arguments, files=None, input=None, check=True):
    """Runs openssl in a temporary directory that holds `files` (name to bytes); returns the result and reads back `out`."""
    with tempfile.TemporaryDirectory(prefix="mohr-openssl-") as directory:
        for name, content in (files or {}).items():
            pathlib.Path(directory, name).write_bytes(content)
        result = subprocess.run(["openssl", *arguments], cwd=directory, input=input, capture_output=True, timeout=120)
        if check and result.returncode != 0:
            raise AssertionError(f"openssl {' '.join(arguments)}: {result.stderr.decode(errors='replace')}")
        out = pathlib.Path(directory, "out")
        result.out = out.read_bytes() if out.exists() else b""
        return result


def pem_of(der_base64):
    return ("-----BEGIN CERTIFICATE-----\n" + der_base64 + "\n-----END CERTIFICATE-----\n").encode()


def run(coroutine, timeout=180):
    """Runs a test's coroutine to its end; every test ends."""
    return asyncio.run(asyncio.wait_for(coroutine, timeout))


def eventually(condition, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")
