# SPDX-License-Identifier: Apache-2.0
"""What the person decides, and what must not happen without it."""
import asyncio
import json

import pytest
import websockets
from harness import ORIGIN, RpcError, b64, document, run

CALLS = {
    "certificates.select": {"purpose": "sign"}, "certificates.list": {}, "auth.authenticate": {"challenge": b64(b"c" * 32)},
    "sign.raw": {"document": document("x")}, "sign.cms": {"document": document("x")},
    "sign.batch": {"format": "raw", "items": [{"id": "1", "document": document("x")}]},
    "encrypt.cms": {"document": document("x"), "recipients": [b64(b"x")]}, "decrypt.cms": {"cms": b64(b"x")},
    "keys.generate": {}, "certificates.import": {"certificate": b64(b"x")}, "verify": {"cms": b64(b"x")},
    "stream.open": {"direction": "upload"},
}


def test_nothing_before_a_grant(start):
    """before a grant every method but two answers origin_denied, alike [R187] [T01] [T13]"""
    sandbox = start(consent="deny")

    async def body():
        async with sandbox.page() as page:
            info = await page.call("service.info")
            assert info["access"] == "undecided" and "token" not in info and "limits" not in info
            answers = set()
            for method, params in CALLS.items():
                with pytest.raises(RpcError) as error:
                    await page.call(method, **params)
                answers.add((error.value.code, error.value.error["message"]))
            assert len(answers) == 1 and answers.pop()[0] == "origin_denied"
            with pytest.raises(RpcError) as error:
                await page.call("service.requestAccess")
            assert error.value.code == "user_cancelled"
    run(body())


def test_deny(start):
    """a denial signs nothing, and the log says who asked [R188] [T34]"""
    sandbox = start(script=[{"decision": "allow", "expect": {"kind": "access"}}, {"decision": "deny", "expect": {"kind": "sign"}}])

    async def body():
        async with sandbox.page() as page:
            await page.grant()
            with pytest.raises(RpcError) as error:
                await page.call("sign.cms", document=document("x", "contract.txt"))
            assert error.value.code == "user_cancelled"
    run(body())
    log = json.loads(sandbox.mohr("log", "show", "--json").stdout)
    entry = next(e for e in log if e.get("operation") == "sign")
    assert entry["origin"] == ORIGIN and entry["decision"] == "denied" and entry["documents"][0]["name"] == "contract.txt"


def test_remembering_never_covers_keys(start):
    """a remembered grant spares the site question and never a key use [R187] [R188] [T11]"""
    sandbox = start(script=[{"decision": "allow", "remember": True, "expect": {"kind": "access"}},
                            {"decision": "allow", "pin": "right", "remember": True, "expect": {"kind": "sign"}},
                            {"decision": "deny", "expect": {"kind": "sign"}}])

    async def body():
        async with sandbox.page() as page:
            await page.grant()
            await page.call("sign.raw", document=document("first"))
        async with sandbox.page() as page:
            assert (await page.call("service.info"))["access"] == "granted"
            with pytest.raises(RpcError) as error:
                await page.call("sign.raw", document=document("second"))
            assert error.value.code == "user_cancelled"
        sandbox.mohr("site", "forget", ORIGIN)
        async with sandbox.page() as page:
            assert (await page.call("service.info"))["access"] == "undecided"
    run(body())


def test_wrong_pin_to_blocked(start):
    """five wrong PINs block the token; each answer tells the tries left; the admin PIN unblocks [R55] [R56]"""
    sandbox = start(script=[{"decision": "allow", "expect": {"kind": "access"}}, {"decision": "allow", "pin": "wrong"}])

    async def body():
        async with sandbox.page() as page:
            await page.grant()
            with pytest.raises(RpcError) as error:
                await page.call("sign.raw", document=document("x"))
            assert error.value.code in ("pin_wrong", "pin_blocked")
            for _ in range(5):
                if error.value.code == "pin_blocked":
                    break
                with pytest.raises(RpcError) as error:
                    await page.call("sign.raw", document=document("x"))
            assert error.value.code == "pin_blocked"
    run(body())
    info = json.loads(sandbox.mohr("token", "info", "--json").stdout)
    assert info["user"]["triesLeft"] == 0
    sandbox.mohr("token", "unblock", secrets=[sandbox.ready["admin_pin"], "73910462"])
    info = json.loads(sandbox.mohr("token", "info", "--json").stdout)
    assert info["user"]["triesLeft"] == 5


def test_cancel(start):
    """a cancelled request gets one reply and no signature, and the next one works [R16] [R188]"""
    sandbox = start(script=[{"decision": "allow", "expect": {"kind": "access"}}, {"decision": "allow", "pin": "right", "delay_ms": 3000},
                            {"decision": "allow", "pin": "right", "delay_ms": 0}])

    async def body():
        async with sandbox.page() as page:
            await page.grant()
            number, reply, sending = page.begin("sign.raw", document=document("x"))
            await sending
            await page.wait_for(lambda: any(n["method"] == "consent.pending" and n["params"]["state"] == "shown" for n in page.notifications))
            await page.notify("$/cancel", id=number)
            with pytest.raises(RpcError) as error:
                await asyncio.wait_for(reply, 2)
            assert error.value.code == "cancelled"
            await page.call("sign.raw", document=document("y"))
            await asyncio.sleep(3.5)  # the first answer would be due: a second reply would fail the page's reader
            await page.call("service.info")
    run(body())


