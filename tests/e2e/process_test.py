# SPDX-License-Identifier: Apache-2.0
"""The two processes: who may reach them, what they leave behind, what the door can do when it is taken over."""
import json
import os
import pathlib
import signal
import socket
import subprocess

import pytest
from harness import RUNNER, as_user, children_of, document, eventually, openssl, private_directory, run, runner_ids

OTHER = "mohr-other"
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root to act as a second user")


def sign_once(sandbox):
    async def body():
        async with sandbox.page() as page:
            await page.grant()
            return await page.call("sign.raw", document=document("x"))
    return run(body())


def test_not_root(build):
    """mohrd refuses to run as root outside the sandbox"""
    if os.getuid() != 0:
        pytest.skip("needs root")
    result = subprocess.run([str(build / "daemon/core/mohrd")], capture_output=True, text=True, timeout=20)
    assert result.returncode != 0 and "root" in result.stderr


@needs_root
def test_other_user(sandbox):
    """another user of the machine gets no HTTP answer on any of the four sockets, and no control socket [T24]"""
    runner_ids(OTHER)
    probe = ("import socket,sys\n"
             "for family, address in ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1')):\n"
             "    for port in map(int, sys.argv[1:3]):\n"
             "        s = socket.socket(family); s.settimeout(5); s.connect((address, port))\n"
             "        try:\n"
             "            s.sendall(b'GET /v1 HTTP/1.1\\r\\nHost: 127.0.0.1:%d\\r\\nOrigin: https://portal.example\\r\\nUpgrade: websocket\\r\\n"
             "Connection: Upgrade\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Protocol: mohr.v1\\r\\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\\r\\n\\r\\n' % port)\n"
             "            print(repr(s.recv(100)))\n"
             "        except ConnectionError:\n"
             "            print(repr(b''))\n"
             "c = socket.socket(socket.AF_UNIX)\n"
             "try:\n"
             "    c.connect(sys.argv[3]); print('control reached')\n"
             "except PermissionError:\n"
             "    print('control refused')\n")
    arguments = ["/usr/bin/python3", "-c", probe, str(sandbox.port), str(sandbox.tls_port), sandbox.ready["control"]]
    own = subprocess.run(as_user(arguments, RUNNER), capture_output=True, text=True, timeout=60)
    assert "101 Switching" in own.stdout and "control reached" in own.stdout, own.stdout + own.stderr  # the probe itself works
    other = subprocess.run(as_user(arguments, OTHER), capture_output=True, text=True, timeout=60)
    lines = other.stdout.splitlines()
    assert lines[:4] == ["b''"] * 4 and lines[4] == "control refused", other.stdout + other.stderr
    assert sandbox.log().count("another user") >= 4


def test_listens_on_loopback_only(sandbox):
    """only 127.0.0.1 and ::1 are bound [R6] [T05] [T35]"""
    table = subprocess.run(["ss", "-Hltn"], capture_output=True, text=True, check=True).stdout
    mine = sorted(line.split()[3] for line in table.splitlines() if line.split()[3].rsplit(":", 1)[1] in (str(sandbox.port), str(sandbox.tls_port)))
    expected = sorted(f"{host}:{port}" for host in ("127.0.0.1", "[::1]") for port in (sandbox.port, sandbox.tls_port))
    assert mine == expected


def test_no_core_file(sandbox):
    """a crash of either process leaves no core file, and the limit forbids one [T30]"""
    for pid in (sandbox.pid, sandbox.door_pid):
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        row = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
        assert row.split()[4:6] == ["0", "0"]


def test_same_user_cannot_read_memory(sandbox):
    """a process of the same user cannot open the memory of either process [T30]"""
    for pid in (sandbox.pid, sandbox.door_pid):
        result = subprocess.run(as_user(["cat", f"/proc/{pid}/mem"]), capture_output=True, text=True)
        assert result.returncode != 0 and "Permission denied" in result.stderr


@pytest.mark.parametrize("options", [["--no-memfd-secret"], ["--force-landlock-abi", "1"], ["--force-landlock-abi", "3"], ["--force-landlock-abi", "0"]])
def test_older_kernels(start, options):
    """older Landlock, none at all, and no memfd_secret are lived with, and said [T30]"""
    sandbox = start(consent="allow", options=options)
    assert sign_once(sandbox)["signature"]
    status = json.loads(sandbox.mohr("status", "--json").stdout)
    if "--no-memfd-secret" in options:
        assert status["secretMemory"] in ("locked", "plain")
    else:
        assert status["sandbox"]["landlock"] == int(options[1])
    assert status["sandbox"]["seccomp"] is True


