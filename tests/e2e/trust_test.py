# SPDX-License-Identifier: Apache-2.0
"""mohr trust against the real daemon and certutil's own view of the stores."""
import json
import os
import re
import ssl
import subprocess

import pytest
from core_harness import acting_as
from harness import as_user, connected_socket, eventually, openssl, private_directory
from person import Person, issue_for_days

@pytest.fixture
def person(build):
    with private_directory() as base:
        person = Person(build, base)
        yield person
        person.profile.stop()


def every_place(person):
    """All the layouts that there are: shared, Snap and Flatpak of both families."""
    chromium = [person.base / ".local/share/pki/nssdb"]
    person.directory(".config/chromium")
    person.directory("snap/chromium/2890/.local/share")
    with acting_as():
        os.symlink("2890", person.base / "snap/chromium/current")
    chromium.append(person.base / "snap/chromium/current/.local/share/pki/nssdb")
    for name in ("org.chromium.Chromium", "com.google.Chrome", "com.microsoft.Edge"):
        person.directory(f".var/app/{name}/data")
        chromium.append(person.base / f".var/app/{name}/data/pki/nssdb")
    firefox = person.firefox(".mozilla/firefox", "abc.default-esr", "xyz.work")
    firefox += person.firefox(".config/mozilla/firefox", "new.default")
    firefox += person.firefox("snap/firefox/common/.mozilla/firefox", "snap.default")
    firefox += person.firefox(".var/app/org.mozilla.firefox/.mozilla/firefox", "flat.default")
    return chromium + firefox


def test_install_and_remove(person):
    """trust install reaches every store of both browsers, again changes nothing, and trust remove leaves nothing behind [T38] [R191]"""
    stores = every_place(person)
    person.profile.start()
    assert person.mohr("trust", "status", "--json", check=15)["stores"][0]["state"] == "not_trusted"
    report = person.mohr("trust", "install", "--json")
    assert [entry["result"] for entry in report["stores"]] == ["added"] * len(stores), report
    assert sorted(entry["directory"] for entry in report["stores"]) == sorted(map(str, stores))
    assert report["restartChromium"] is True
    name = report["root"]["name"]
    for store in stores:
        assert person.roots(store) == {name: "C,,"}, store
    again = person.mohr("trust", "install", "--json")
    assert [entry["result"] for entry in again["stores"]] == ["kept"] * len(stores)
    assert again["restartChromium"] is False
    assert {entry["state"] for entry in person.mohr("trust", "status", "--json")["stores"]} == {"trusted"}
    person.profile.stop()
    assert {entry["result"] for entry in person.mohr("trust", "remove", "--json")["stores"]} == {"removed"}
    for store in stores:
        assert person.roots(store) == {}, store
        assert len(person.certutil(store, "-L").strip().splitlines()) == 2  # the heading alone
    assert {entry["result"] for entry in person.mohr("trust", "remove", "--json")["stores"]} == {"nothing"}


def test_old_place_of_chromium(person):
    """Chromium's old store is used where it exists, and never made, because it would hide the new one"""
    person.directory(".config/google-chrome")
    person.profile.start()
    person.mohr("trust", "install")
    assert not (person.base / ".pki").exists()
    person.mohr("trust", "remove")
    old = person.base / ".pki/nssdb"
    person.make_store(old)
    person.mohr("trust", "install")
    assert list(person.roots(old).values()) == ["C,,"]
    assert person.roots(person.base / ".local/share/pki/nssdb") == {}


def test_foreign_certificates_stay(person):
    """certificates of others, even under our name, survive install and remove [T38]"""
    store = person.base / ".pki/nssdb"
    person.make_store(store)
    for name, subject in (("company root", "/CN=Company root"), ("Mohr loopback root 00000000", "/CN=Not ours")):
        made = openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key", "-out", "out", "-subj", subject)
        person.certutil(store, "-A", "-t", "C,,", "-n", name, "-a", input=made.out.decode())
    before = person.certutil(store, "-L")
    person.profile.start()
    person.mohr("trust", "install")
    assert len(person.roots(store)) == 2
    person.mohr("trust", "remove")
    assert person.certutil(store, "-L") == before