def test_page_gone_during_prompt(start):
    """a prompt dies with its connection and signs nothing [T20]"""
    sandbox = start(script=[{"decision": "allow", "expect": {"kind": "access"}}, {"decision": "allow", "pin": "right", "delay_ms": 1500},
                            {"decision": "allow", "pin": "right", "delay_ms": 0}])

    async def body():
        async with sandbox.page() as page:
            await page.grant()
            _, reply, sending = page.begin("sign.raw", document=document("x", "orphan.txt"))
            await sending
            await page.wait_for(lambda: any(n["method"] == "consent.pending" for n in page.notifications))
            reply.cancel()
        await asyncio.sleep(2)
        async with sandbox.page() as page:
            await page.grant() if (await page.call("service.info"))["access"] != "granted" else None
            await page.call("sign.raw", document=document("y"))
    run(body())
    log = json.loads(sandbox.mohr("log", "show", "--json").stdout)
    orphan = [e for e in (log["entries"] if isinstance(log, dict) else log) if "orphan.txt" in json.dumps(e)]
    assert all("allow" not in json.dumps(e).lower() for e in orphan)


def test_silence(start):
    """refused prompts silence an origin for a while, which the person can lift [T15]"""
    sandbox = start(script=[{"decision": "deny"}])

    async def body():
        async with sandbox.page() as page:
            for _ in range(2):
                with pytest.raises(RpcError) as error:
                    await page.call("service.requestAccess")
                assert error.value.code == "user_cancelled"
            for _ in range(20):
                with pytest.raises(RpcError) as error:
                    await page.call("service.requestAccess")
                assert error.value.code == "origin_denied"
            assert error.value.data["retryAfter"] > 0
            async with sandbox.page("https://other.example") as other:
                assert (await other.call("service.info"))["access"] == "undecided"
    run(body())
    sites = json.loads(sandbox.mohr("site", "list", "--json").stdout)
    assert any(s.get("silencedUntil") for s in (sites["sites"] if isinstance(sites, dict) else sites))


def test_silence_of_a_granted_site(start):
    """a site that has access learns that its prompts are refused for now, and keeps what needs none [T15]"""
    sandbox = start(script=[{"decision": "allow", "expect": {"kind": "access"}}, {"decision": "deny", "expect": {"kind": "sign"}}])

    async def body():
        async with sandbox.page() as page:
            await page.grant()
            for _ in range(2):
                with pytest.raises(RpcError):
                    await page.call("sign.raw", document=document("x"))
            info = await page.call("service.info")
            assert info["access"] == "silenced" and info["token"] == "initialised"
            assert [n["params"]["access"] for n in page.notifications if n["method"] == "access.changed"] == ["granted", "silenced"]
            with pytest.raises(RpcError) as error:
                await page.call("sign.raw", document=document("x"))
            assert error.value.code == "origin_denied" and error.value.data["retryAfter"] > 0
            assert (await page.call("stream.open", direction="upload"))["stream"]
    run(body())


def test_no_agent(start):
    """without anybody to ask the answer says so [R188]"""
    sandbox = start()

    async def body():
        async with sandbox.page() as page:
            with pytest.raises(RpcError) as error:
                await page.call("service.requestAccess")
            assert error.value.code == "no_agent"
    run(body())


def test_toggle(start):
    """the toggle refuses connections within two seconds and remembers; the control socket stays [R13] [R15] [R16] [R17]"""
    sandbox = start(consent="allow")

    async def body():
        async with sandbox.page() as page:
            await page.call("service.info")
            sandbox.mohr("stop")
            await asyncio.wait_for(page.socket.wait_closed(), 2)
            assert page.socket.close_code == 1001
        with pytest.raises(OSError):
            async with sandbox.page():
                pass
        assert json.loads(sandbox.mohr("status", "--json").stdout)["running"] is False
        sandbox.mohr("start")
        async with sandbox.page() as page:
            await page.call("service.info")
        sandbox.mohr("stop")
        sandbox.stop()
        sandbox.start()
        with pytest.raises(OSError):
            async with sandbox.page():
                pass
        sandbox.mohr("start")
        async with sandbox.page() as page:
            await page.call("service.info")
    run(body())


def test_stop_with_a_prompt_open(start):
    """stopping the daemon with a prompt open answers the request and ends in time [R16]"""
    sandbox = start(script=[{"decision": "allow", "delay_ms": 30000}])

    async def body():
        async with sandbox.page() as page:
            _, reply, sending = page.begin("service.requestAccess")
            await sending
            await page.wait_for(lambda: any(n["method"] == "consent.pending" for n in page.notifications))
            ended = asyncio.get_running_loop().run_in_executor(None, sandbox.stop)
            with pytest.raises((RpcError, ConnectionError)):
                await asyncio.wait_for(reply, 5)
            assert await asyncio.wait_for(ended, 8) == 0
    run(body())


def test_origins(sandbox):
    """origins that are none, opaque, foreign or doubled are refused with an empty 403 [T01] [T02] [T03]"""
    async def body():
        for origin in (None, "null", "file://", "data:text/html,x", "chrome-extension://abcdefgh", "moz-extension://1-2", "about:blank",
                       "https://portal.example/", "https://portal.example.", "https://user@portal.example", "https://PORTAL.example",
                       "ftp://portal.example", "https://", "https://a b", "https://portal.example:99999", "http://portal.example"):
            with pytest.raises(websockets.InvalidStatusCode) as error:
                async with sandbox.page(origin):
                    pass
            assert error.value.status_code == 403, origin
        for host in (f"localhost:{sandbox.port}", f"rebind.test:{sandbox.port}", f"0.0.0.0:{sandbox.port}", "127.0.0.1"):
            with pytest.raises(websockets.InvalidStatusCode):
                async with sandbox.page(headers={"Host": host}):
                    pass
    run(body())
