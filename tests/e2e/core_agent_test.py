# SPDX-License-Identifier: Apache-2.0
"""The terminal agent: only a terminal, only one, every change written down (design rule 2)."""
import json
import os
import shutil
import subprocess

import pytest
from core_harness import Agent, Control, free_ports
from harness import RUNNER, as_user, document, eventually, run, runner_ids


@pytest.fixture
def plain(start):
    """A sandbox that asks an agent, as a real profile does."""
    return start(consent=None)


def agent_log(sandbox):
    with Control(sandbox.ready["control"]) as control:
        return [(e["operation"], e["decision"], e.get("detail", "")) for e in control.call("log.read")["entries"]
                if e["operation"].startswith("agent.")]


def test_needs_a_terminal(plain):
    """a process without a terminal cannot become the agent, and the attempt is written down [T16]"""
    with Agent(plain.ready["control"], terminal=False) as agent:
        assert agent.registered() == "no_terminal"
    with Agent(plain.ready["control"]) as agent:
        assert agent.registered() is None
    assert agent_log(plain)[:2] == [("agent.register", "denied", "no_terminal"), ("agent.register", "allowed", "terminal")]


def test_second_agent_is_refused(plain):
    """a second agent cannot take the first one's place; when the first goes another may come"""
    with Agent(plain.ready["control"]) as first:
        assert first.registered() is None
        with Agent(plain.ready["control"]) as hostile:
            assert hostile.registered() == "agent_exists"
        with Control(plain.ready["control"]) as control:
            assert control.call("service.status")["agent"] == "terminal"
    with Control(plain.ready["control"]) as control:
        eventually(lambda: control.call("service.status")["agent"] == "none")
    with Agent(plain.ready["control"]) as second:
        assert second.registered() is None
    told = agent_log(plain)
    assert told[:4] == [("agent.register", "allowed", "terminal"), ("agent.register", "denied", "agent_exists"),
                        ("agent.unregister", "allowed", ""), ("agent.register", "allowed", "terminal")]


def test_scripted_consent_cannot_be_displaced(sandbox):
    """no agent can register where consent is scripted"""
    with Agent(sandbox.ready["control"]) as agent:
        assert agent.registered() == "agent_exists"


def test_subscribers_hear_of_the_agent(plain):
    """every change of the agent is shown to subscribers"""
    with Control(plain.ready["control"]) as control:
        control.call("service.subscribe")
        with Agent(plain.ready["control"]) as agent:
            assert agent.registered() is None
            while control.receive()["method"] != "agent.changed":
                pass
        while control.receive()["method"] != "agent.changed":
            pass


def test_no_agent(plain):
    """without an agent a request says so"""
    async def body():
        async with plain.page() as page:
            with pytest.raises(Exception) as refused:
                await page.grant()
            assert refused.value.code == "no_agent"
    run(body())


def test_agent_answers(plain):
    """the agent sees who asks for what, and its answer with the PIN makes the signature; a wrong PIN asks again"""
    pin = plain.ready["user_pin"]

    async def body(agent):
        async with plain.page() as page:
            _, granted, sending = page.begin("service.requestAccess")
            await sending
            shown = agent.next()["params"]
            assert shown["kind"] == "access" and shown["origin"] == "https://portal.example"
            agent.answer(decision="allow")
            assert (await granted)["access"] == "granted"
            _, signed, sending = page.begin("sign.raw", document=document("what is signed"))
            await sending
            shown = agent.next()["params"]
            assert shown["kind"] == "sign" and shown["documents"][0]["preview"] == "what is signed" and shown["pin"]["needed"]
            chosen = next(c["id"] for c in shown["certificates"] if c["usable"])
            agent.answer(decision="allow", certificate=chosen, secrets={"user_pin": "000000"})
            again = agent.next()["params"]
            assert again["pin"]["lastWrong"] is True and again["pin"]["triesLeft"] == 4 and again["prompt"] != shown["prompt"]
            agent.answer(decision="allow", certificate=chosen, secrets={"user_pin": pin})
            assert (await signed)["signature"]
    with Agent(plain.ready["control"]) as agent:
        assert agent.registered() is None
        run(body(agent))
    assert pin not in plain.log()


@pytest.mark.parametrize("answer", [{"decision": "deny"}, {"decision": "maybe"}, {"decision": "allow", "unknown": 1}, {}])
def test_only_a_clear_yes_is_one(plain, answer):
    """a refusal, and anything that is no answer, is a no"""
    async def body(agent):
        async with plain.page() as page:
            _, granted, sending = page.begin("service.requestAccess")
            await sending
            assert agent.next()["params"]["kind"] == "access"
            agent.answer(**answer)
            with pytest.raises(Exception) as refused:
                await granted
            assert refused.value.code == "user_cancelled"
    with Agent(plain.ready["control"]) as agent:
        assert agent.registered() is None
        run(body(agent))


