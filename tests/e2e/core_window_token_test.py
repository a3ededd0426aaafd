# SPDX-License-Identifier: Apache-2.0
"""The token managed without a terminal: methods called without their secrets, which the person types into a window."""
import base64
import contextlib
import json
import os
import pathlib
import struct
import zlib

import pytest
from core_harness import Profile
from harness import RpcError, eventually, openssl, private_directory
from window import Windows, installation

USER, ADMIN = "83920174", "newAdmin7x"


def png(edge=8):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + b"\x0f\x76\x6e" * edge for _ in range(edge))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", edge, edge, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Desk:
    def __init__(self, profile, windows):
        self.profile, self.windows = profile, windows
        self.control = profile.connect()

    def begin(self, method, **params):
        """Calls without secrets; returns the request, its window and what that shows."""
        number = self.control.begin(method, params)
        window = self.windows.next()
        shown = window.shown()
        with self.profile.connect() as other:
            asking = eventually(lambda: other.call("service.status")["asking"])
        assert asking == {"origin": "this computer: mohr", "kind": shown["kind"], "waiting": 0}
        return number, window, shown

    def do(self, method, secrets, answer=None, **params):
        number, window, shown = self.begin(method, **params)
        window.answer(secrets=secrets, **(answer or {}))
        result = self.control.reply_to(number)
        assert window.over() == ("prompt.settled", None)
        return result, shown

    def log(self):
        return [(e["operation"], e["decision"], e.get("detail", "")) for e in self.control.call("log.read")["entries"] if "decision" in e]


@contextlib.contextmanager
def running(build, config="", initialise=True):
    with private_directory() as base, Windows(base) as windows:
        tree = installation(build, base)
        with Profile(tree, base, environment={"DISPLAY": ":77"}, config=config) as profile:
            profile.start()
            desk = Desk(profile, windows)
            if initialise:
                desk.do("token.initialise", {"new_user_pin": USER, "new_admin_pin": ADMIN}, label="Mine")
            yield desk
            text = profile.log()
            assert USER not in text and ADMIN not in text
            desk.control.socket.close()


@pytest.fixture
def desk(build):
    with running(build) as one:
        yield one


def test_first_reset(build):
    """a blank token is initialised from a window: rules, guessable and equal PINs come back to it, and cost nothing [R41] [R42] [R45] [R59] [R144]"""
    with running(build, initialise=False) as desk:
        number, window, shown = desk.begin("token.initialise", label="Mine")
        assert shown["kind"] == "initialise" and shown["label"] == "Mine" and shown["local"] is True
        assert shown["program"]["pid"] == os.getpid() and shown["program"]["knownBrowser"] is False
        assert shown["pin"]["needed"] is False
        assert shown["pin"]["new"] == shown["pin"]["newAdmin"] == {"minLength": 4, "maxLength": 24}
        for secrets, confirmed, problem, confirm in [
                (("12a4", "Ab12"), False, "user:characters", False), (("123", "ab-1"), False, "user:length,admin:characters", False),
                (("۱۲۳۴", "abc"), True, "user:characters,admin:length", False), (("1234", ADMIN), False, "user:sequence", True),
                ((USER, USER), False, "equal", True)]:
            window.answer(secrets={"new_user_pin": secrets[0], "new_admin_pin": secrets[1]}, confirmed=confirmed)
            shown = window.shown()
            assert (shown["pin"]["problem"], shown["pin"]["confirm"]) == (problem, confirm)
        window.answer(secrets={"new_user_pin": USER, "new_admin_pin": ADMIN})
        assert desk.control.reply_to(number) == {}
        assert window.over() == ("prompt.settled", None)
        info = desk.control.call("token.info")
        assert info["state"] == "initialised" and info["label"] == "Mine"
        assert desk.control.failure("token.initialise", {"label": "Again"}) == "exists"  # and no window
        assert desk.windows.none_for(0.1)
        # What is confirmed once is taken: a guessable PIN, knowingly.
        number, window, shown = desk.begin("token.changePin", role="user")
        window.answer(secrets={"user_pin": USER, "new_user_pin": "1234"})
        assert window.shown()["pin"]["problem"] == "user:sequence"
        window.answer(secrets={"user_pin": USER, "new_user_pin": "1234"}, confirmed=True)
        assert desk.control.reply_to(number) == {}