def test_partly_done(person):
    """a store that refuses is named with its reason, the others are done, and nothing half-trusted is left [T38]"""
    locked, good = person.firefox(".mozilla/firefox", "locked", "good")
    person.file("password", "secret-enough\n")
    person.make_store(locked, "-f", str(person.base / "password"))
    person.profile.start()
    report = person.mohr("trust", "install", "--json", check=1)
    by_directory = {entry["directory"]: entry for entry in report["stores"]}
    assert by_directory[str(locked)]["result"] == "failed"
    assert by_directory[str(locked)]["code"] == "store_password"
    assert by_directory[str(good)]["result"] == "added"
    assert person.roots(locked) == {} and list(person.roots(good).values()) == ["C,,"]
    (locked / "cert9.db").write_bytes(b"this is no database" * 100)
    report = person.mohr("trust", "install", "--json", check=1)
    by_directory = {entry["directory"]: entry for entry in report["stores"]}
    assert (by_directory[str(locked)]["code"], by_directory[str(good)]["result"]) == ("store_failed", "kept")


def test_certutil_missing(person):
    """without certutil the message names the package"""
    person.profile.start()
    answer = person.mohr("trust", "install", check=1, path="/nonexistent")
    assert "libnss3-tools" in answer


def handshake(person, host, root):
    """Whether a TLS client that trusts this root alone connects under that name."""
    context = ssl.create_default_context(cadata=root)
    try:
        with context.wrap_socket(connected_socket("127.0.0.1", person.profile.ports[1]), server_hostname=host) as tls:
            return tls.getpeercert()["notAfter"]
    except ssl.SSLError as error:
        return error.reason


def trusted_root(person, store):
    (name,) = person.roots(store)
    return person.certutil(store, "-L", "-n", name, "-a")


def test_dastine_hosts(person):
    """the two Dastine hosts are served only after the person agreed, at once, under another root that replaces the old one [T37] [T40] [R191]"""
    person.directory(".config/chromium")
    store = person.base / ".local/share/pki/nssdb"
    person.profile.start()
    person.mohr("trust", "install")
    (first,) = person.roots(store)
    root = trusted_root(person, store)
    assert "GMT" in handshake(person, "localhost", root)
    assert "GMT" not in handshake(person, "localhost.dastine.pki.co.ir", root)
    report = person.mohr("trust", "install", "--dastine-hosts", "--json")
    assert report["issued"] is True and report["stores"][0]["removed"] == [first]
    root = trusted_root(person, store)
    for host in ("localhost", "localhost.dastine.pki.co.ir", "local.dastine.pki.co.ir"):
        assert "GMT" in handshake(person, host, root), host
    assert "GMT" not in handshake(person, "dastine.pki.co.ir", root)
    text = openssl("x509", "-in", "root", "-noout", "-text", files={"root": root.encode()}).stdout.decode()
    assert "X509v3 Name Constraints: critical" in text
    names = re.findall(r"DNS:(\S+)", text.split("Permitted:")[1])
    assert names == ["localhost", "localhost.dastine.pki.co.ir", "local.dastine.pki.co.ir"]
    # Kept over a restart, and while nothing is said about it; taken back when the person says so.
    person.profile.stop()
    person.profile.start()
    assert person.mohr("trust", "install", "--json")["issued"] is False
    assert "GMT" in handshake(person, "localhost.dastine.pki.co.ir", root)
    person.mohr("trust", "install", "--no-dastine-hosts")
    assert "GMT" not in handshake(person, "localhost.dastine.pki.co.ir", trusted_root(person, store))


def test_no_root_key_on_disk(person):
    """after install and after re-issue the leaf's is the only private key on disk [T37]"""
    person.directory(".config/chromium")
    person.profile.start()
    for options in ([], ["--dastine-hosts"]):
        report = person.mohr("trust", "install", *options, "--json")
        leaf = openssl("x509", "-in", "chain", "-noout", "-pubkey", files={"chain": (person.profile.data / "tls/chain.pem").read_bytes()}).stdout
        keys = []
        for path in person.base.rglob("*"):
            if not path.is_file() or path.suffix == ".log":
                continue
            content = path.read_bytes()
            assert b"PRIVATE KEY" not in content, path
            public = openssl("pkey", "-inform", "DER", "-in", "key", "-pubout", files={"key": content}, check=False)
            if public.returncode == 0:
                keys.append((path.name, public.stdout == leaf))
        assert keys == [("key.der", True)], report


