# SPDX-License-Identifier: Apache-2.0
"""The command line and its terminal agent against the real daemon."""
import asyncio
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading

import pytest
from harness import RpcError, as_user, document, openssl, run, runner_ids, unb64
from terminal import Terminal

TEXT = b"I owe you one.\nSigned in the evening.\n"


@pytest.fixture
def asked(start):
    """A sandbox whose prompts go to an agent."""
    return start()


@pytest.fixture
def allowed(start):
    return start(consent="allow")


def write(sandbox, name, content):
    path = sandbox.base / name
    path.write_bytes(content)
    if os.getuid() == 0:
        os.chown(path, *runner_ids(sandbox.user))
    return path


class Later:
    """`mohr …` in the background, while the agent is being answered."""

    def __init__(self, sandbox, *arguments):
        self.thread = threading.Thread(target=self._run, args=(sandbox, arguments))
        self.thread.start()

    def _run(self, sandbox, arguments):
        self.result = sandbox.mohr(*arguments, check=False, timeout=120)

    def end(self):
        self.thread.join(130)
        return self.result


def agent_of(sandbox):
    agent = Terminal(sandbox, "agent")
    agent.expect("Waiting for requests")
    return agent




def signing_certificate(sandbox, kind="RSA-2048"):
    for entry in json.loads(sandbox.mohr("cert", "list", "--json").stdout):
        if entry["algorithm"] == kind and "digitalSignature" in entry["keyUsage"] and entry["state"] == "active":
            return entry
    raise AssertionError("no signing certificate")


def test_sign_with_agent(asked):
    """a file is signed behind the terminal agent's prompt, which shows exactly it, and openssl verifies the signature [R147]"""
    path = write(asked, "contract.txt", TEXT)
    wanted = signing_certificate(asked)
    pin = asked.ready["user_pin"]
    with agent_of(asked) as agent:
        signing = Later(asked, "sign", str(path), "--cert", wanted["id"], "--json")
        agent.expect(r"asks for a signature: contract\.txt")
        agent.expect(r"mohr  \(\d+\)")  # it lets nobody look into it, and is named all the same
        agent.expect(str(len(TEXT)) + " bytes")
        agent.expect("SHA-256 " + hashlib.sha256(TEXT).hexdigest())
        agent.expect(r"\| I owe you one\.")
        agent.expect(re.escape(wanted["commonName"]))
        question = agent.expect(r"Certificate \(1-\d+|Allow").group(0)
        assert question == "Allow"  # it was named: there is nothing to choose
        agent.type("y\r")
        agent.expect(r"User PIN \(5 attempts left")
        agent.type(pin + "\r")
        result = signing.end()
        assert result.returncode == 0, result.stderr
        agent.type("\x03")
        assert agent.wait() == 0
        assert pin not in agent.screen
    used = json.loads(asked.mohr("log", "show", "--operation", "sign", "--json").stdout)
    assert used[-1]["program"] == "mohr", used
    signature = asked.base / "contract.txt.p7s"
    assert json.loads(result.stdout)["file"] == str(signature)
    files = {"cms": signature.read_bytes(), "content": TEXT, "ca": open(asked.ready["ca"], "rb").read()}
    verified = openssl("cms", "-verify", "-inform", "DER", "-in", "cms", "-content", "content", "-CAfile", "ca", "-binary", "-purpose", "any", "-out", "out", files=files)
    assert verified.out == TEXT

    assert "The signature is valid." in asked.mohr("verify", str(signature), "--trust", asked.ready["ca"]).stdout
    unvouched = asked.mohr("verify", str(signature)).stdout
    assert "intact" in unvouched and "is valid" not in unvouched and "NOT checked" in unvouched
    for other in (b"\x1f\x8b\x08\x00 some archive", b"\xde\xf4\x60\x1f" + bytes(64), b"plain text\n", b""):
        (asked.base / "other.bin").write_bytes(other)
        for verb in (("verify",), ("decrypt", "--out", str(asked.base / "out"))):
            refused = asked.mohr(*verb, str(asked.base / "other.bin"), "--json", check=False)
            assert refused.returncode == 14 and json.loads(refused.stderr)["error"]["code"] == "malformed_data", refused
    gone = asked.mohr("sign", str(asked.base / "none.txt"), check=False)
    assert gone.returncode == 7 and f"No such file or directory: {asked.base}/none.txt" in gone.stderr
    path.write_bytes(TEXT + b"!")
    changed = asked.mohr("verify", str(signature), "--json", check=False)
    assert changed.returncode == 8
    assert json.loads(changed.stdout)["signers"][0]["verdict"] == "digest_mismatch"


