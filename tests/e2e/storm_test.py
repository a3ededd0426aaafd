# SPDX-License-Identifier: Apache-2.0
"""All that one daemon does on several threads, at the same time: what a thread sanitizer has to see together."""
import asyncio
import json

from harness import b64, document, openssl, run, unb64

SECONDS = 6
# A site has one prompt at a time.
SIGNING = [(f"https://portal{number}.example", ("RSA-2048", "P-256")[number % 2]) for number in range(6)]


async def sign(sandbox, origin, key, until, verified):
    """One page that signs alone and in lists until the time is over; the first and every twentieth signature is verified."""
    loop, made = asyncio.get_running_loop(), 0
    async with sandbox.page(origin) as page:
        await page.grant()
        certificate = await page.certificate(key)
        public = openssl("x509", "-inform", "DER", "-in", "cert", "-noout", "-pubkey", "-out", "out",
                         files={"cert": unb64(certificate["certificate"])}).out
        while loop.time() < until:
            text = f"{origin} {key} {made}"
            items = [{"id": str(i), "document": document(text, f"{i}.txt")} for i in range(8)]
            many = await page.call("sign.batch", format="cms", items=items, certificate=certificate["handle"])
            assert [result["id"] for result in many["results"]] == [item["id"] for item in items]
            one = await page.call("sign.raw", document=document(text), certificate=certificate["handle"])
            if made % 20 == 0:
                openssl("dgst", "-sha256", "-verify", "key", "-signature", "sig", "doc",
                        files={"key": public, "sig": unb64(one["signature"]), "doc": text.encode()})
                verified.append(key)
            made += 1
    return made


async def seal(sandbox, until):
    loop, made = asyncio.get_running_loop(), 0
    async with sandbox.page("https://sealing.example") as page:
        await page.grant()
        recipient = (await page.certificate("RSA-2048", "keyEncipherment"))["certificate"]
        while loop.time() < until:
            text = f"sealed {made}"
            sealed = await page.call("encrypt.cms", document=document(text), recipients=[recipient])
            opened = await page.call("decrypt.cms", cms=sealed["cms"])
            assert opened["data"] == b64(text)
            made += 1
    return made


async def command(sandbox, until, pause, *arguments):
    loop, outputs = asyncio.get_running_loop(), []
    while loop.time() < until:
        outputs.append((await asyncio.to_thread(sandbox.mohr, *arguments)).stdout)
        await asyncio.sleep(pause)
    return outputs


async def come_and_go(sandbox, until):
    """A page that leaves while its list is being signed."""
    loop, left = asyncio.get_running_loop(), 0
    while loop.time() < until:
        async with sandbox.page(f"https://leaving{left}.example") as page:
            await page.grant()
            certificate = await page.certificate("RSA-2048")
            items = [{"id": str(i), "document": document("gone", f"{i}.txt")} for i in range(40)]
            _, _, sending = page.begin("sign.batch", format="raw", items=items, certificate=certificate["handle"])
            await sending
            await asyncio.sleep(0.02 * (left % 5))
        left += 1
    return left


def test_all_at_once(start):
    """pages sign, seal and leave while commands lock the token and read the log, and the log is whole at the end [R188] [R192] [T34]"""
    sandbox = start(consent="allow")

    async def body():
        until = asyncio.get_running_loop().time() + SECONDS
        verified = []
        done = await asyncio.gather(
            *(sign(sandbox, origin, key, until, verified) for origin, key in SIGNING),
            seal(sandbox, until), come_and_go(sandbox, until), command(sandbox, until, 1.5, "token", "lock"),
            command(sandbox, until, 0.05, "log", "verify", "--json"), command(sandbox, until, 0.05, "log", "show", "--json"),
            command(sandbox, until, 0.05, "token", "info", "--json"))
        assert all(done), done
        assert set(verified) == {"RSA-2048", "P-256"}
        assert all(json.loads(output)["intact"] for output in done[9])
        return done
    run(body())
    assert json.loads(sandbox.mohr("log", "verify", "--json").stdout)["intact"] is True
