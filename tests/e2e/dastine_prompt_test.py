# SPDX-License-Identifier: Apache-2.0
"""/dastine with the person in it: prompts, selections and their sessions."""
import asyncio
import json
import os
import time

import pytest
from dastine import INFO, DastinePage
from harness import b64, openssl, pem_of, run, unb64


@pytest.mark.parametrize("attach", [True, False])
def test_large_cms(sandbox, attach):
    """a document of twenty MiB in small fragments is signed, and openssl verifies what comes back [R190] [R192]"""
    content = os.urandom(1024 * 1024) * 20
    text = b64(content)

    async def body():
        async with DastinePage(sandbox) as page:
            await page.select()

            async def fragments():
                yield '{"command":"CmsSign","src":"dastine.js","data":"'
                for at in range(0, len(text), 50_000):
                    yield text[at:at + 50_000]
                yield f'","attach":{json.dumps(attach)},"hash":"SHA256","info":"{INFO}"}}'
            await page.socket.send(fragments())
            cms = unb64(await page.reply("CmsSign", 120))
            assert (len(cms) > len(content)) == attach
            detached = [] if attach else ["-content", "doc"]
            verdict = openssl("cms", "-verify", "-inform", "DER", "-in", "cms", "-binary", "-noverify", "-out", "out", *detached, files={"cms": cms, "doc": content})
            assert verdict.out == content
            await page.quiet()
    run(body())


def test_closing_a_page_ends_its_prompt(start):
    """a page that goes away takes its prompt with it, and another page's command goes on [R190]"""
    sandbox = start(script=[{"decision": "allow", "delay_ms": 60000}, {"decision": "allow"}])

    async def body():
        async with DastinePage(sandbox) as stays:
            async with DastinePage(sandbox) as leaves:
                await leaves.send("SelectCertificateFromTokenByUI", issuer="", keyUsages="")
                await asyncio.sleep(0.5)
                await stays.send("SelectCertificateFromTokenByUI", issuer="", keyUsages="")
            assert await stays.reply("SelectCertificateFromTokenByUI", 20) == "0"
    run(body())


def test_tabs_are_asked_one_after_the_other(start):
    """three tabs of one site that ask at the same moment all get their selection and their own signature, one prompt after the other [R188] [R190]"""
    sandbox = start(script=[{"decision": "allow", "delay_ms": 300}])

    async def sign(page, text):
        await page.select()
        return unb64(await page.call("CmsSign", data=b64(text), attach=True, hash="SHA256"))

    async def body():
        async with DastinePage(sandbox, info="tabA") as one, DastinePage(sandbox, info="tabB") as two, DastinePage(sandbox, info="tabC") as three:
            begun = time.monotonic()
            signed = await asyncio.gather(sign(one, "tab A"), sign(two, "tab B"), sign(three, "tab C"))
            assert time.monotonic() - begun >= 6 * 0.3, "two prompts were open at the same time"
            for cms, content in zip(signed, (b"tab A", b"tab B", b"tab C")):
                assert openssl("cms", "-verify", "-inform", "DER", "-in", "cms", "-noverify", "-out", "out", files={"cms": cms}).out == content
    run(body())


def test_reset_takes_out_what_waits_for_another_tab(start):
    """a tab that calls Reset while another tab is asked gets 18 for what it had waiting, at once, and no prompt for it [R190]"""
    sandbox = start(script=[{"decision": "allow", "delay_ms": 2000}, {"decision": "allow"}, {"decision": "deny"}])

    async def body():
        async with DastinePage(sandbox, info="tabA") as one, DastinePage(sandbox, info="tabB") as two:
            await one.send("SelectCertificateFromTokenByUI", issuer="", keyUsages="")
            assert await one.call("GetVersion") == "5.8.38.0"
            await two.send("SelectCertificateFromTokenByUI", issuer="", keyUsages="")
            assert await two.call("GetSelectedCertificate") == "11"
            await two.send("Reset")
            assert await two.reply("SelectCertificateFromTokenByUI") == "18"
            assert await two.reply("Reset") == "0"
            assert one.replies.empty()
            assert await one.reply("SelectCertificateFromTokenByUI") == "0"
            # No other prompt took the next answer of the script.
            await two.select()
            await two.quiet()
    run(body())


def test_large_decryption(sandbox):
    """an envelope of twenty MiB that an old library sealed is opened without a selection, and the content comes back whole [R190] [R192]"""
    content = os.urandom(1024 * 1024) * 20

    async def body():
        async with DastinePage(sandbox) as page:
            assert await page.call("SelectCertificateFromWindowsByUI", issuer="", keyUsages="keyEncipherment") == "0"
            certificate = await page.call("GetSelectedCertificate")
            envelope = openssl("cms", "-encrypt", "-binary", "-outform", "DER", "-des3", "-in", "doc", "-out", "out", "cert", files={"doc": content, "cert": pem_of(certificate)}).out
            assert await page.call("Reset") == "0"
            assert unb64(await page.call("CmsDecrypt", 120, cipher=b64(envelope))) == content
            spoilt = envelope[:-200] + bytes(200)
            assert await page.call("CmsDecrypt", 120, cipher=b64(spoilt)) == "60"
            await page.quiet()
    run(body())


def test_secrets_in_messages(start):
    """PINs, passwords, configurations and data of messages reach no log [T16] [T32]"""
    sandbox = start(consent="allow")
    canaries = ["c4n4ryPIN", "c4n4ryPassword", "c4n4ryConfig", "c4n4ryData0", "c4n4ryToken"]

    async def body():
        async with DastinePage(sandbox) as page:
            pin, password, config, data, token = canaries
            assert await page.call("SetPIN", pin=pin, token=token) == "79"
            assert await page.call("SetAdminKey", adminKey=pin, token=token) == "19"
            assert await page.call("NIDChangePIN", cardReader="x", pinType="1", oldPIN=pin, newPIN=pin) == "200"
            assert await page.call("NIDSetDSAuthToken", token=token) == "200"
            assert await page.call("SetConfig", config=f"<NId><Password>{config}</Password></NId>") == "0"
            assert await page.call("SetPINGuide", pinGuide=pin) == "0"
            assert await page.call("Sign", data=b64(data), hash="SHA256") == "11"
            assert await page.call("CmsDecrypt", cipher=b64(data)) == "60"
            assert await page.call("Unknown" + pin, data=data) == "78"
            await page.call("SelectCertificateFromFileByUI", p12=b64(data), password=password)
    run(body())
    log = sandbox.log()
    assert not [canary for canary in canaries for text in (canary, b64(canary)) if text in log]