def test_renewal(person):
    """in its last 30 days the certificate still serves, status asks for the renewal, and trust install renews it in every store"""
    issue_for_days(person, 20)
    person.directory(".config/chromium")
    store = person.base / ".local/share/pki/nssdb"
    person.profile.start()
    assert "mohr trust install" in person.mohr("status")
    assert "restart Chromium" in person.profile.log()
    assert person.mohr("trust", "status", "--json", check=15)["root"]["renew"] is True
    report = person.mohr("trust", "install", "--json")
    assert report["issued"] is True and report["root"]["renew"] is False and report["restartChromium"] is True
    assert "mohr trust install" not in person.mohr("status")
    assert "GMT" in handshake(person, "localhost", trusted_root(person, store))


@pytest.mark.unsanitized("getaddrinfo_a begins a thread that the sanitizer has not seen begin", "tsan")
def test_hosts(person):
    """trust hosts prints the lines that make both names lead here, and they do"""
    told = json.loads(subprocess.run(as_user([str(person.build / "cli/mohr"), "trust", "hosts", "--json"]), capture_output=True, text=True,
                                     timeout=60, env=person.profile.environment()).stdout)
    assert {host["state"] for host in told["hosts"]} <= {"unknown", "elsewhere", "loopback"}
    assert told["command"].startswith("printf '127.0.0.1 localhost.dastine.pki.co.ir local.dastine.pki.co.ir\\n::1 ")
    if os.getuid() != 0:
        pytest.skip("a private /etc/hosts needs root")
    hosts = person.base / "hosts"
    for lines, state, code in ((told["lines"], "loopback", 0), ("192.0.2.1 localhost.dastine.pki.co.ir local.dastine.pki.co.ir\n", "elsewhere", 15)):
        hosts.write_text("127.0.0.1 localhost\n" + lines)
        hosts.chmod(0o644)
        command = ["unshare", "--mount", "sh", "-c", 'mount --bind "$1" /etc/hosts && shift && exec "$@"', "sh", str(hosts),
                   *as_user([str(person.build / "cli/mohr"), "trust", "hosts", "--json"])]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, env=person.profile.environment())
        assert result.returncode == code, result.stderr
        assert {host["state"] for host in json.loads(result.stdout)["hosts"]} == {state}


def test_held_back_page(person):
    """a connection that stays silent is shown as a page that waits for the browser's permission, and goes with it [R191]"""
    person.profile.start()

    def waiting():
        return person.mohr("status", "--json")["waiting"]

    with connected_socket("127.0.0.1", person.profile.ports[0]):
        seen = eventually(waiting)
        assert len(seen) == 1 and seen[0]["port"] == person.profile.ports[0]
        assert "A page is waiting" in person.mohr("status")
    eventually(lambda: not waiting())


def test_silence_behind_tls(build):
    """a connection that is silent behind its TLS handshake, as while Chromium asks, outlives the timer of request heads and ends at its own [T09] [R191]"""
    with private_directory() as base:
        person = Person(build, base)
        with acting_as():
            with person.profile.config.open("a") as config:
                config.write("[timers]\nheaders_seconds = 1\ntls_handshake_seconds = 1\nsilent_seconds = 10\n")
        person.profile.start()
        try:
            context = ssl.create_default_context(cadata=(person.profile.data / "tls/root.pem").read_text())
            with context.wrap_socket(connected_socket("127.0.0.1", person.profile.ports[1]), server_hostname="localhost") as silent:
                silent.settimeout(5)
                with pytest.raises(TimeoutError):
                    silent.recv(1)
                assert len(person.mohr("status", "--json")["waiting"]) == 1
                silent.settimeout(20)
                assert silent.recv(1) == b""
            with context.wrap_socket(connected_socket("127.0.0.1", person.profile.ports[1]), server_hostname="localhost") as slow:
                slow.settimeout(8)
                slow.sendall(b"GET /v1 HTTP/1.1\r\n")  # a head that has begun has its own, short time
                assert slow.recv(100).startswith(b"HTTP/1.1 403")
        finally:
            person.profile.stop()
