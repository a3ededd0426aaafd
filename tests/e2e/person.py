# SPDX-License-Identifier: Apache-2.0
"""A home with browsers in it, and the daemon of its owner: for trust and doctor."""
import json
import pathlib
import re
import shutil
import subprocess

from core_harness import Profile, acting_as
from harness import as_user

BROWSERS = "/usr/bin:/bin"


class Person:
    """A home with browsers in it, and the daemon of its owner."""

    def __init__(self, build, base):
        self.build, self.base = build, base
        self.profile = Profile(build, base)

    def directory(self, path):
        whole = self.base / path
        with acting_as():
            whole.mkdir(parents=True, exist_ok=True)
        return whole

    def file(self, path, text):
        self.directory(pathlib.Path(path).parent)
        with acting_as():
            (self.base / path).write_text(text)

    def firefox(self, root, *names):
        self.file(f"{root}/profiles.ini", "[General]\nStartWithLastProfile=1\n" + "".join(
            f"\n[Profile{i}]\nName={name}\nIsRelative=1\nPath={name}\n" for i, name in enumerate(names)))
        return [self.directory(f"{root}/{name}") for name in names]

    def mohr(self, *arguments, check=0, path=BROWSERS, environment=None, input=None):
        result = subprocess.run(as_user(["/usr/bin/env", f"PATH={path}", str(self.build / "cli/mohr"), *arguments]), capture_output=True, text=True, timeout=90,
                                env={**self.profile.environment(), **(environment or {})}, cwd="/", input=input or "")
        assert result.returncode == check, f"mohr {' '.join(arguments)}: {result.returncode}\n{result.stdout}{result.stderr}"
        return json.loads(result.stdout) if "--json" in arguments and result.stdout else result.stdout + result.stderr

    def certutil(self, store, *arguments, **options):
        return subprocess.run(as_user(["certutil", "-d", f"sql:{store}", *arguments]), capture_output=True, text=True, timeout=30, check=True,
                              **options).stdout

    def roots(self, store):
        """name and trust flags of what certutil lists there"""
        if not (store / "cert9.db").exists():
            return {}
        return dict(re.findall(r"^(Mohr loopback root [0-9a-f]{8})\s+(\S+)", self.certutil(store, "-L"), re.M))

    def make_store(self, store, *password):
        self.directory(store.relative_to(self.base))
        self.certutil(store, "-N", *(password or ["--empty-password"]))


def issue_for_days(person, days):
    """Puts an identity into the profile that ends so soon, made by openssl."""
    tls = person.directory(".local/share/mohr/tls")
    for path in (person.base / ".local/share/mohr", tls):
        path.chmod(0o700)
    work = person.directory("work")
    with acting_as():
        run = lambda *words: subprocess.run(["openssl", *words], cwd=work, check=True, capture_output=True)
        ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        run("req", "-x509", *ec, "-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=Mohr loopback root 0badcafe", "-days", str(days),
            "-addext", "keyUsage=critical,keyCertSign")
        run("req", "-new", *ec, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=localhost")
        (work / "ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\n")
        run("x509", "-req", "-in", "leaf.csr", "-CA", "root.pem", "-CAkey", "root.key", "-set_serial", "7", "-days", str(days), "-extfile", "ext",
            "-out", "leaf.pem")
        run("pkcs8", "-topk8", "-nocrypt", "-in", "leaf.key", "-outform", "DER", "-out", str(tls / "key.der"))
        root = (work / "root.pem").read_text()
        (tls / "root.pem").write_text(root)
        (tls / "chain.pem").write_text((work / "leaf.pem").read_text() + root)
        for path in tls.iterdir():
            path.chmod(0o600)
    shutil.rmtree(work)
