# SPDX-License-Identifier: Apache-2.0
"""mohr doctor: every fault is made, found and mended by the remedy that was given, and then nothing is wrong any more."""
import contextlib
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time

import pytest
from core_harness import Agent, acting_as
from harness import as_user, connected_socket, eventually, openssl, private_directory
from person import BROWSERS, Person, issue_for_days

USER_PIN, ADMIN_PIN = "739154", "Adm1nP1n"


class Patient(Person):
    """A person whose Mohr works: token with PINs, an agent, two browsers that know the root."""

    def __init__(self, build, base):
        super().__init__(build, base)
        self.agent = None
        self.etc = base / "etc"  # what stands before /etc while doctor runs
        self.etc.mkdir()
        self.etc.chmod(0o755)
        self.directory(".config/chromium")
        self.chromium = base / ".local/share/pki/nssdb"
        self.firefox("%s" % ".mozilla/firefox", "one.default")
        self.firefox_profile = base / ".mozilla/firefox/one.default"
        self.start()
        self.mohr("token", "init", "--pin-stdin", "--yes", input=f"{USER_PIN}\n{ADMIN_PIN}\n")
        self.mohr("trust", "install")

    def start(self):
        self.profile.start()
        self.register()

    def register(self):
        self.agent = Agent(self.profile.control)
        assert self.agent.registered() is None

    def stop(self, how=signal.SIGTERM):
        self.agent.end()
        self.profile.stop(how)

    def restart(self):
        self.stop()
        self.start()

    def run(self, command, path=None, root=False, prefix=(), **options):
        """As the person, in a private /etc where there is one; as root what the remedy wants to be run by sudo."""
        command = ["/usr/bin/env", f"PATH={path or f'{self.build}/cli:{BROWSERS}'}", *prefix, *command]
        command = command if root else as_user(command)
        if os.getuid() == 0 and any(self.etc.iterdir()):
            command = ["unshare", "--mount", "sh", "-c", 'mount -t overlay overlay -o lowerdir="$1":/etc /etc && shift && exec "$@"', "sh",
                       str(self.etc), *command]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, env=self.profile.environment(), cwd="/", **options)

    def doctor(self, *arguments, **options):
        result = self.run(["mohr" if not options.get("path") else str(self.build / "cli/mohr"), "doctor", "--json", *arguments], **options)
        findings = json.loads(result.stdout)["findings"] if result.stdout else pytest.fail(result.stderr)
        left = [f["severity"] for f in findings if not f["fixed"]]
        assert result.returncode == (16 if "error" in left else 15 if "warning" in left else 0), findings
        return findings

    def follow(self, finding):
        """Runs the command of a remedy; what systemd or root would do is done by the test."""
        command = finding["command"]
        if command.startswith("systemctl --user"):
            return self.start()
        root = "sudo " in command
        result = self.run(["sh", "-c", command.replace("sudo ", "")], root=root)
        assert result.returncode == 0, f"{command}: {result.stdout}{result.stderr}"


@pytest.fixture(scope="module")
def patient(build):
    with private_directory() as base:
        patient = Patient(build, base)
        try:
            yield patient
        finally:
            patient.stop()


def write(patient, path, text):
    with acting_as():
        path.write_text(text)


@contextlib.contextmanager
def listening(address, port, as_person):
    with (acting_as() if as_person else contextlib.nullcontext()):
        held = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    with held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((address, port))
        held.listen()
        yield


# Each fault: a generator that makes it, yields what is to be found (id, a piece of the text), is told the finding, and follows its remedy.

def door_closed(patient):
    patient.mohr("stop")
    patient.follow((yield "service.door_closed", "closed"))


def daemon_down(patient):
    patient.stop()
    patient.follow((yield "service.not_running", "not running"))


def socket_left(patient):
    patient.agent.end()
    patient.profile.stop(signal.SIGKILL)
    patient.follow((yield "service.left_socket", "control.sock"))
    patient.start()


def port_held_by_own_program(patient):
    patient.stop()
    program = subprocess.Popen(as_user(["/usr/bin/python3", "-c", f"import socket, time; s = socket.socket(); s.bind(('127.0.0.1', {patient.profile.ports[0]})); s.listen(); "
                                        "print('on', flush=True); time.sleep(300)"]), stdout=subprocess.PIPE, text=True)
    program.stdout.readline()
    finding = yield "port.held", f"127.0.0.1 is held by python3 (process {program.pid})"
    os.kill(int(re.search(r"process (\d+)", finding["what"]).group(1)), signal.SIGKILL)
    program.wait()
    program.stdout.close()
    patient.start()


