# SPDX-License-Identifier: Apache-2.0
"""The control socket: who may use it, what it takes, that every request gets one reply."""
import base64
import json
import os
import pathlib
import re
import stat
import struct
import subprocess

import pytest
from core_harness import Control, Profile, acting_as
from harness import RUNNER, RpcError, eventually, private_directory

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root to act as a second user")
DOCUMENT = pathlib.Path(__file__).parents[2] / "docs/control-api.md"


@pytest.fixture
def sandbox(start):
    """One of its own for each test: they change PINs, keys and permissions."""
    return start(consent="allow")


@pytest.fixture
def control(sandbox):
    with Control(sandbox.ready["control"]) as connection:
        yield connection


def user_pin(sandbox):
    return sandbox.ready["user_pin"]


def test_socket_modes(sandbox):
    """the control socket is 0600 in a 0700 directory [T31]"""
    path = pathlib.Path(sandbox.ready["control"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_ISSOCK(path.stat().st_mode)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@needs_root
def test_other_users_are_refused(sandbox):
    """another user is refused by its uid even where directory and socket were opened up, and so is root [T24] [T31]"""
    path = pathlib.Path(sandbox.ready["control"])
    for opened in (*path.parents[:4], path):
        opened.chmod(0o777)
    with Control(path, RUNNER) as own:
        assert own.call("service.status")["running"] is True  # the way is open
    for user in ("mohr-other", None):
        if user is None:
            connection = Control.__new__(Control)
            import socket
            connection.socket, connection.last_id, connection.notifications = socket.socket(socket.AF_UNIX), 0, []
            connection.socket.settimeout(10)
            connection.socket.connect(str(path))
        else:
            connection = Control(path, user)
        with connection:
            with pytest.raises(Exception) as closed:
                connection.call("service.status")
            assert "Closed" in type(closed.value).__name__ or isinstance(closed.value, ConnectionError)
    assert "refused" in sandbox.log()


def test_status_tells_how_it_runs(control, sandbox):
    """service.status says ports, sandbox and memory, and nothing secret"""
    status = control.call("service.status")
    assert status["ports"] == {"plain": sandbox.port, "tls": sandbox.tls_port}
    assert len(status["sockets"]) == 4 and status["agent"] == "scripted" and status["token"] == "initialised"
    assert status["secretMemory"] in ("memfd_secret", "locked", "plain") and status["sandbox"]["seccomp"] is True
    assert user_pin(sandbox) not in json.dumps(status)


def test_documented_methods_exist(control):
    """every method of docs/control-api.md exists, and none beside them"""
    table = DOCUMENT.read_text().split("## Methods")[1].split("## Prompts")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    names = [name for row in rows for name in re.findall(r"`([a-z]+\.[a-zA-Z0-9]+)`", row)]
    assert len(names) > 25
    for name in names:
        if name == "service.shutdown":
            continue
        # A member that no method has: each method refuses it, and so shows that it is there.
        assert control.failure(name, {"nobody has this": 1}) == "invalid_params", name
    assert control.failure("token.selfDestruct") == "method_not_found"


def test_pins_travel_in_frames_only(control, sandbox):
    """a PIN inside JSON is refused; in a frame of its own it is taken [T09]"""
    pin = user_pin(sandbox)
    assert control.failure("token.verify", {"role": "user", "pin": pin}) == "invalid_params"
    assert control.failure("token.verify", {"role": "user"}) == "invalid_params"
    assert control.failure("token.verify", {"role": "user"}, {"user_pin": pin}) == "invalid_params"
    assert control.failure("token.info", {}, {"pin": pin}) == "invalid_params"
    assert control.call("token.verify", {"role": "user"}, {"pin": pin}) == {}
    assert control.call("token.info")["user"]["triesLeft"] == 5  # none of the refused ones cost a try
    assert pin not in sandbox.log()


@pytest.mark.parametrize("frame", [struct.pack(">IB", 0, 0), struct.pack(">IB", 0xffffffff, 0), struct.pack(">IB", 2 * 1024 * 1024, 0),
                                   struct.pack(">IB", 2000, 1), struct.pack(">IB", 2, 9) + b"x", struct.pack(">IB", 5, 1) + b"1234"],
                         ids=["empty", "4 GiB", "2 MiB", "long secret", "unknown kind", "secret for nothing"])
def test_wrong_frames_end_the_connection(control, sandbox, frame):
    """a frame that may not be ends its connection, and only that"""
    control.socket.sendall(frame)
    assert control.wait_closed() == []
    with Control(sandbox.ready["control"]) as other:
        assert other.call("service.status")["running"] is True


@pytest.mark.parametrize("text", ["{", "[]", "7", '{"jsonrpc":"2.0","id":1,"method":"token.info","method":"token.lock"}', '{"id":1,"method":"token.info"}',
                                  '{"jsonrpc":"2.0","id":1,"method":"token.info","params":[]}', "[" * 200 + "]" * 200])
def test_malformed_messages_get_one_error(control, text):
    """what is no request gets one error and changes nothing"""
    control.send_frame(0, text.encode())
    replies = control.wait_closed()
    assert len(replies) == 1 and replies[0]["error"]["data"]["code"] in ("parse_error", "invalid_request", "invalid_params")


def test_secret_announced_and_not_sent(control):
    """a message whose announced secret does not come is not acted upon"""
    control.send({"jsonrpc": "2.0", "id": 1, "method": "token.verify", "params": {"role": "user"}, "secrets": ["pin"]})
    control.send({"jsonrpc": "2.0", "id": 2, "method": "token.info", "params": {}})
    assert control.wait_closed() == []


def test_requests_run_concurrently_and_are_bounded(control):
    """requests run concurrently, each gets one reply, and too many at once are refused with the limit"""
    numbers = [control.begin("token.info") for _ in range(200)]
    seen, refused = {}, 0
    for _ in numbers:
        message = control.receive()
        assert message["id"] not in seen
        seen[message["id"]] = message
        if "error" in message:
            assert message["error"]["data"] == {"code": "limit_exceeded", "limit": "requests", "max": 16}
            refused += 1
    assert sorted(seen) == numbers and refused < 200


def test_connections_are_bounded(sandbox):
    """more than 32 connections are refused, and there is room again when some end"""
    connections = [Control(sandbox.ready["control"]) for _ in range(32)]
    for connection in connections:
        connection.call("service.status")
    with Control(sandbox.ready["control"]) as one_more:
        assert one_more.wait_closed() == []
    for connection in connections:
        connection.__exit__()

    def answers():
        with Control(sandbox.ready["control"]) as again:
            try:
                return again.call("service.status")
            except Exception:
                return None
    assert eventually(answers)


def test_site_permissions(control):
    """site permissions are set, listed, forgotten and survive a wrong request [R156]"""
    assert control.call("site.set", {"origin": "https://a.example", "access": "allow", "blind": "deny"}) == {}
    for wrong in ({"origin": "a.example", "access": "allow"}, {"origin": "https://a.example/path", "access": "allow"},
                  {"origin": "https://a.example"}, {"origin": "https://a.example", "access": "perhaps"},
                  {"origin": "https://A.example", "access": "allow"}):
        assert control.failure("site.set", wrong) == "invalid_params"
    sites = control.call("site.list")
    assert [(s["origin"], s["access"], s["listing"], s["blind"]) for s in sites] == [("https://a.example", "allow", "ask", "deny")]
    assert control.call("site.forget", {"origin": "https://a.example"}) == {}
    assert control.call("site.list") == []
    assert control.failure("site.forget", {"origin": "https://a.example"}) == "not_found"


def test_subscribers_are_told(sandbox):
    """who subscribes is told of the toggle and of the activity log; others are not"""
    with Control(sandbox.ready["control"]) as listener, Control(sandbox.ready["control"]) as actor, Control(sandbox.ready["control"]) as deaf:
        listener.call("service.subscribe")
        actor.call("service.stop")
        actor.call("site.set", {"origin": "https://a.example", "access": "deny"})
        heard = set()
        while not {"service.changed", "activity.added"} <= heard:
            heard.add(listener.receive()["method"])
        actor.call("service.start")
        deaf.call("service.status")
        assert deaf.notifications == [] and actor.notifications == []


def test_every_change_is_in_the_activity_log(control, sandbox):
    """what is done over the control socket is in the activity log before the reply [T34]"""
    control.call("token.verify", {"role": "user"}, {"pin": user_pin(sandbox)})
    assert control.failure("token.verify", {"role": "user"}, {"pin": "1"}) == "pin_wrong"
    control.call("site.set", {"origin": "https://a.example", "access": "deny"})
    entries = control.call("log.read", {"after": 0, "limit": 100})["entries"]
    told = [(e["operation"], e["decision"]) for e in entries if e["operation"] != "log.file"]
    assert told == [("token.verify", "allowed"), ("token.verify", "pin_wrong"), ("site.set", "access: deny")]
    assert control.call("log.verify")["intact"] is True


def test_matrix_of_roles(control, sandbox):
    """no PIN reads, the user PIN changes keys, the admin PIN the label: each refuses the other's work [R142] [R143] [R148] [R150] [R154]"""
    user, admin = {"user_pin": user_pin(sandbox)}, {"admin_pin": sandbox.ready["admin_pin"]}
    assert control.call("token.info")["state"] == "initialised" and len(control.call("key.list")) == 4
    key = control.call("key.list")[0]["id"]
    assert control.call("certificate.export", {"id": key})["certificate"]
    made = control.call("key.generate", {"algorithm": "P-256", "label": "new", "subject": "CN=New"}, user)
    assert control.call("key.request", {"id": made["id"], "subject": "CN=Other"}, user)["request"] != made["request"]
    assert control.failure("key.generate", {"algorithm": "P-256"}, {"user_pin": admin["admin_pin"]}) == "pin_wrong"
    assert control.call("certificate.remove", {"id": made["id"]}, user) == {}
    assert control.failure("certificate.remove", {"id": made["id"]}, user) == "not_found"
    assert control.call("token.setLabel", {"label": "Mine"}, admin) == {} and control.call("token.info")["label"] == "Mine"
    assert control.failure("token.setLabel", {"label": "No"}, {"admin_pin": user["user_pin"]}) == "pin_wrong"
    assert control.failure("key.generate", {"algorithm": "RSA-1024"}, user) == "unsupported_algorithm"
    logged = {entry["operation"]: entry.get("detail") for entry in control.call("log.read", {"limit": 100})["entries"] if entry.get("decision") == "allowed"}
    assert logged["key.generate"] == logged["key.request"] == logged["certificate.remove"] == made["id"]  # which key it was about


def test_cancelled_file_work(control, sandbox):
    """work on a file ends half way when it is cancelled, and is answered once"""
    source, target = sandbox.base / "large", sandbox.base / "sealed"
    with acting_as():
        source.touch()
        os.truncate(source, 4 << 30)
        files = {"input": os.open(source, os.O_RDONLY), "output": os.open(target, os.O_RDWR | os.O_CREAT, 0o600)}
    try:
        certificate = next(key["certificate"] for key in control.call("key.list") if "keyEncipherment" in key.get("keyUsage", []))
        number = control.begin("file.encrypt", {"name": "large", "recipients": [certificate]}, None, files)
        while control.receive().get("method") != "progress":
            pass
        control.send({"jsonrpc": "2.0", "method": "$/cancel", "params": {"id": number}})
        with pytest.raises(RpcError) as failure:
            control.reply_to(number)
        assert failure.value.code == "cancelled" and target.stat().st_size < 4 << 30
        assert control.call("service.status")["running"] is True
    finally:
        for file in files.values():
            os.close(file)
        source.unlink()
        target.unlink()


def test_requests_with_alternative_names(control, sandbox):
    """a request carries the alternative names that were asked for, and a malformed one leaves no key behind [R50] [R126]"""
    user = {"user_pin": user_pin(sandbox)}
    names = [{"kind": "email", "value": "a@example.ir"}, {"kind": "dns", "value": "portal.example"}, {"kind": "ip", "value": "127.0.0.1"}]
    made = control.call("key.generate", {"algorithm": "P-256", "subject": "CN=New", "names": names}, user)
    again = control.call("key.request", {"id": made["id"], "names": names[:1]}, user)
    for request, expected in ((made, ["email:a@example.ir", "DNS:portal.example", "IP Address:127.0.0.1"]), (again, ["email:a@example.ir"])):
        text = subprocess.run(["openssl", "req", "-inform", "DER", "-noout", "-text"], input=base64.b64decode(request["request"]),
                              capture_output=True, check=True, timeout=30).stdout.decode()
        assert ", ".join(expected) in text, text
    keys = len(control.call("key.list"))
    for wrong in ({}, [7], [{"kind": "upn", "value": "x"}], [{"kind": "email"}], [{"kind": "dns", "value": ""}], names * 6):
        assert control.failure("key.generate", {"algorithm": "P-256", "names": wrong}, user) == "invalid_params"
    assert control.failure("key.generate", {"algorithm": "P-256", "names": [{"kind": "ip", "value": "1.2.3"}]}, user) == "malformed_data"
    assert len(control.call("key.list")) == keys


def test_wrong_pin_down_to_blocked_and_back(control, sandbox):
    """five wrong user PINs block; the admin PIN unblocks; the keys stay [R55] [R56] [R152]"""
    left = []
    for _ in range(5):
        number = control.begin("token.verify", {"role": "user"}, {"pin": "000111222"})
        message = control.receive()
        assert message["id"] == number
        left.append((message["error"]["data"]["code"], message["error"]["data"].get("triesLeft")))
    assert [l[1] for l in left[:4]] == [4, 3, 2, 1] and left[4][0] in ("pin_blocked", "pin_wrong")
    assert control.failure("token.verify", {"role": "user"}, {"pin": user_pin(sandbox)}) == "pin_blocked"
    assert control.call("token.unblock", {}, {"admin_pin": sandbox.ready["admin_pin"], "new_user_pin": "83920174"}) == {}
    assert control.call("token.verify", {"role": "user"}, {"pin": "83920174"}) == {}
    assert len(control.call("key.list")) == 4


def test_guessable_pin_needs_a_second_confirmation(control, sandbox):
    """a guessable PIN is accepted only when its reason was confirmed [R42]"""
    secrets = {"pin": user_pin(sandbox), "new_pin": "123456"}
    number = control.begin("token.changePin", {"role": "user"}, secrets)
    reply = control.receive()
    assert reply["id"] == number and reply["error"]["data"]["code"] == "confirmation_needed" and reply["error"]["data"]["reason"]
    assert control.call("token.changePin", {"role": "user", "confirmGuessable": True}, secrets) == {}
    assert control.failure("token.changePin", {"role": "user"}, {"pin": "123456", "new_pin": "12"}) == "pin_invalid"
    assert control.failure("token.changePin", {"role": "boss"}, secrets) == "invalid_params"


def test_reset_names_the_loss(control, sandbox):
    """a reset needs the admin PIN and the number of certificates that the person was told [R51] [R145]"""
    secrets = {"admin_pin": sandbox.ready["admin_pin"], "new_user_pin": "83920174", "new_admin_pin": "newAdmin7x"}
    assert control.failure("token.reset", {}, secrets) == "invalid_params"
    assert control.failure("token.reset", {"confirmLoss": 3}, secrets) == "confirmation_needed"
    assert control.failure("token.reset", {"confirmLoss": 4}, {**secrets, "admin_pin": "wrongOne1"}) == "pin_wrong"
    assert len(control.call("key.list")) == 4
    assert control.call("token.reset", {"confirmLoss": 4}, secrets) == {}
    assert control.call("key.list") == []
    assert control.call("token.verify", {"role": "user"}, {"pin": "83920174"}) == {}


def test_descriptors_must_be_files(control, sandbox):
    """a pipe, a directory or a missing descriptor is refused for a file job; so is an unreadable one"""
    with acting_as():
        path = sandbox.base / "input"
        path.write_bytes(b"text")
        readable = os.open(path, os.O_RDONLY)
        writable = os.open(sandbox.base / "output", os.O_WRONLY | os.O_CREAT, 0o600)
        directory = os.open(sandbox.base, os.O_RDONLY)
    pipe = os.pipe()
    try:
        wrong = [{"input": pipe[0], "output": writable}, {"input": directory, "output": writable}, {"input": readable, "output": readable},
                 {"input": writable, "output": writable}, {"output": writable}, {"input": readable}, {"input": readable, "output": pipe[1]}]
        for descriptors in wrong:
            assert control.failure("file.sign", {"name": "x"}, None, descriptors) == "invalid_params"
        assert control.failure("file.sign", {"name": ""}, None, {"input": readable, "output": writable}) == "invalid_params"
    finally:
        for descriptor in (readable, writable, directory, *pipe):
            os.close(descriptor)


def test_no_success_without_a_line(build):
    """a change that the activity log did not take is not answered as a success, and says that it was made [T34]"""
    with private_directory() as base, Profile(build, base) as profile:
        profile.start()
        activity = profile.state / "activity"
        activity.chmod(0o500)  # there is no file yet
        with profile.connect() as control:
            with pytest.raises(RpcError) as refused:
                control.call("token.initialise", {"label": "Mine"}, {"user_pin": "83920174", "admin_pin": "newAdmin7x"})
            assert refused.value.data == {"code": "internal_error", "reason": "done_but_not_logged"}
            assert control.call("token.info")["state"] == "initialised"
            with pytest.raises(RpcError) as refused:
                control.call("site.set", {"origin": "https://portal.example", "access": "allow"})
            assert refused.value.data == {"code": "internal_error", "reason": "done_but_not_logged"}
            activity.chmod(0o700)
            assert control.call("token.verify", {"role": "user"}, {"pin": "83920174"}) == {}
            assert control.call("log.verify")["intact"] is True