def test_page_with_agent(asked):
    """a page gets access, remembered, and a signature over what the agent showed; a wrong PIN is asked again [R55]"""
    pin = asked.ready["user_pin"]
    wanted = signing_certificate(asked)

    async def body(agent):
        async with asked.page() as page:
            access = asyncio.create_task(page.call("service.requestAccess"))
            await asyncio.to_thread(agent.expect, "portal.example asks to use Mohr")
            await asyncio.to_thread(agent.expect, r"https://.*portal\.example")
            await asyncio.to_thread(agent.expect, "NOT A KNOWN BROWSER")
            await asyncio.to_thread(agent.expect, r"Allow\?")
            agent.type("r\r")
            assert (await access)["access"] == "granted"

            signing = asyncio.create_task(page.call("sign.cms", document=document(TEXT.decode(), "contract.txt")))
            await asyncio.to_thread(agent.expect, "asks for a signature: contract.txt")
            await asyncio.to_thread(agent.expect, "SHA-256 " + hashlib.sha256(TEXT).hexdigest())
            listing = (await asyncio.to_thread(agent.expect, r"Certificates:(?s:.*?)Certificate \(1-\d+")).group(0)
            line = next(l for l in listing.splitlines() if wanted["commonName"] in l and " -- " not in l)
            agent.type(line.split(")")[0].strip(" *\033[2m") + "\r")
            await asyncio.to_thread(agent.expect, "Allow with certificate")
            agent.type("y\r")
            await asyncio.to_thread(agent.expect, r"User PIN \(5 attempts left")
            agent.type("9081726354\r")
            await asyncio.to_thread(agent.expect, "Wrong PIN. 4 attempts left.")
            agent.type(pin + "\r")
            return await signing

    with agent_of(asked) as agent:
        signed = run(body(agent))
        assert pin not in agent.screen and "9081726354" not in agent.screen
    files = {"cms": unb64(signed["cms"]), "content": TEXT, "ca": open(asked.ready["ca"], "rb").read()}
    assert openssl("cms", "-verify", "-inform", "DER", "-in", "cms", "-content", "content", "-CAfile", "ca", "-binary", "-purpose", "any",
                   "-out", "out", files=files).out == TEXT
    site = json.loads(asked.mohr("site", "list", "--json").stdout)[0]
    assert (site["origin"], site["access"]) == ("https://portal.example", "allow")
    assert asked.mohr("log", "verify").returncode == 0
    assert pin not in asked.log() and "9081726354" not in asked.log()


def test_page_gone(asked):
    """a prompt whose page is closed goes from the agent's screen with the reason, and an ended agent refuses [T14]"""
    async def gone(agent):
        async with asked.page() as page:
            asyncio.create_task(page.call("service.requestAccess"))
            await asyncio.to_thread(agent.expect, r"Allow\?")
        await asyncio.to_thread(agent.expect, "the one who asked has gone")

    async def refused(agent):
        async with asked.page("https://other.example") as page:
            access = asyncio.create_task(page.call("service.requestAccess"))
            await asyncio.to_thread(agent.expect, r"Allow\?")
            agent.type("\x03")
            with pytest.raises(RpcError) as failure:
                await access
            assert failure.value.code == "user_cancelled"

    with agent_of(asked) as agent:
        with Terminal(asked, "agent") as second:
            assert second.wait() == 9
        run(gone(agent))
        run(refused(agent))
        agent.type("\x03")
        assert agent.wait() == 0
    assert json.loads(asked.mohr("status", "--json").stdout)["agent"] == "none"


def test_refused(asked):
    """a no in the agent signs nothing and leaves no file; without an agent nobody can be asked"""
    path = write(asked, "contract.txt", TEXT)
    assert asked.mohr("sign", str(path), check=False).returncode == 12
    with agent_of(asked) as agent:
        signing = Later(asked, "sign", str(path))
        agent.expect(r"Certificate \(1-|Allow")
        agent.type("n\r")
        assert signing.end().returncode == 4
        with Terminal(asked, "agent") as second:
            assert second.wait() == 9
    assert sorted(p.name for p in asked.base.glob("*contract*")) == ["contract.txt"]


