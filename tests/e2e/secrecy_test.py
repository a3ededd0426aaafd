# SPDX-License-Identifier: Apache-2.0
"""Envelopes, with the openssl command at the other end."""
import contextlib
import hashlib
import os
import pathlib

import pytest
from harness import RpcError, b64, document, openssl, pem_of, run, unb64

TEXT = "راز — a secret of some length\n" * 20


@pytest.mark.parametrize("key, usage", [("RSA-2048", "keyEncipherment"), ("P-256", "keyAgreement")])
def test_round_trip(sandbox, key, usage):
    """an envelope sealed here opens here, after consent and PIN [R3] [R186]"""
    async def body():
        async with sandbox.page() as page:
            await page.grant()
            certificate = await page.certificate(key, usage)
            sealed = await page.call("encrypt.cms", document=document(TEXT, "secret.txt"), recipients=[certificate["certificate"]])
            printed = openssl("cms", "-cmsout", "-print", "-inform", "DER", "-in", "cms", files={"cms": unb64(sealed["cms"])}).stdout
            assert b"id-smime-ct-authEnvelopedData" in printed
            opened = await page.call("decrypt.cms", cms=sealed["cms"], name="secret.txt")
            assert unb64(opened["data"]).decode() == TEXT and opened["authenticated"] is True
    run(body())


@pytest.mark.parametrize("key, usage", [("RSA-2048", "keyEncipherment"), ("P-256", "keyAgreement")])
@pytest.mark.parametrize("cipher, options", [("-aes-256-gcm", []), ("-aes-256-cbc", []), ("-aes-128-cbc", []),
                                             ("-aes-256-gcm", ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"])])
def test_from_openssl(sandbox, key, usage, cipher, options):
    """an envelope made by openssl cms opens here, and says whether it was tamper-proof [R3] [T22]"""
    if key == "P-256" and options:
        pytest.skip("OAEP is for RSA")

    async def body():
        async with sandbox.page() as page:
            await page.grant()
            certificate = await page.certificate(key, usage)
            envelope = openssl("cms", "-encrypt", "-binary", "-stream", "-outform", "DER", cipher, "-in", "doc", "-out", "out", "-recip", "cert", *options,
                               files={"doc": TEXT.encode(), "cert": pem_of(certificate["certificate"])}).out
            opened = await page.call("decrypt.cms", cms=b64(envelope))
            assert unb64(opened["data"]).decode() == TEXT
            assert opened["authenticated"] is ("gcm" in cipher)
    run(body())


def test_to_openssl(sandbox):
    """an envelope sealed here to a key of openssl's opens with openssl cms [R3]"""
    async def body():
        import pathlib, subprocess, tempfile
        with tempfile.TemporaryDirectory() as d:
            subprocess.run("openssl req -x509 -newkey rsa:2048 -nodes -keyout key -subj /CN=Receiver -addext keyUsage=critical,keyEncipherment -days 2 -outform DER -out cert.der && "
                           "openssl x509 -inform DER -in cert.der -out cert.pem", shell=True, cwd=d, check=True, capture_output=True)
            async with sandbox.page() as page:
                await page.grant()
                sealed = await page.call("encrypt.cms", document=document(TEXT), recipients=[b64(pathlib.Path(d, "cert.der").read_bytes())])
            pathlib.Path(d, "cms").write_bytes(unb64(sealed["cms"]))
            opened = subprocess.run("openssl cms -decrypt -binary -inform DER -in cms -recip cert.pem -inkey key", shell=True, cwd=d, check=True, capture_output=True)
            assert opened.stdout.decode() == TEXT
    run(body())


def test_damaged(sandbox):
    """every damaged envelope gives the same error, and no byte of plaintext [T21] [T22]"""
    async def body():
        async with sandbox.page() as page:
            await page.grant()
            certificate = await page.certificate("RSA-2048", "keyEncipherment")
            sealed = unb64((await page.call("encrypt.cms", document=document(TEXT), recipients=[certificate["certificate"]]))["cms"])
            answers = {}
            for position in range(len(sealed) - 60, len(sealed)):
                damaged = bytearray(sealed)
                damaged[position] ^= 1
                with pytest.raises(RpcError) as error:
                    await page.call("decrypt.cms", cms=b64(bytes(damaged)))
                shown = {**error.value.error, "data": {k: v for k, v in error.value.data.items() if k != "id"}}
                answers.setdefault(error.value.code, []).append(str(shown))
            # A damaged frame of the structure may be named as such; what is inside it may not.
            assert set(answers) <= {"decryption_failed", "malformed_data"}
            assert len(answers["decryption_failed"]) >= 40 and len(set(answers["decryption_failed"])) == 1
            assert not page.binary
    run(body())


def files_without_a_name(pid):
    """Those of the process that are on a disk: each one's facts and where it can be read."""
    for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            target = os.readlink(descriptor)
            if target.endswith(" (deleted)") and not target.startswith("/memfd:"):
                yield descriptor.stat(), descriptor


def test_streams(sandbox):
    """sixty-four MiB are sealed and opened through streams, and what waits on the disk meanwhile has no name and no plaintext [R186] [T22]"""
    block = os.urandom(256 * 1024)
    count = 256

    async def body():
        async with sandbox.page() as page:
            await page.grant()
            certificate = await page.certificate("P-256", "keyAgreement")
            stream, sending = await page.upload((block for _ in range(count)), size=count * len(block))
            _, reply, request = page.begin("encrypt.cms", document={"name": "big.bin", "stream": stream}, recipients=[certificate["certificate"]], output="stream")
            await request
            sealed = []
            import asyncio
            sender = asyncio.create_task(sending)
            result = await asyncio.wait_for(reply, 60)
            await page.download(result["stream"], sealed.append)
            await sender
            envelope = b"".join(sealed)
            assert count * len(block) < len(envelope) < count * len(block) + 8192
            pieces = [envelope[i:i + 262144] for i in range(0, len(envelope), 262144)]
            stream, sending = await page.upload(pieces, size=len(envelope))
            _, reply, request = page.begin("decrypt.cms", stream=stream, name="big.bin", output="stream")
            await request
            sender = asyncio.create_task(sending)
            result = await asyncio.wait_for(reply, 60)
            await sender
            if os.getuid() == 0:
                spools = [(facts, path.read_bytes()) for facts, path in files_without_a_name(sandbox.door_pid)]
                assert any(facts.st_size >= count * len(block) for facts, _ in spools), "the opened content waits on the disk"
                for facts, content in spools:
                    assert facts.st_nlink == 0 and facts.st_mode & 0o7777 == 0o600
                    assert block[:64] not in content and block[-64:] not in content
            digest = hashlib.sha256()
            await page.download(result["stream"], digest.update)
            expected = hashlib.sha256()
            for _ in range(count):
                expected.update(block)
            assert digest.digest() == expected.digest() and result["size"] == count * len(block)
    run(body())
