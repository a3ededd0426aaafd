# SPDX-License-Identifier: Apache-2.0
"""Starting, stopping and refusing to start: a real profile, its files, its ports, its neighbours."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest
from core_harness import Agent, Control, Profile, acting_as, connects, free_ports
from harness import RUNNER, as_user, eventually, private_directory, runner_ids

OTHER = "mohr-other"
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root to act as a second user")

# Exit codes of docs/operations.md.
ALREADY_RUNNING, HELD_BY_US, HELD_BY_OTHER, UNSAFE_FILES, VAULT, USAGE, CONFIGURATION = 10, 11, 12, 14, 15, 64, 78

SQUATTER = """
import socket, sys
family = {'4': socket.AF_INET, '6': socket.AF_INET6}[sys.argv[1]]
s = socket.socket(family); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
if family == socket.AF_INET6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(sys.argv[4]))
s.bind((sys.argv[2], int(sys.argv[3]))); s.listen(4)
print('listening', flush=True); sys.stdin.read()
"""


@contextlib.contextmanager
def squatter(user, family, address, port, only=1):
    process = subprocess.Popen(as_user(["/usr/bin/python3", "-c", SQUATTER, family, address, str(port), str(only)], user), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "listening\n"
        yield process.pid
    finally:
        process.stdin.close()
        process.wait(5)
        process.stdout.close()


@pytest.fixture
def profile(build):
    with private_directory() as base, Profile(build, base) as made:
        yield made


@needs_root
@pytest.mark.parametrize("port", [0, 1], ids=["plain", "tls"])
@pytest.mark.parametrize("family, address, only", [("4", "127.0.0.1", 1), ("6", "::1", 1), ("4", "0.0.0.0", 1), ("6", "::", 1), ("6", "::", 0)],
                         ids=["127.0.0.1", "::1", "0.0.0.0", "[::] v6-only", "[::] dual-stack"])
def test_port_of_another_user(profile, port, family, address, only):
    """a port that another user holds stops the start, with that user's name and a code of its own [T25] [T26]"""
    number = profile.ports[port]
    with squatter(OTHER, family, address, number, only):
        code, said = profile.fail()
        assert code == HELD_BY_OTHER and f"port {number} is held by user {OTHER} (uid {runner_ids(OTHER)[0]})" in said
        assert not profile.control.exists()
    profile.start()


def test_port_of_another_program(profile):
    """a port that another program of this user holds stops the start, with that program's name [T25]"""
    with squatter(RUNNER, "6", "::1", profile.ports[1]) as pid:
        code, said = profile.fail()
    assert code == HELD_BY_US and f"port {profile.ports[1]} is held by another program of yours: python3" in said and str(pid) in said


@needs_root
def test_second_user(build, profile):
    """the daemon of a second user on the same ports says whose they are and ends; the first goes on [T26]"""
    profile.start()
    with private_directory(OTHER) as base, Profile(build, base, profile.ports, OTHER) as second:
        code, said = second.fail()
        assert code == HELD_BY_OTHER and f"{RUNNER} (uid" in said
        # The same while the first one's door is closed: its ports stay its own.
        with profile.connect() as control:
            control.call("service.stop")
        code, said = second.fail()
        assert code == HELD_BY_OTHER
    with profile.connect() as control:
        control.call("service.start")
    assert connects(profile.ports[0])


@needs_root
def test_a_token_for_each_user(build, profile):
    """a second user of the machine, on other ports, has a token of their own, and the first one's PIN opens nothing there [R36] [T24]"""
    pins = {"user_pin": "83920174", "admin_pin": "newAdmin7x"}
    profile.start()
    with profile.connect() as control:
        control.call("token.initialise", {"label": "Mine"}, pins)
    with private_directory(OTHER) as base, Profile(build, base, user=OTHER) as second:
        second.start()
        with second.connect() as control:
            assert control.call("token.info")["state"] == "activated"  # and not initialised
            assert control.failure("token.verify", {"role": "user"}, {"pin": pins["user_pin"]}) == "token_not_initialised"
            control.call("token.initialise", {"label": "Theirs"}, {"user_pin": "59483716", "admin_pin": "otherAdmin9"})
            assert control.failure("token.verify", {"role": "user"}, {"pin": pins["user_pin"]}) == "pin_wrong"
        with pytest.raises(OSError):
            Control(profile.control, OTHER)
    with profile.connect() as control:
        info = control.call("token.info")
        assert (info["label"], info["user"]["triesLeft"]) == ("Mine", 5)