def test_wrong_pins_block(asked):
    """wrong PINs in the agent count down to blocked, and the admin PIN unblocks with the keys kept [R55] [R56] [R152]"""
    path = write(asked, "contract.txt", TEXT)
    wanted = signing_certificate(asked)
    before = asked.mohr("key", "list", "--json").stdout
    right = asked.ready["user_pin"]
    wrong = "9081726354"
    assert wrong != right
    with agent_of(asked) as agent:
        signing = Later(asked, "sign", str(path), "--cert", wanted["id"], "--json")
        agent.expect("Allow")
        agent.type("y\r")
        for left in (5, 4, 3, 2, 1):
            agent.expect(rf"User PIN \({left} attempts left")
            agent.type(wrong + "\r")
        result = signing.end()
        assert result.returncode == 6, result.stderr
        assert json.loads(result.stderr)["error"]["code"] == "pin_blocked"
    assert not (asked.base / "contract.txt.p7s").exists()
    blocked = asked.mohr("token", "verify-pin", secrets=[right], check=False)
    assert blocked.returncode == 6
    assert "User PIN locked. Unlock it with the admin PIN." in blocked.stderr
    asked.mohr("token", "unblock", secrets=[asked.ready["admin_pin"], "70819253"])
    asked.mohr("token", "verify-pin", secrets=["70819253"])
    assert asked.mohr("key", "list", "--json").stdout == before