def test_killed_door_comes_back(start):
    """a door that is killed is started again, and the token is untouched"""
    sandbox = start(consent="allow")
    first = sandbox.door_pid
    os.kill(first, signal.SIGKILL)
    eventually(lambda: [pid for pid in children_of(sandbox.pid) if pid != first])
    eventually(lambda: can_connect(sandbox.port))
    assert sign_once(sandbox)["signature"]


def can_connect(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


def test_log_tampering(start):
    """a removed, changed or reordered line and a cut tail of the activity log are found [T34]"""
    sandbox = start(consent="allow")
    for _ in range(3):
        sign_once(sandbox)
    assert json.loads(sandbox.mohr("log", "verify", "--json").stdout)["intact"] is True
    sandbox.stop()
    path = next(p for p in sandbox.base.rglob("*") if p.is_file() and b"portal.example" in p.read_bytes() and p.suffix in (".log", ".jsonl"))
    original = path.read_bytes()
    lines = original.splitlines(keepends=True)
    assert len(lines) >= 4
    for tampered in (lines[:1] + lines[2:], lines[:-1], [lines[1], lines[0], *lines[2:]],
                     [lines[0], lines[1].replace(b"portal.example", b"p0rtal.example"), *lines[2:]] if b"portal.example" in lines[1] else lines[:-2]):
        path.write_bytes(b"".join(tampered))
        sandbox.start()
        result = sandbox.mohr("log", "verify", "--json", check=False)
        assert result.returncode != 0 and json.loads(result.stdout)["intact"] is False
        sandbox.stop()
        path.write_bytes(original)


def test_tls_material(start):
    """two installs make two TLS keys, and no root key is kept [T36] [T37]"""
    first, second = start(consent="allow"), start(consent="allow")
    anchors = [pathlib.Path(sandbox.ready["ca"]).read_text() for sandbox in (first, second)]
    assert anchors[0] != anchors[1]
    kept = set()
    for path in first.base.rglob("*"):
        for form in ("PEM", "DER"):
            if path.is_file() and path.stat().st_size < 16384:
                result = openssl("pkey", "-inform", form, "-in", "file", "-pubout", "-out", "out", files={"file": path.read_bytes()}, check=False)
                kept.update({result.out} if result.returncode == 0 else ())
    assert kept, "the search finds the leaf's key"
    end = "-----END CERTIFICATE-----\n"
    for anchor in filter(str.strip, anchors[0].split(end)):
        public = openssl("x509", "-in", "cert", "-noout", "-pubkey", "-out", "out", files={"cert": (anchor + end).encode()}).out
        assert public and public not in kept


def test_refuses_foreign_directory(build):
    """the sandbox refuses a directory that is not its own, and scripted consent a real profile"""
    with private_directory() as directory:
        target = directory / "profile"
        target.mkdir(mode=0o700)
        (target / "vault.db").write_bytes(b"somebody's token")
        if os.getuid() == 0:
            for p in (target, target / "vault.db"):
                os.chown(p, *runner_ids())
        result = subprocess.run(as_user([str(build / "daemon/core/mohrd"), "--sandbox", str(target), "--consent", "allow"]), capture_output=True, text=True, timeout=20)
        assert result.returncode != 0 and (target / "vault.db").read_bytes() == b"somebody's token"
        result = subprocess.run(as_user([str(build / "daemon/core/mohrd"), "--consent", "allow"]), capture_output=True, text=True, timeout=20,
                                env={"HOME": str(directory), "XDG_RUNTIME_DIR": str(directory), "PATH": "/usr/bin"})
        assert result.returncode != 0 and "sandbox" in result.stderr


def test_second_daemon(start, build):
    """a second daemon on the same profile says so and ends [T26]"""
    sandbox = start(consent="allow")
    result = subprocess.run(as_user([str(build / "daemon/core/mohrd"), "--sandbox", str(sandbox.profile), "--consent", "allow"]), capture_output=True, text=True, timeout=20)
    assert result.returncode != 0 and result.stderr.strip()
    assert sign_once(sandbox)["signature"]