def test_pins(desk):
    """PINs are changed, unblocked and checked in windows; a wrong one costs a try and the window stays [R55] [R56] [R58] [R151] [R152] [R153]"""
    _, shown = desk.do("token.changePin", {"user_pin": USER, "new_user_pin": "594837"}, role="user")
    assert shown["kind"] == "change_pin" and shown["pin"]["role"] == "user" and "new" in shown["pin"] and "newAdmin" not in shown["pin"]
    _, shown = desk.do("token.changePin", {"admin_pin": ADMIN, "new_admin_pin": "otherAdmin9"}, role="admin")
    assert shown["kind"] == "change_admin_pin" and shown["pin"]["role"] == "admin" and "newAdmin" in shown["pin"] and "new" not in shown["pin"]
    number, window, shown = desk.begin("token.verify", role="user")
    assert shown["kind"] == "verify_pin" and shown["pin"]["triesLeft"] == 5
    for left in (4, 3, 2, 1):
        window.answer(secrets={"user_pin": USER})
        shown = window.shown()
        assert shown["pin"]["lastWrong"] and shown["pin"]["triesLeft"] == left
    window.answer(secrets={"user_pin": USER})
    with pytest.raises(RpcError) as blocked:
        desk.control.reply_to(number)
    assert blocked.value.code == "pin_blocked"
    assert desk.control.failure("token.verify", {"role": "user"}) == "pin_blocked"
    number, window, shown = desk.begin("token.unblock")
    assert shown["kind"] == "unblock_pin" and shown["pin"]["role"] == "admin" and shown["pin"]["triesLeft"] == 10
    window.answer(secrets={"admin_pin": ADMIN, "new_user_pin": "12"})
    shown = window.shown()
    assert shown["pin"]["problem"] == "user:length" and shown["pin"]["triesLeft"] == 10  # seen before the token was asked
    window.answer(secrets={"admin_pin": ADMIN, "new_user_pin": USER})
    shown = window.shown()
    assert shown["pin"]["lastWrong"] and shown["pin"]["triesLeft"] == 9
    window.answer(secrets={"admin_pin": "otherAdmin9", "new_user_pin": USER})
    assert desk.control.reply_to(number) == {}
    assert desk.do("token.verify", {"user_pin": USER}, role="user")[0] == {}
    _, shown = desk.do("token.setLabel", {"admin_pin": "otherAdmin9"}, label="Signing")
    assert shown["kind"] == "set_label" and shown["label"] == "Signing"
    assert desk.control.call("token.info")["label"] == "Signing"
    log = desk.log()
    assert log.count(("token.verify", "pin_wrong", "pin_wrong")) == 4 and ("token.unblock", "allowed", "") in log