def test_second_daemon_of_this_user(profile):
    """a second daemon of this user says so and ends; the first goes on [T26]"""
    profile.start()
    code, said = profile.fail()
    assert code == ALREADY_RUNNING and "running" in said
    with profile.connect() as control:
        assert control.call("service.status")["pid"] == profile.process.pid


def test_killed_daemon_leaves_nothing_in_the_way(profile):
    """after kill -9 the next start finds ports, lock and socket free, and the door went with the core"""
    profile.start()
    from harness import children_of
    door = children_of(profile.process.pid)
    assert door
    profile.stop(signal.SIGKILL)
    eventually(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in door))
    profile.start()
    assert connects(profile.ports[0]) and connects(profile.ports[1], "::1")


def test_private_files(profile):
    """every file and directory of the profile is ours alone [T31]"""
    profile.start()
    profile.stop()
    seen = 0
    for root in (profile.data, profile.state, profile.base / ".cache/mohr", profile.base / "run/mohr"):
        for path in (root, *root.rglob("*")):
            mode = path.lstat().st_mode & 0o777
            assert mode == (0o700 if path.is_dir() else 0o600), path
            seen += 1
    assert seen > 8


@pytest.mark.parametrize("what", ["readable vault", "readable secret", "open data", "open runtime", "link for the vault", "link for the state",
                                  "readable toggle", "readable tls key"])
def test_unsafe_files(profile, what):
    """a file that others can read, or a link where a file should be, stops the start and is named [T31]"""
    profile.start()
    with profile.connect() as control:
        control.call("service.start")  # so that there is a toggle file
    assert profile.stop() == 0
    named = {"readable vault": profile.data / "vault.db", "readable secret": profile.data / "device-secret", "open data": profile.data,
             "open runtime": profile.control.parent, "link for the vault": profile.data / "vault.db", "link for the state": profile.state,
             "readable toggle": profile.state / "front-door", "readable tls key": profile.data / "tls/key.der"}[what]
    if what.startswith("link"):
        with acting_as():
            elsewhere = profile.base / "elsewhere"
            named.rename(elsewhere)
            named.symlink_to(elsewhere)
    else:
        named.chmod(0o755 if named.is_dir() else 0o644)
    code, said = profile.fail()
    assert code == UNSAFE_FILES, said
    assert str(named) in said


@needs_root
def test_foreign_owner(profile):
    """a vault that belongs to another user stops the start [T31]"""
    profile.start()
    profile.stop()
    os.chown(profile.data / "vault.db", *runner_ids(OTHER))
    (profile.data / "vault.db").chmod(0o666)
    code, said = profile.fail()
    assert code == UNSAFE_FILES and "vault.db" in said


def test_configuration_errors(profile):
    """a wrong configuration stops the start with file, line and key; --check-config says the same"""
    with acting_as():
        profile.config.write_text("[listen]\nplain_port = 80\n[limits]\nconectons = 3\n")
    expected = [f"{profile.config}:2: listen.plain_port: must be a whole number from 1024 to 65535",
                f"{profile.config}:4: limits.conectons: unknown key; did you mean limits.connections?"]
    for arguments in ((), ("--check-config",)):
        code, said = profile.fail(*arguments)
        assert code == CONFIGURATION and said.splitlines() == expected
    with acting_as():
        profile.config.write_text("")
    assert profile.fail("--check-config")[0] == 0


def test_command_line(profile):
    """a wrong command line is refused with its code; help and version are shown"""
    assert profile.fail("--nothing")[0] == USAGE
    for only_in_a_sandbox in (["--consent", "allow"], ["--shorten-timers", "2"], ["--developer"], ["--configured-ports"], ["--no-memfd-secret"], ["--force-landlock-abi", "1"]):
        code, said = profile.fail(*only_in_a_sandbox)
        assert code == USAGE and "--sandbox" in said  # test conveniences cannot touch a real token (rule 9)
    result = subprocess.run(profile.command("--version"), capture_output=True, text=True, timeout=10, env=profile.environment())
    assert result.returncode == 0 and result.stdout.startswith("mohrd ")
    result = subprocess.run(profile.command("--help"), capture_output=True, text=True, timeout=10, env=profile.environment())
    assert result.returncode == 0 and "--sandbox" in result.stdout