def test_agent_that_goes_during_a_prompt(plain):
    """an agent that goes while it asks leaves no request hanging"""
    async def body(agent):
        async with plain.page() as page:
            _, granted, sending = page.begin("service.requestAccess")
            await sending
            assert agent.next()["params"]["kind"] == "access"
            agent.end()
            with pytest.raises(Exception) as refused:
                await granted
            assert refused.value.code == "no_agent"
    with Agent(plain.ready["control"]) as agent:
        assert agent.registered() is None
        run(body(agent))


def test_prompt_dies_with_its_connection(plain):
    """a prompt is closed when the page that asked is gone [T13]"""
    async def body(agent):
        async with plain.page() as page:
            _, _, sending = page.begin("service.requestAccess")
            await sending
            shown = agent.next()
            assert shown["method"] == "prompt.show"
        return shown["params"]["prompt"]
    with Agent(plain.ready["control"]) as agent:
        assert agent.registered() is None
        prompt = run(body(agent))

        os.write(agent.commands, b"null\n")
        closed = agent.next()
        assert closed["method"] == "prompt.close" and closed["params"] == {"prompt": prompt, "reason": "gone"}, json.dumps(closed)


# Its head names the daemon's own port, also where it comes through another: as a forwarded one does that has the same number on its own machine.
PAGE = """
import asyncio, json, socket, sys, urllib.parse, websockets
async def main():
    way = socket.create_connection(('127.0.0.1', int(sys.argv[2]) if len(sys.argv) > 2 else urllib.parse.urlsplit(sys.argv[1]).port))
    async with websockets.connect(sys.argv[1], sock=way, origin='https://portal.example', subprotocols=['mohr.v1'], compression=None) as page:
        await page.send(json.dumps({'jsonrpc': '2.0', 'id': 1, 'method': 'service.requestAccess', 'params': {}}))
        while 'method' in (message := json.loads(await page.recv())): pass
        print(json.dumps(message), flush=True)
asyncio.run(main())
"""


def test_program_is_shown(plain):
    """the prompt names the program behind the connection, and that it is no browser that we know [T27] [T35]"""
    with Agent(plain.ready["control"]) as agent:
        assert agent.registered() is None
        page = subprocess.Popen(as_user(["/usr/bin/python3", "-c", PAGE, plain.ready["ws"]]), stdout=subprocess.PIPE, text=True)
        shown = agent.next()["params"]
        path = os.path.realpath("/usr/bin/python3")
        assert shown["program"] == {"name": os.path.basename(path), "path": path, "pid": page.pid, "knownBrowser": False}
        agent.answer(decision="allow")
        assert json.loads(page.communicate(timeout=20)[0])["result"] == {"access": "granted"}


def relay(user, target):
    """socat of that user in front of the port, and its own port."""
    (port,) = free_ports(1)
    process = subprocess.Popen(as_user(["socat", f"TCP4-LISTEN:{port},bind=127.0.0.1,reuseaddr", f"TCP4:127.0.0.1:{target}"], user))
    eventually(lambda: f"127.0.0.1:{port} " in subprocess.run(["ss", "-Hltn"], capture_output=True, text=True, check=True).stdout)
    return process, port


def test_a_relay_is_shown(plain):
    """through a relay of the same user the prompt names the relay [T35]"""
    process, port = relay(RUNNER, plain.port)
    try:
        with Agent(plain.ready["control"]) as agent:
            assert agent.registered() is None
            page = subprocess.Popen(as_user(["/usr/bin/python3", "-c", PAGE, plain.ready["ws"], str(port)]), stdout=subprocess.PIPE, text=True)
            shown = agent.next()["params"]
            assert shown["origin"] == "https://portal.example"
            path = os.path.realpath(shutil.which("socat"))
            assert shown["program"] == {"name": os.path.basename(path), "path": path, "pid": process.pid, "knownBrowser": False}
            agent.answer(decision="deny")
            assert json.loads(page.communicate(timeout=20)[0])["error"]["data"]["code"] == "user_cancelled"
    finally:
        process.terminate()
        process.wait(5)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to act as a second user")
def test_a_relay_of_another_user_is_refused(plain):
    """through a relay of another user nothing is answered, and nobody is asked [T24] [T35]"""
    runner_ids("mohr-other")
    process, port = relay("mohr-other", plain.port)
    try:
        with Agent(plain.ready["control"]) as agent:
            assert agent.registered() is None
            page = subprocess.run(as_user(["/usr/bin/python3", "-c", PAGE, plain.ready["ws"], str(port)]), capture_output=True, text=True, timeout=20)
            assert page.returncode != 0 and page.stdout == "" and "InvalidMessage" in page.stderr, page.stderr
            with Control(plain.ready["control"]) as control:
                assert control.call("service.status")["asking"] is None
    finally:
        process.terminate()
        process.wait(5)