def port_held_by_other_user(patient):
    if os.getuid() != 0:
        pytest.skip("needs another user")
    patient.stop()
    with listening("::1", patient.profile.ports[1], as_person=False):
        yield "port.held", "::1 is held by user root"
        assert patient.profile.fail()[0] == 12
    patient.start()


def chromium_untrusting(patient):
    (name,) = patient.roots(patient.chromium)
    patient.certutil(patient.chromium, "-D", "-n", name)
    patient.follow((yield "trust.absent", "Chromium, Chrome, Edge does not know"))


def firefox_untrusting(patient):
    patient.firefox(".mozilla/firefox", "one.default", "two.fresh")
    patient.follow((yield "trust.absent", "Firefox: two.fresh does not know"))


def old_root(patient):
    made = openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key", "-out", "out", "-subj",
                   "/CN=Mohr loopback root 0123abcd")
    patient.certutil(patient.firefox_profile, "-A", "-t", "C,,", "-n", "Mohr loopback root 0123abcd", "-a", input=made.out.decode())
    patient.follow((yield "trust.old_root", "0123abcd"))


def store_damaged(patient):
    write(patient, patient.firefox_profile / "cert9.db", "no database " * 100)
    finding = yield "trust.unreadable", str(patient.firefox_profile)
    for name in ("cert9.db", "key4.db"):  # "mend or delete that store"
        (patient.firefox_profile / name).unlink()
    assert finding["about"]["directory"] == str(patient.firefox_profile)
    patient.mohr("trust", "install")


def configuration_wrong(patient):
    good = patient.profile.config.read_text()
    write(patient, patient.profile.config, good + "plain_prot = 7\n")
    finding = yield "config.wrong", "plain_port"
    line = int(re.search(r"mohrd\.toml:(\d+)", finding["what"]).group(1))
    lines = patient.profile.config.read_text().splitlines(keepends=True)
    write(patient, patient.profile.config, "".join(lines[:line - 1] + lines[line:]))


def data_open(patient):
    patient.profile.data.chmod(0o755)
    patient.follow((yield "file.open_to_others", str(patient.profile.data)))
    assert patient.profile.data.stat().st_mode & 0o777 == 0o700


def tls_key_open(patient):
    (patient.profile.data / "tls/key.der").chmod(0o644)
    patient.follow((yield "file.open_to_others", "key.der"))


def socket_open(patient):
    patient.profile.control.chmod(0o666)
    patient.follow((yield "file.open_to_others", "control.sock"))


def secret_is_link(patient):
    secret = patient.profile.data / "device-secret"
    with acting_as():
        secret.rename(patient.base / "elsewhere")
        secret.symlink_to(patient.base / "elsewhere")
    finding = yield "file.link", "device-secret"
    with acting_as():
        secret.unlink()
        (patient.base / "elsewhere").rename(finding["about"]["path"])


def file_of_another(patient):
    if os.getuid() != 0:
        pytest.skip("needs another user")
    os.chown(patient.profile.state / "epoch", 0, 0)
    patient.follow((yield "file.foreign", "epoch"))


def write_unfinished(patient):
    left = patient.profile.state / "sites.json.0123456789ab.new"
    write(patient, left, "{")
    left.chmod(0o600)
    os.utime(left, (time.time() - 3600,) * 2)
    patient.follow((yield "file.unfinished", left.name))
    assert not left.exists()


def certificate_ends(patient):
    patient.stop()
    shutil.rmtree(patient.profile.data / "tls")
    issue_for_days(patient, 20)
    patient.start()
    patient.follow((yield "trust.ends", "ends on"))