def test_ports_of_a_sandbox(profile):
    """a sandbox takes free ports, and the configuration's where it is told to, again after a restart too"""
    more = free_ports(1)[0]
    with acting_as():
        profile.config.write_text(f"[listen]\nplain_port = {profile.ports[0]}\ntls_port = {profile.ports[1]}\nextra_plain_ports = [{more}]\n")
    sandbox = ("--sandbox", str(profile.base / "sandbox"), "--config", str(profile.config))
    for arguments, taken in (((), False), (("--configured-ports",), True), (("--configured-ports",), True)):
        profile.start(*sandbox, *arguments)
        assert [connects(port) for port in (*profile.ports, more)] == [taken] * 3
        assert profile.stop() == 0


def test_no_runtime_directory(build):
    """without XDG_RUNTIME_DIR the daemon says so instead of guessing a place"""
    with private_directory() as base:
        made = Profile(build, base)
        environment = made.environment()
        del environment["XDG_RUNTIME_DIR"]
        result = subprocess.run(made.command(), capture_output=True, text=True, timeout=10, env=environment)
        assert result.returncode == 1 and "XDG_RUNTIME_DIR" in result.stderr


def test_life_of_a_real_profile(profile):
    """a token is initialised, used, locked by a stop and found again after it [R33] [R144]"""
    profile.start()
    pins = {"user_pin": "83920174", "admin_pin": "newAdmin7x"}
    with profile.connect() as control:
        assert control.call("token.info")["state"] == "activated"
        assert control.failure("token.verify", {"role": "user"}, {"pin": "1234"}) == "token_not_initialised"
        assert control.call("token.initialise", {"label": "Mine"}, pins) == {}
        assert control.failure("token.initialise", {"label": "Again"}, pins) == "exists"
        assert control.call("token.verify", {"role": "user"}, {"pin": pins["user_pin"]}) == {}
        assert control.call("token.info")["unlocked"] is True
        assert control.call("token.lock") == {} and control.call("token.info")["unlocked"] is False
        assert control.call("token.verify", {"role": "user"}, {"pin": pins["user_pin"]}) == {}
    assert profile.stop() == 0
    profile.start()
    with profile.connect() as control:
        info = control.call("token.info")
        assert (info["state"], info["label"], info["unlocked"]) == ("initialised", "Mine", False)
        assert info["argon2MemoryKib"] >= 64 * 1024 and info["argon2Passes"] >= 3
        assert control.call("log.verify")["intact"] is True
    for secret in pins.values():
        assert secret not in profile.log()


def test_toggle(profile):
    """stop closes all four sockets within 2 s and start opens them; the choice survives a restart [R12] [R13] [R15] [R17]"""
    where = [(port, host) for port in profile.ports for host in ("127.0.0.1", "::1")]
    profile.start()
    assert all(connects(*one) for one in where)  # on by default
    with profile.connect() as control:
        begin = time.monotonic()
        assert control.call("service.stop") == {"running": False}
        assert not any(connects(*one) for one in where)
        assert time.monotonic() - begin < 2
        assert control.call("service.stop") == {"running": False}
        assert control.call("token.info") and control.call("site.list") == []  # the private side goes on
    profile.stop()
    profile.start()
    assert not any(connects(*one) for one in where)
    with profile.connect() as control:
        assert control.call("service.status")["running"] is False
        begin = time.monotonic()
        assert control.call("service.start") == {"running": True}
        assert all(connects(*one) for one in where)
        assert time.monotonic() - begin < 2
        assert control.call("service.status")["running"] is True
    profile.stop()
    profile.start()
    assert all(connects(*one) for one in where)