def test_keys_and_certificates(desk):
    """keys are made, requested, given certificates and removed from windows, each naming what it is about [R148] [R150] [R50]"""
    made, shown = desk.do("key.generate", {"user_pin": USER}, algorithm="P-256", subject="CN=Sara", label="mine")
    assert shown["kind"] == "generate" and shown["keyAlgorithm"] == "P-256" and shown["keySubject"] == "CN=Sara"
    again, shown = desk.do("key.request", {"user_pin": USER}, id=made["id"], subject="CN=Sara")
    assert shown["kind"] == "request" and "request" in again
    issued = openssl("x509", "-req", "-inform", "DER", "-in", "req", "-signkey", "key", "-force_pubkey", "pub", "-subj", "/CN=Sara", "-days", "9",
                     "-outform", "DER", "-out", "out", files=certificate_files(made["request"])).out
    imported, shown = desk.do("certificate.import", {"user_pin": USER}, data=base64.b64encode(issued).decode())
    assert shown["kind"] == "import" and shown["documents"][0]["name"] == "Sara" and len(shown["documents"][0]["digest"]) == 64
    assert imported["id"] == made["id"]
    for data, code in (("AAAA", "malformed_data"), ("?", "invalid_params")):
        assert desk.control.failure("certificate.import", {"data": data}) == code
    pkcs12 = openssl("pkcs12", "-export", "-inkey", "key.pem", "-in", "cert.pem", "-passout", "pass:geheim", "-out", "out", files=self_signed()).out
    number, window, shown = desk.begin("certificate.importPkcs12", data=base64.b64encode(pkcs12).decode())
    assert shown["kind"] == "import_file" and shown["password"] is True and shown["file"] is False and shown["documents"][0]["size"] == len(pkcs12)
    window.answer(secrets={"user_pin": USER, "password": "wrong"})
    assert window.shown()["pin"]["problem"] == "wrong_password"
    window.answer(secrets={"user_pin": USER, "password": "geheim"})
    other = desk.control.reply_to(number)
    number, window, shown = desk.begin("token.reset", label="Fresh")
    assert shown["kind"] == "reset" and shown["losses"] == ["Sara", "Of a file"] and shown["pin"]["role"] == "admin"
    secrets = {"admin_pin": ADMIN, "new_user_pin": "594837", "new_admin_pin": "otherAdmin9"}
    window.answer(secrets=secrets, confirmLoss=1)  # R51: what was not confirmed is not lost
    with pytest.raises(RpcError):
        desk.control.reply_to(number)
    assert len(desk.control.call("key.list")) == 2
    _, shown = desk.do("certificate.remove", {"user_pin": USER}, id=other["id"])
    assert shown["kind"] == "remove_certificate" and shown["certificates"][0]["commonName"] == "Of a file"
    spare, _ = desk.do("key.generate", {"user_pin": USER}, algorithm="P-256", label="spare")
    _, shown = desk.do("key.remove", {"user_pin": USER}, id=spare["id"])
    assert shown["kind"] == "remove_key" and shown["keySubject"] == "spare"
    assert desk.do("token.reset", secrets, {"confirmLoss": 1}, label="Fresh")[0] == {}
    info = desk.control.call("token.info")
    assert info["keys"] == 0 and info["label"] == "Fresh"
    assert ("token.reset", "allowed", "") in desk.log()


def certificate_files(request):
    key = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "out").out
    request = base64.b64decode(request)
    public = openssl("req", "-inform", "DER", "-in", "req", "-pubkey", "-noout", "-out", "out", files={"req": request}).out
    return {"key": key, "req": request, "pub": public}


def self_signed():
    key = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "out").out
    cert = openssl("req", "-x509", "-key", "key.pem", "-subj", "/CN=Of a file", "-days", "9", "-out", "out", files={"key.pem": key}).out
    return {"key.pem": key, "cert.pem": cert}


def test_blocked_admin(desk):
    """with a blocked admin PIN only the reset is left, with the password of the account, which the window is told was refused [R57] [R146]"""
    assert desk.control.failure("token.resetBlocked", {"label": "New"}) == "wrong_role"
    number, window, _ = desk.begin("token.setLabel", label="x")
    for _ in range(9):
        window.answer(secrets={"admin_pin": "wrongPin1"})
        window.shown()
    window.answer(secrets={"admin_pin": "wrongPin1"})
    with pytest.raises(RpcError) as blocked:
        desk.control.reply_to(number)
    assert blocked.value.code == "pin_blocked"
    number, window, shown = desk.begin("token.resetBlocked", label="New")
    assert shown["kind"] == "reset_blocked" and shown["ownerPassword"] is True and shown["pin"]["needed"] is False
    window.answer(secrets={"new_user_pin": USER, "new_admin_pin": ADMIN, "owner_password": "certainly not it"})
    # Where PAM has no answer at all, that is said; else the window asks again.
    message = window.next()
    if message["method"] == "prompt.show":
        assert message["params"]["pin"]["problem"] == "owner_refused"
        window.request = message
        window.say({"jsonrpc": "2.0", "method": "prompt.shown", "params": {"prompt": message["params"]["prompt"]}})
        window.answer("deny")
        code = "user_cancelled"
    else:
        code = "owner_authentication_needed"
    with pytest.raises(RpcError) as refused:
        desk.control.reply_to(number)
    assert refused.value.code == code
    assert desk.control.call("token.info")["admin"]["blocked"] is True


