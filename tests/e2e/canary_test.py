# SPDX-License-Identifier: Apache-2.0
"""PINs, passwords, a private key and a document, searched for everywhere but where they belong. Each search first finds what is there."""
import json
import os
import pathlib
import re

import pytest
from core_harness import Agent, Control, acting_as
from harness import Sandbox, b64, document, openssl, private_directory, run

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root to read another process's memory")

# Long enough not to occur by chance.
PIN, WRONG, PASSWORD = "805371924606173825049162", "805371924606173825049163", "canary-password-7be1f2a9"
NAME = "9990000018"  # as a national code in the subject
TEXT = "canary document 5d41402abc4b2a76"


def canary_key():
    """PKCS#12 of a new RSA key, its modulus and one of its primes."""
    made = openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "out").out
    certificate = openssl("req", "-x509", "-key", "key.pem", "-subj", f"/CN=Canary/serialNumber={NAME}", "-days", "30",
                          "-addext", "keyUsage=critical,digitalSignature", "-out", "out", files={"key.pem": made}).out
    pkcs12 = openssl("pkcs12", "-export", "-inkey", "key.pem", "-in", "cert.pem", "-passout", f"pass:{PASSWORD}", "-out", "out",
                     files={"key.pem": made, "cert.pem": certificate}).out
    text = openssl("rsa", "-in", "key.pem", "-text", "-noout", "-out", "out", files={"key.pem": made}).out.decode()
    number = {name: bytes.fromhex(re.sub(r"[^0-9a-f]", "", re.search(rf"^{name}:\n((?: +[0-9a-f:]+\n)+)", text, re.M).group(1))).lstrip(b"\0")
              for name in ("modulus", "prime1")}
    return pkcs12, number["modulus"], number["prime1"]


def memory_of(pid):
    """All that root can read of it: more than a core file would hold. Secret memory is read by nobody."""
    image = b""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            addresses, permissions = line.split()[:2]
            if "r" not in permissions or "[vvar" in line or "[vsyscall" in line:
                continue
            begin, end = (int(a, 16) for a in addresses.split("-"))
            try:
                memory.seek(begin)
                image += memory.read(end - begin)
            except (OSError, ValueError):
                continue
    return image


def places(sandbox, heard, told):
    """Everything that may hold no secret, by name."""
    found = {"memory of the core": memory_of(sandbox.pid), "memory of the door": memory_of(sandbox.door_pid), "diagnostic log": sandbox.log().encode(),
             "messages to the page": b"\n".join(heard), "messages to the agent": "\n".join(map(json.dumps, told)).encode()}
    for path in sandbox.profile.rglob("*"):
        if path.is_file():
            found[str(path.relative_to(sandbox.profile))] = path.read_bytes()
    return found


def holding(found, needle):
    return sorted(name for name, content in found.items() if needle in content)


async def sign_after_a_wrong_pin(sandbox, agent, told, heard):
    async with sandbox.page() as page:
        page.heard = heard
        _, granted, sending = page.begin("service.requestAccess")
        await sending
        told.append(agent.next())
        agent.answer(decision="allow")
        await granted
        _, signed, sending = page.begin("sign.raw", document=document(TEXT))
        await sending
        told.append(agent.next())
        mine = next(c["id"] for c in told[-1]["params"]["certificates"] if c["commonName"] == "Canary")
        agent.answer(decision="allow", certificate=mine, secrets={"user_pin": WRONG})
        told.append(agent.next())
        assert told[-1]["params"]["pin"]["lastWrong"] is True
        agent.answer(decision="allow", certificate=mine, secrets={"user_pin": PIN})
        return await signed


@pytest.mark.unsanitized("reads all memory of the processes: a sanitizer maps terabytes")
@pytest.mark.parametrize("options", [[], ["--no-memfd-secret"]], ids=["secret memory", "ordinary memory"])
def test_canary(build, options):
    """no PIN, password, key or document is in a log, a message, a file or a core image, where planted ones are found [R53] [R199] [T30] [T32]"""
    pkcs12, modulus, prime = canary_key()
    in_memory = prime[::-1]  # as OpenSSL keeps a number on a little-endian machine
    heard, told = [], []
    with private_directory() as base:
        config = base / "mohrd.toml"
        with acting_as():
            config.write_text('[log]\nlevel = "debug"\nformat = "json"\n')
            config.chmod(0o600)
        with Sandbox(build, directory=base, options=["--config", str(config), *options]) as sandbox, Agent(sandbox.ready["control"]) as agent, \
                Control(sandbox.ready["control"]) as control:
            assert agent.registered() is None
            control.call("token.changePin", {"role": "user"}, {"pin": sandbox.ready["user_pin"], "new_pin": PIN})
            control.call("certificate.importPkcs12", {"data": b64(pkcs12)}, {"user_pin": PIN, "password": PASSWORD})
            signed = run(sign_after_a_wrong_pin(sandbox, agent, told, heard))
            assert signed["signature"]

            unlocked = places(sandbox, heard, told)
            control.call("token.lock")
            locked = places(sandbox, heard, told)
    # What must be found, or the searches prove nothing.
    assert holding(unlocked, b"mohr-door")[0:1] and "memory of the core" in holding(unlocked, b"mohr-door")
    assert "memory of the door" in holding(unlocked, b"mohr.v1")
    assert "messages to the page" in holding(unlocked, signed["signature"].encode())
    assert "messages to the agent" in holding(unlocked, TEXT.encode())
    assert "diagnostic log" in holding(unlocked, b"front door open")
    assert all(json.loads(line)["level"] for line in locked["diagnostic log"].splitlines())
    assert NAME.encode() not in locked["diagnostic log"] and NAME in json.dumps(told)
    assert any(name.startswith("data") or "vault" in name for name in holding(unlocked, modulus)), holding(unlocked, modulus)
    assert any("activity" in name for name in holding(unlocked, b"portal.example"))
    # The key is where it is used, and for as long; in secret memory nobody finds it.
    assert holding(unlocked, in_memory) == (["memory of the core"] if options else [])
    assert holding(locked, in_memory) == []
    for found in (unlocked, locked):
        assert holding(found, prime) == []
        for secret in (PIN, WRONG, PASSWORD):
            assert holding(found, secret.encode()) == []
        files_and_messages = {name: content for name, content in found.items() if not name.startswith("memory") and name != "messages to the agent"}
        assert holding(files_and_messages, TEXT.encode()) == []