def thief(user, port):
    """What happens when that user binds and listens there: an error's name, or "stolen"."""
    code = ("import errno, socket, sys\ns = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
            "try:\n    s.bind(('127.0.0.1', int(sys.argv[1]))); s.listen(); print('stolen')\nexcept OSError as e:\n    print(errno.errorcode[e.errno])\n")
    return subprocess.run(as_user(["/usr/bin/python3", "-c", code, str(port)], user), capture_output=True, text=True, timeout=10).stdout.strip()


@needs_root
def test_ports_stay_ours(profile):
    """nobody can take the ports while the front door is closed [R17] [T25]"""
    assert thief(OTHER, profile.ports[0]) == "stolen"  # the attempt itself works
    profile.start()
    with profile.connect() as control:
        control.call("service.stop")
        for port in profile.ports:
            assert thief(OTHER, port) == "EADDRINUSE" and thief(RUNNER, port) == "EADDRINUSE"
        control.call("service.start")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_graceful_stop(profile, how):
    """a signal ends the daemon with 0 within 5 s, and nothing of it stays"""
    profile.start()
    from harness import children_of
    door = children_of(profile.process.pid)
    assert profile.stop(how, seconds=5) == 0
    profile.notify.settimeout(5)
    assert profile.notify.recv(4096) == b"STOPPING=1"
    assert not profile.control.exists() and not connects(profile.ports[0])
    assert not any(os.path.exists(f"/proc/{pid}") for pid in door)


def test_stop_with_a_door_that_hangs(profile):
    """a door that does not react cannot keep the daemon from ending within 5 s"""
    profile.start()
    from harness import children_of
    (door,) = children_of(profile.process.pid)
    os.kill(door, signal.SIGSTOP)
    assert profile.stop(seconds=5) == 0
    assert not os.path.exists(f"/proc/{door}")


def test_a_door_that_hangs_while_idle(start):
    """a door that stops reacting is killed and started again; its connections end and pages can come back"""
    from harness import children_of, run
    from websockets.exceptions import ConnectionClosed
    sandbox = start(consent="allow", options=["--shorten-timers", "10"])  # a ping each second instead of ten
    hanging = sandbox.door_pid

    async def body():
        async with sandbox.page() as page:
            assert (await page.call("service.info"))["access"] == "undecided"
            os.kill(hanging, signal.SIGSTOP)
            with pytest.raises((ConnectionClosed, ConnectionError)):
                await page.call("service.info")
    run(body(), timeout=30)

    def renewed():
        if hanging in children_of(sandbox.pid):
            return False
        with Control(sandbox.ready["control"]) as control:
            return control.call("service.status")["doorReady"]
    eventually(renewed, 10)

    async def again():
        async with sandbox.page() as page:
            assert (await page.call("service.info"))["access"] == "undecided"
    run(again())
    assert "door: does not react, killed" in sandbox.log()


def test_shutdown_over_the_control_socket(profile):
    """service.shutdown is answered and ends the daemon with 0"""
    profile.start()
    with profile.connect() as control:
        assert control.call("service.shutdown") == {}
        assert control.wait_closed() == []
    assert profile.process.wait(5) == 0


def test_stop_with_requests_open(start):
    """a signal while a prompt is open: the request is answered, the prompt closed, the page told, the end within 5 s [R16]"""
    from harness import run
    sandbox = start(consent=None)
    with Agent(sandbox.ready["control"]) as agent:
        assert agent.registered() is None
        ended = {}

        async def body():
            async with sandbox.page() as page:
                _, granted, sending = page.begin("service.requestAccess")
                await sending
                shown = agent.next()["params"]["prompt"]
                begin = time.monotonic()
                waiter = threading.Thread(target=lambda: ended.update(code=sandbox.stop()))
                waiter.start()
                with pytest.raises(Exception) as refused:
                    await granted
                assert refused.value.code in ("cancelled", "user_cancelled")
                os.write(agent.commands, b"null\n")
                closed = agent.next()
                assert closed["method"] == "prompt.close" and closed["params"]["prompt"] == shown
                await page.socket.wait_closed()
                assert page.socket.close_code == 1001
                assert {"method": "service.stopping", "params": {"reason": "stopping"}} in [
                    {k: m[k] for k in ("method", "params")} for m in page.notifications]
                waiter.join()
                assert time.monotonic() - begin < 5
        run(body())
    assert ended["code"] == 0