def test_endings(desk):
    """a refusal, a cancel, an end of the asking program and a second question have one answer each, and are written down"""
    number, window, _ = desk.begin("token.verify", role="user")
    window.answer("deny")
    with pytest.raises(RpcError) as refused:
        desk.control.reply_to(number)
    assert refused.value.code == "user_cancelled" and window.over() == ("prompt.settled", None)
    number, window, _ = desk.begin("token.setLabel", label="x")
    desk.control.send({"jsonrpc": "2.0", "method": "$/cancel", "params": {"id": number}})
    with pytest.raises(RpcError) as cancelled:
        desk.control.reply_to(number)
    assert cancelled.value.code == "cancelled" and window.over() == ("prompt.close", "cancelled")
    other = desk.profile.connect()
    other.begin("token.verify", {"role": "admin"})
    window = desk.windows.next()
    window.shown()
    eventually(lambda: desk.control.call("service.status")["asking"])
    other.socket.close()
    assert window.over() == ("prompt.close", "gone")
    told = {("token.verify", "denied", ""), ("token.setLabel", "cancelled", ""), ("token.verify", "abandoned", "")}
    eventually(lambda: told <= set(desk.log()))
    # Nobody confirms for the person in advance, and what is wrong with a request is said without a window.
    for method, params in (("token.changePin", {"role": "user", "confirmGuessable": True}), ("token.reset", {"confirmLoss": 0}),
                           ("token.verify", {"role": "nobody"}), ("key.generate", {"algorithm": 3})):
        assert desk.control.failure(method, params) == "invalid_params", method
    assert desk.control.failure("certificate.remove", {"id": "00" * 20}) == "not_found"
    assert desk.control.failure("key.generate", {"algorithm": "RSA-17"}) == "unsupported_algorithm"
    assert desk.windows.none_for(0.1)
    # With its secrets a method is what it was.
    assert desk.control.call("token.verify", {"role": "user"}, {"pin": USER}) == {}


def test_the_daemon_stops(desk):
    """a question of the token manager that is open when the daemon ends is answered, and its window closes"""
    number, window, _ = desk.begin("token.verify", role="user")
    desk.control.begin("service.shutdown")
    codes = [m["error"]["data"]["code"] for m in desk.control.wait_closed() if m.get("id") == number]
    assert codes == ["cancelled"]
    eventually(lambda: not pathlib.Path(f"/proc/{window.pid}").exists())


def test_mark(build):
    """the person's mark is set in a window, kept, and told to windows alone; language and theme are everybody's [R169] [T16]"""
    with running(build) as desk:
        assert desk.control.call("interface.get") == {"language": "fa", "theme": "system", "desktopDark": False, "mark": False}
        desk.control.call("service.subscribe")
        assert desk.control.call("interface.set", {"language": "en", "theme": "dark"})["theme"] == "dark"
        for params in ({"language": "de"}, {"theme": "pink"}, {"phrase": "x"}, {"language": 1}):
            assert desk.control.failure("interface.set", params) == "invalid_params"
        phrase, picture = "کوه دماوند می‌درخشد \\ 7", base64.b64encode(png()).decode()
        number, window, shown = desk.begin("interface.setMark")
        assert shown["kind"] == "mark" and shown["interface"] == {"language": "en", "theme": "dark"} and shown["pin"]["needed"] is False
        for wrong in ({"phrase": "x" * 65}, {"phrase": "a\u202eb"}, {"phrase": "a", "picture": base64.b64encode(b"GIF89a" + bytes(40)).decode()},
                      {"phrase": "a", "picture": base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()}):
            window.answer(**wrong)
            assert window.shown()["pin"]["problem"] == "malformed"
        window.answer(phrase=phrase, picture=picture)
        assert desk.control.reply_to(number) == {"language": "en", "theme": "dark", "desktopDark": False, "mark": True}
        assert phrase not in json.dumps(desk.control.call("interface.get"), ensure_ascii=False)
        assert "interface.changed" in [n["method"] for n in desk.control.notifications]
        assert ("interface.setMark", "allowed", "") in desk.log()
        desk.control.socket.close()
        desk.profile.stop()
        kept = pathlib.Path(desk.profile.state / "interface.json")
        assert kept.stat().st_mode & 0o777 == 0o600
        desk.profile.start()
        desk.control = desk.profile.connect()
        _, window, shown = desk.begin("token.verify", role="user")
        assert shown["interface"] == {"language": "en", "theme": "dark", "phrase": phrase, "picture": picture}
        window.answer("deny")
        window.over()