def host_unknown(patient):
    if os.getuid() != 0:
        pytest.skip("a private /etc needs root")
    patient.mohr("trust", "install", "--dastine-hosts")
    for name, text in (("hosts", "127.0.0.1 localhost\n"), ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")):
        (patient.etc / name).write_text(text)
        (patient.etc / name).chmod(0o644)
    finding = yield "hosts.unknown", "localhost.dastine.pki.co.ir"
    command = finding["command"].replace("sudo ", "").replace("/etc/hosts", shlex.quote(str(patient.etc / "hosts")))
    subprocess.run(["sh", "-c", command], check=True, capture_output=True)


def host_elsewhere(patient):
    if os.getuid() != 0:
        pytest.skip("a private /etc needs root")
    hosts = patient.etc / "hosts"
    good = hosts.read_text()
    hosts.write_text("127.0.0.1 localhost\n192.0.2.7 localhost.dastine.pki.co.ir\n127.0.0.1 local.dastine.pki.co.ir\n")
    finding = yield "hosts.elsewhere", "192.0.2.7"
    assert finding["about"]["host"] == "localhost.dastine.pki.co.ir"
    hosts.write_text(good)
    assert json.loads(patient.run(["mohr", "trust", "hosts", "--json"]).stdout)["hosts"][0]["state"] == "loopback"


def policy_of(patient, *words):
    """The verb as root would run it, on the /etc that doctor sees."""
    subprocess.run([str(patient.build / "cli/mohr"), "policy", *words, "--root", str(patient.base)], check=True, capture_output=True,
                   env={"PATH": BROWSERS, "HOME": "/nonexistent", "XDG_RUNTIME_DIR": "/nonexistent"})


def policy_damaged(patient):
    if os.getuid() != 0:
        pytest.skip("a private /etc needs root")
    policy_of(patient, "install", "--browser", "chromium", "--site", "https://portal.example")
    path = patient.etc / "chromium/policies/managed/mohr.json"
    path.write_text('{"LoopbackNetworkAllowedForUrls": [')
    finding = yield "policy.damaged", "mohr.json"
    words = shlex.split(finding["command"])
    assert words[:4] == ["sudo", "mohr", "policy", "install"]
    policy_of(patient, *words[3:5], words[5], "--site", "https://portal.example")


def policy_in_the_way(patient):
    if os.getuid() != 0:
        pytest.skip("a private /etc needs root")
    other = patient.etc / "chromium/policies/managed/company.json"
    other.write_text('{"LoopbackNetworkAllowedForUrls": ["https://intranet.example"]}')
    other.chmod(0o644)
    yield "policy.in_the_way", "company.json"
    policy_of(patient, "install", "--browser", "chromium", "--site", "https://intranet.example")
    other.unlink()


def policy_unreadable(patient):
    if os.getuid() != 0:
        pytest.skip("a private /etc needs root")
    path = patient.etc / "chromium/policies/managed/mohr.json"
    path.chmod(0o600)
    finding = yield "policy.unreadable", "mohr.json"
    subprocess.run(shlex.split(finding["command"].replace("sudo ", "").replace("/etc", str(patient.etc))), check=True)


def nobody_to_ask(patient):
    patient.agent.end()
    eventually(lambda: patient.mohr("status", "--json")["agent"] == "none")
    finding = yield "service.no_agent", "no agent"
    assert finding["command"] == "mohr agent"
    patient.register()


def user_pin_blocked(patient):
    for _ in range(20):
        if patient.run(["mohr", "token", "verify-pin", "--pin-stdin"], input="111222\n").returncode == 6:
            break
    finding = yield "token.user_blocked", "blocked"
    result = patient.run([*shlex.split(finding["command"]), "--pin-stdin", "--yes"], input=f"{ADMIN_PIN}\n{USER_PIN}\n")
    assert result.returncode == 0, result.stderr


def site_refused(patient):
    patient.mohr("site", "deny", "https://portal.example")
    patient.follow((yield "site.refused", "https://portal.example"))


def developer_mode(patient):
    good = patient.profile.config.read_text()
    write(patient, patient.profile.config, "developer_mode = true\n" + good)
    patient.restart()
    yield "service.developer_mode", "Developer mode"
    write(patient, patient.profile.config, good)
    patient.restart()


def page_held_back(patient):
    with connected_socket("127.0.0.1", patient.profile.ports[1]):
        time.sleep(2)
        yield "page.held_back", "waiting"
    eventually(lambda: not patient.mohr("status", "--json")["waiting"])


FAULTS = [door_closed, daemon_down, socket_left, port_held_by_own_program, port_held_by_other_user, chromium_untrusting, firefox_untrusting, old_root,
          store_damaged, configuration_wrong, data_open, tls_key_open, socket_open, secret_is_link, file_of_another, write_unfinished, certificate_ends,
          host_unknown, host_elsewhere, policy_damaged, policy_in_the_way, policy_unreadable, nobody_to_ask, user_pin_blocked, site_refused,
          developer_mode, page_held_back]


def test_healthy(patient):
    """doctor finds nothing where nothing is wrong"""
    assert patient.doctor() == []
    assert "Nothing is wrong" in patient.run(["mohr", "doctor"]).stdout


@pytest.mark.unsanitized("getaddrinfo_a begins a thread that the sanitizer has not seen begin", "tsan")
@pytest.mark.parametrize("fault", FAULTS, ids=[fault.__name__ for fault in FAULTS])
def test_fault(patient, fault):
    """doctor finds a fault, and its remedy, followed, mends it [R191]"""
    if [f for f in patient.doctor() if f["severity"] != "hint"]:
        pytest.skip("an earlier fault was not mended")
    story = fault(patient)
    wanted, piece = next(story)
    found = [f for f in patient.doctor() if f["id"] == wanted and piece in json.dumps(f, ensure_ascii=False)]
    assert found, f"{wanted} with {piece!r} is not among {patient.doctor()}"
    assert found[0]["remedy"] and found[0]["severity"] in ("hint", "warning", "error")
    with contextlib.suppress(StopIteration):
        story.send(found[0])
    assert patient.doctor() == []


@pytest.mark.unsanitized("getaddrinfo_a begins a thread that the sanitizer has not seen begin", "tsan")
def test_certutil_missing(patient):
    """without certutil doctor names the package that has it, and looks at the rest [R191]"""
    found = {f["id"]: f for f in patient.doctor(path="/nonexistent")}
    assert set(found) == {"trust.certutil_missing"}
    package = found["trust.certutil_missing"]["command"].split()[-1]
    assert subprocess.run(["dpkg", "-S", "/usr/bin/certutil"], capture_output=True, text=True).stdout.startswith(package + ":")
    assert patient.doctor() == []


@pytest.mark.unsanitized("preloads libfaketime, and a sanitizer's runtime must come first")
def test_clock(patient):
    """doctor finds a clock that is years behind, by the date of the local certificate"""
    found = [f["id"] for f in patient.doctor(prefix=["faketime", "2025-06-01"])]
    assert "clock.behind" in found
    assert patient.doctor() == []


@pytest.mark.unsanitized("getaddrinfo_a begins a thread that the sanitizer has not seen begin", "tsan")
def test_fix(patient):
    """doctor --fix mends modes, leftovers and a closed front door, leaves the person's decisions alone, and says what it did"""
    (patient.profile.data / "vault.db").chmod(0o640)
    left = patient.profile.data / "chain.pem.0123456789ab.new"
    write(patient, left, "")
    left.chmod(0o600)
    os.utime(left, (time.time() - 3600,) * 2)
    patient.mohr("stop")
    (name,) = patient.roots(patient.chromium)
    patient.certutil(patient.chromium, "-D", "-n", name)
    fixed = {f["id"]: f["fixed"] for f in patient.doctor("--fix")}
    assert fixed == {"file.open_to_others": True, "file.unfinished": True, "service.door_closed": True, "trust.absent": False}
    assert [f["id"] for f in patient.doctor()] == ["trust.absent"]
    patient.mohr("trust", "install")


@pytest.mark.unsanitized("getaddrinfo_a begins a thread that the sanitizer has not seen begin", "tsan")
def test_persian(patient):
    """doctor speaks Persian"""
    patient.mohr("stop")
    assert "سرویس برای سامانه‌ها بسته است" in patient.run(["mohr", "doctor", "--lang", "fa"]).stdout
    patient.mohr("start")


def test_documentation():
    """docs/operations.md lists every finding of doctor with its severity"""
    root = pathlib.Path(__file__).resolve().parents[2]
    kinds = re.findall(r'FindingKind\{\s*"([^"]+)",\s*Severity::(\w+)', (root / "cli/src/doctor_kinds.cpp").read_text())
    listed = re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \| (\w+) \|", (root / "docs/operations.md").read_text(), re.M)
    assert kinds and listed == kinds