def test_encrypt_decrypt(allowed):
    """a file is encrypted to a certificate of the token and decrypted again, tampering is found and nothing overwritten"""
    content = os.urandom(300_000)
    path = write(allowed, "secret.bin", content)
    recipient = next(e for e in json.loads(allowed.mohr("cert", "list", "--json").stdout)
                     if {"keyEncipherment", "keyAgreement"} & set(e["keyUsage"]) and e["state"] == "active")
    allowed.mohr("encrypt", str(path), "--to-own", recipient["id"])
    sealed = allowed.base / "secret.bin.p7m"
    assert content[:64] not in sealed.read_bytes()
    assert allowed.mohr("decrypt", str(sealed), check=False).returncode == 9  # secret.bin is there
    assert path.read_bytes() == content
    opened = allowed.mohr("decrypt", str(sealed), "--out", str(allowed.base / "opened.bin"), "--json")
    assert json.loads(opened.stdout)["authenticated"] is True
    assert (allowed.base / "opened.bin").read_bytes() == content

    damaged = bytearray(sealed.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    bad = write(allowed, "bad.p7m", bytes(damaged))
    refused = allowed.mohr("decrypt", str(bad), "--out", str(allowed.base / "bad.bin"), check=False)
    assert refused.returncode == 14
    assert not (allowed.base / "bad.bin").exists()


def test_toggle(allowed):
    """stop refuses connections while the control socket answers, start takes them again [R13] [R17]"""
    def reachable():
        try:
            socket.create_connection(("127.0.0.1", allowed.port), 2).close()
            return True
        except ConnectionRefusedError:
            return False
    assert reachable()
    assert json.loads(allowed.mohr("stop", "--json").stdout)["running"] is False
    assert not reachable()
    assert json.loads(allowed.mohr("status", "--json").stdout)["running"] is False
    assert "stopped" in allowed.mohr("status").stdout
    allowed.mohr("start")
    assert reachable()


def test_log(allowed):
    """the log shows what was done, exports it, verifies, and no longer once a line was changed"""
    path = write(allowed, "contract.txt", TEXT)
    allowed.mohr("sign", str(path), "--cert", signing_certificate(allowed)["id"])
    entries = json.loads(allowed.mohr("log", "show", "--operation", "sign", "--json").stdout)
    assert entries and entries[-1]["decision"] == "allowed"
    assert entries[-1]["documents"][0]["name"] == "contract.txt"
    assert "contract.txt" in allowed.mohr("log", "show", "--since", "1h").stdout
    assert json.loads(allowed.mohr("log", "show", "--search", "contract.txt", "--json").stdout) == entries
    allowed.mohr("log", "export", "--out", str(allowed.base / "log.jsonl"))
    assert "contract.txt" in (allowed.base / "log.jsonl").read_text()
    assert "intact" in allowed.mohr("log", "verify").stdout
    file = next(p for p in allowed.profile.rglob("activity-*.jsonl"))
    file.write_bytes(file.read_bytes().replace(b"contract.txt", b"contrabt.txt"))
    broken = allowed.mohr("log", "verify", "--json", check=False)
    assert broken.returncode == 8
    assert json.loads(broken.stdout)["intact"] is False


def test_pins(allowed):
    """both PINs are changed by who knows them, and one that breaks a rule says which [R58] [R151] [R153] [R42] [R44]"""
    user, admin = allowed.ready["user_pin"], allowed.ready["admin_pin"]
    allowed.mohr("token", "change-pin", secrets=[user, "70819253"])
    wrong = allowed.mohr("token", "verify-pin", secrets=[user], check=False)
    assert wrong.returncode == 5
    assert "Wrong PIN. 4 attempts left." in wrong.stderr
    allowed.mohr("token", "verify-pin", secrets=["70819253"])
    allowed.mohr("token", "change-pin", "--role", "admin", secrets=[admin, "Zk49xQ"])
    letters = allowed.mohr("token", "change-pin", secrets=["70819253", "12a4"], check=False)
    assert "The user PIN may contain English digits only." in letters.stderr
    short = allowed.mohr("token", "unblock", secrets=["Zk49xQ", "123"], check=False)
    assert "The user PIN must have 4 to 24 digits." in short.stderr
    allowed.mohr("token", "label", "Sara's token", secrets=["Zk49xQ"])
    assert json.loads(allowed.mohr("token", "info", "--json").stdout)["label"] == "Sara's token"
    guessable = allowed.mohr("token", "change-pin", secrets=["70819253", "123456"], check=False)
    assert guessable.returncode == 10
    allowed.mohr("token", "change-pin", "--yes", secrets=["70819253", "123456"])
    allowed.mohr("token", "lock")
    assert json.loads(allowed.mohr("token", "info", "--json").stdout)["unlocked"] is False


def test_keys(allowed):
    """a key is made with a request that openssl accepts, and removed after its loss was named [R148] [R150]"""
    pin = allowed.ready["user_pin"]
    out = allowed.base / "request.pem"
    allowed.mohr("key", "generate", "--algorithm", "P-256", "--label", "mine", "--subject", "CN=Sara", "--out", str(out), secrets=[pin])
    checked = openssl("req", "-in", "request", "-verify", "-noout", "-subject", files={"request": out.read_bytes()})
    assert b"CN = Sara" in checked.stdout
    keys = json.loads(allowed.mohr("key", "list", "--json").stdout)
    key = next(k for k in keys if k["label"] == "mine")
    assert key["state"] == "pending"
    unsure = allowed.mohr("cert", "remove", key["id"], secrets=[pin], check=False)
    assert unsure.returncode == 10
    assert "gone for good" in unsure.stderr and key["id"] in unsure.stderr
    with Terminal(allowed, "cert", "remove", key["id"][:8]) as removal:
        removal.expect("There is no undo")
        removal.expect(r"\[y/N\]")
        removal.type("y\r")
        removal.expect("User PIN:")
        removal.type(pin + "\r")
        assert removal.wait() == 0
        assert pin not in removal.screen
    assert len(json.loads(allowed.mohr("key", "list", "--json").stdout)) == len(keys) - 1

    certificate = signing_certificate(allowed)
    exported = allowed.mohr("cert", "export", certificate["id"], "--chain").stdout
    assert openssl("x509", "-noout", "-subject", input=exported.encode()).returncode == 0


def test_reset(allowed):
    """a reset names how many certificates are lost and destroys them; both PINs are new [R51] [R145]"""
    count = len(json.loads(allowed.mohr("cert", "list", "--json").stdout))
    assert count > 0
    admin = allowed.ready["admin_pin"]
    with Terminal(allowed, "token", "reset") as reset:
        reset.expect(rf"Certificates that will be lost: {count}")
        reset.expect(r"\[y/N\]")
        reset.type("y\r")
        for question, pin in ((r"Admin PIN:", admin), ("New user PIN:", "70819253"), ("Repeat user PIN:", "70819253"),
                              ("New admin PIN:", "Zk49xQ"), ("Repeat admin PIN:", "Zk49xQ")):
            reset.expect(question)
            reset.type(pin + "\r")
        assert reset.wait() == 0, reset.screen
    assert allowed.mohr("cert", "list").stdout == ""
    allowed.mohr("token", "verify-pin", secrets=["70819253"])
    assert allowed.mohr("token", "verify-pin", "--role", "admin", secrets=[admin], check=False).returncode == 5


def test_sites(allowed):
    """what was decided for a site is kept, listed and forgotten"""
    allowed.mohr("site", "allow", "https://portal.example")
    allowed.mohr("site", "deny", "https://portal.example", "--listing")
    site = json.loads(allowed.mohr("site", "list", "--json").stdout)[0]
    assert (site["origin"], site["access"], site["listing"], site["blind"]) == ("https://portal.example", "allow", "deny", "ask")
    allowed.mohr("site", "forget", "https://portal.example")
    assert json.loads(allowed.mohr("site", "list", "--json").stdout) == []
    assert allowed.mohr("site", "allow", "not an origin", check=False).returncode == 1


def test_import(allowed):
    """a certificate issued elsewhere for a key of the token, and a PKCS#12 file, are imported and usable [R50]"""
    pin = allowed.ready["user_pin"]
    with tempfile.TemporaryDirectory() as scratch:
        def tool(*arguments):
            subprocess.run(["openssl", *arguments], cwd=scratch, check=True, capture_output=True, timeout=60)
        tool("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
             "-subj", "/CN=Elsewhere CA", "-days", "30")
        request = allowed.mohr("key", "generate", "--algorithm", "P-256", "--label", "mine", "--subject", "CN=Sara elsewhere", secrets=[pin]).stdout
        with open(f"{scratch}/request", "w") as file:
            file.write(request)
        tool("x509", "-req", "-in", "request", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "issued.pem", "-days", "20")
        issued = write(allowed, "issued.pem", open(f"{scratch}/issued.pem", "rb").read())
        allowed.mohr("cert", "import", str(issued), secrets=[pin])

        tool("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "p12.key", "-out", "p12.pem", "-subj", "/CN=From a file", "-days", "30")
        tool("pkcs12", "-export", "-inkey", "p12.key", "-in", "p12.pem", "-out", "bundle", "-passout", "pass:file password")
        bundle = write(allowed, "bundle", open(f"{scratch}/bundle", "rb").read())
        wrong = allowed.mohr("cert", "import", str(bundle), secrets=[pin, "not it"], check=False)
        assert wrong.returncode == 5
        allowed.mohr("cert", "import", str(bundle), secrets=[pin, "file password"])

    names = {entry["commonName"]: entry for entry in json.loads(allowed.mohr("cert", "list", "--json").stdout)}
    assert names["Sara elsewhere"]["label"] == "mine"
    path = write(allowed, "contract.txt", TEXT)
    for name in ("Sara elsewhere", "From a file"):
        allowed.mohr("sign", str(path), "--cert", name, "--force")
        verdict = json.loads(allowed.mohr("verify", str(path) + ".p7s", "--json").stdout)
        assert verdict["valid"] is True and name in verdict["signers"][0]["subject"]


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to act as a second user")
def test_foreign_socket(build):
    """a control socket of another user gets no PIN: the command line refuses it before it sends anything [T24]"""
    runner_ids("mohr-other")
    listen = ("import os,socket,sys\n"
              "s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); os.chmod(sys.argv[1], 0o777); s.listen(); s.settimeout(20)\n"
              "print('listening', flush=True)\nc, _ = s.accept(); c.settimeout(20); print(len(c.recv(100)))\n")
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        os.chmod(directory, 0o777)
        path = f"{directory}/control.sock"
        other = subprocess.Popen(as_user(["/usr/bin/python3", "-c", listen, path], "mohr-other"), stdout=subprocess.PIPE, text=True)
        try:
            assert other.stdout.readline() == "listening\n"
            result = subprocess.run(as_user([str(build / "cli/mohr"), "--socket", path, "token", "verify-pin", "--pin-stdin", "--json"]),
                                    input="123456\n", capture_output=True, text=True, timeout=30)
            assert result.returncode == 1
            assert json.loads(result.stderr)["error"]["code"] == "foreign_service"
            assert other.stdout.readline() == "0\n"  # it was reached, and was told nothing
        finally:
            other.send_signal(signal.SIGKILL)
            other.wait(10)