def test_toggle_with_a_request_open(start):
    """switching off answers the open request with user_cancelled, closes its prompt and then the socket with 1001 [R16]"""
    from harness import run
    sandbox = start(consent=None)
    with Agent(sandbox.ready["control"]) as agent, Control(sandbox.ready["control"]) as control:
        assert agent.registered() is None

        async def body():
            async with sandbox.page() as page:
                _, granted, sending = page.begin("service.requestAccess")
                await sending
                assert agent.next()["method"] == "prompt.show"
                assert control.call("service.stop") == {"running": False}
                with pytest.raises(Exception) as refused:
                    await granted
                assert refused.value.code == "user_cancelled"
                os.write(agent.commands, b"null\n")
                assert agent.next()["method"] == "prompt.close"
                await page.socket.wait_closed()
                assert page.socket.close_code == 1001
        run(body())
        assert control.call("service.start") == {"running": True}


def test_start_is_quick(profile):
    """an existing profile listens soon after its start: nothing slow is on the way"""
    profile.start()
    profile.stop()
    times = []
    for _ in range(5):
        begin = time.monotonic()
        profile.start()
        times.append(time.monotonic() - begin)
        profile.stop()
    # Never gate on an absolute figure; this only finds an Argon2id run or a key generation that crept in.
    assert sorted(times)[2] < 1.5, times


def test_unit_file(build, tmp_path):
    """the systemd user unit is one that systemd takes, hardened, and does not restart where that cannot help"""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze")
    made = (build / "config/mohrd.service").read_text()
    unit = tmp_path / "mohrd.service"
    unit.write_text(re.sub(r"^ExecStart=.*$", f"ExecStart={build}/daemon/core/mohrd", made, flags=re.M))
    result = subprocess.run(["systemd-analyze", "--user", "verify", str(unit)], capture_output=True, text=True, timeout=60,
                            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)})
    assert result.returncode == 0 and result.stderr == "", result.stderr
    check = (build / "config/mohr-owner-auth@.service").read_text()
    assert not re.search(r"^(NoNewPrivileges|Lock|Memory|Restrict|Private|Protect|System)", check, flags=re.M)  # pam_unix needs its helper
    (tmp_path / "mohr-owner-auth@.service").write_text(re.sub(r"^ExecStart=.*$", f"ExecStart={build}/daemon/owner_auth/mohr-owner-auth", check, flags=re.M))
    activation = tmp_path / "mohr-owner-auth.socket"
    activation.write_text((pathlib.Path(__file__).parents[2] / "config/systemd/mohr-owner-auth.socket").read_text())
    result = subprocess.run(["systemd-analyze", "--user", "verify", str(activation)], capture_output=True, text=True, timeout=60,
                            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)})
    assert result.returncode == 0 and result.stderr == "", result.stderr
    unit.write_text(unit.read_text() + "\n[Service]\nNoSuchSetting=1\n")
    result = subprocess.run(["systemd-analyze", "--user", "verify", str(unit)], capture_output=True, text=True, timeout=60,
                            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)})
    assert "NoSuchSetting" in result.stderr  # it does look
    for setting in ("NoNewPrivileges=yes", "MemoryDenyWriteExecute=yes", "LimitCORE=0", "UMask=0077", "SystemCallErrorNumber=EPERM", "IPAddressAllow=localhost"):
        assert f"\n{setting}\n" in made
    never = re.search(r"^RestartPreventExitStatus=(.*)$", made, flags=re.M).group(1).split()
    assert {ALREADY_RUNNING, HELD_BY_US, HELD_BY_OTHER, UNSAFE_FILES, VAULT, USAGE, CONFIGURATION} <= set(map(int, never))


# Kills at the first call that the unit's filter names, and whatever is started behind it; then becomes the given program.
FILTERED = """
import ctypes, os, sys
seccomp = ctypes.CDLL('libseccomp.so.2')
seccomp.seccomp_init.restype = ctypes.c_void_p
allow, kill = 0x7fff0000, 0x80000000
context = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(allow)))
for name in sys.argv[1].split():
    number = seccomp.seccomp_syscall_resolve_name(name.encode())
    if number >= 0: assert seccomp.seccomp_rule_add(context, ctypes.c_uint32(kill), number, 0) == 0, name
assert seccomp.seccomp_load(context) == 0
os.execv(sys.argv[2], sys.argv[2:])
"""


def test_syscall_filter(build):
    """the daemon needs none of the system calls that its unit forbids"""
    sets = re.search(r"^SystemCallFilter=~(.*)$", (build / "config/mohrd.service").read_text(), flags=re.M).group(1).split()
    listed = subprocess.run(["systemd-analyze", "syscall-filter", *sets], capture_output=True, text=True, check=True, timeout=60).stdout
    names = " ".join(re.findall(r"^    ([a-z0-9_]+)$", listed, flags=re.M))
    assert {"mount", "ptrace", "finit_module", "clock_settime", "swapon"} <= set(names.split())
    tried = subprocess.run(["/usr/bin/python3", "-c", FILTERED, names, "/usr/bin/python3", "-c",
                            "import ctypes; ctypes.CDLL(None).ptrace(0, 0, 0, 0)"], capture_output=True, timeout=20)
    assert tried.returncode == -signal.SIGSYS  # the filter itself works
    with private_directory() as base:
        daemon = [str(build / "daemon/core/mohrd"), "--sandbox", str(base / "profile"), "--consent", "allow"]
        process = subprocess.Popen(as_user(["/usr/bin/python3", "-c", FILTERED, names, *daemon]), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/",
                                   env={"PATH": "/usr/bin:/bin", "HOME": str(base), "XDG_RUNTIME_DIR": str(base), "LANG": "C.UTF-8"})
        try:
            ready = json.loads(process.stdout.readline())
            (base / "note.txt").write_text("x")
            (base / "note.txt").chmod(0o644)
            signed = subprocess.run(as_user([str(build / "cli/mohr"), "--socket", ready["control"], "sign", str(base / "note.txt")]), capture_output=True, text=True,
                                    timeout=60)
            assert signed.returncode == 0, signed.stderr
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 0, process.stderr.read()
            process.stdout.close()
            process.stderr.close()


def test_damaged_vault(profile):
    """a vault that is none stops the start with its code"""
    profile.start()
    profile.stop()
    with acting_as():
        (profile.data / "vault.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
        for extra in ("vault.db-wal", "vault.db-shm"):
            (profile.data / extra).unlink(missing_ok=True)
    code, said = profile.fail()
    assert code == VAULT and said.startswith("mohrd: ")


def test_log_is_json_lines_if_asked(build):
    """with log.format = "json" every line of the diagnostic log is an object with time, level and message"""
    with private_directory() as base, Profile(build, base, config='[log]\nformat = "json"\nlevel = "debug"\n') as profile:
        profile.start()
        profile.stop()
        lines = [json.loads(line) for line in profile.log().splitlines()]
        assert len(lines) >= 3 and all(set(line) == {"time", "level", "message"} for line in lines)


def test_local_work_goes_on_while_switched_off(start):
    """while the front door is closed files are signed all the same, and closing it does not end a local prompt [R17]"""
    sandbox = start(consent=None)
    with acting_as():
        (sandbox.base / "text.txt").write_text("local")
        source = os.open(sandbox.base / "text.txt", os.O_RDONLY)
        target = os.open(sandbox.base / "text.p7s", os.O_RDWR | os.O_CREAT, 0o600)
    with Agent(sandbox.ready["control"]) as agent, Control(sandbox.ready["control"]) as control, Control(sandbox.ready["control"]) as switch:
        assert agent.registered() is None
        number = control.begin("file.sign", {"name": "text.txt"}, None, {"input": source, "output": target})
        shown = agent.next()["params"]
        assert shown["kind"] == "sign" and shown["local"] is True and shown["documents"][0]["name"] == "text.txt"
        assert switch.call("service.stop") == {"running": False}
        certificate = next(c["id"] for c in shown["certificates"] if c["usable"])
        agent.answer(decision="allow", certificate=certificate, secrets={"user_pin": sandbox.ready["user_pin"]})
        assert control.reply_to(number)["size"] == os.fstat(target).st_size > 500
    os.close(source)
    os.close(target)
