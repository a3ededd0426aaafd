# SPDX-License-Identifier: Apache-2.0
"""Signatures made through the web API, judged by the openssl command."""
import asyncio
import hashlib
import json
import pathlib
import subprocess
import tempfile

import pytest
from harness import ORIGIN, RpcError, b64, document, openssl, pem_of, published, run, unb64

TEXT = "قرارداد شماره ۷ — a real document\n"


def public_key(certificate):
    return openssl("x509", "-inform", "DER", "-in", "cert", "-noout", "-pubkey", "-out", "out", files={"cert": unb64(certificate["certificate"])}).out


def anchors(sandbox):
    with open(sandbox.ready["ca"], "rb") as file:
        return file.read()


@pytest.mark.parametrize("key, algorithm, arguments", [
    ("RSA-2048", "RSASSA-PKCS1-v1_5-SHA-256", ["-sha256"]),
    ("RSA-2048", "RSASSA-PKCS1-v1_5-SHA-512", ["-sha512"]),
    ("RSA-2048", "RSA-PSS-SHA-256", ["-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"]),
    ("RSA-2048", "RSA-PSS-SHA-384", ["-sha384", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:48"]),
    ("P-256", "ECDSA-SHA-256", ["-sha256"]),
    ("P-256", "ECDSA-SHA-384", ["-sha384"]),
])
def test_raw(sandbox, key, algorithm, arguments):
    """a raw signature over data verifies with openssl dgst [R2] [R186]"""
    async def body():
        async with sandbox.page() as page:
            await page.grant()
            certificate = await page.certificate(key)
            result = await page.call("sign.raw", document=document(TEXT), certificate=certificate["handle"], algorithm=algorithm)
            assert result["algorithm"] == algorithm
            verdict = openssl("dgst", *arguments, "-verify", "key", "-signature", "sig", "doc", files={
                "key": public_key(result["certificate"]), "sig": unb64(result["signature"]), "doc": TEXT.encode()})
            assert b"Verified OK" in verdict.stdout
            other = openssl("dgst", *arguments, "-verify", "key", "-signature", "sig", "doc", check=False, files={
                "key": public_key(result["certificate"]), "sig": unb64(result["signature"]), "doc": TEXT.encode() + b"!"})
            assert other.returncode != 0
    run(body())


@pytest.mark.parametrize("key", ["RSA-2048", "P-256"])
@pytest.mark.parametrize("digest", ["SHA-256", "SHA-384", "SHA-512"])
@pytest.mark.parametrize("detached", [True, False])
def test_cms(sandbox, key, digest, detached):
    """a CMS signature verifies with openssl cms against the sandbox's authority, and not over other content [R186]"""
    async def body():
        async with sandbox.page() as page:
            await page.grant()
            certificate = await page.certificate(key)
            result = await page.call("sign.cms", document=document(TEXT), certificate=certificate["handle"], digestAlgorithm=digest, detached=detached)
            cms = unb64(result["cms"])
            files = {"cms": cms, "doc": TEXT.encode(), "bad": TEXT.encode() + b"!", "ca": anchors(sandbox)}
            base = ["cms", "-verify", "-binary", "-inform", "DER", "-in", "cms", "-CAfile", "ca", "-out", "out"]
            good = openssl(*base, *(["-content", "doc"] if detached else []), files=files)
            assert good.out == TEXT.encode()
            if detached:
                assert openssl(*base, "-content", "bad", files=files, check=False).returncode != 0
            printed = openssl("cms", "-cmsout", "-print", "-inform", "DER", "-in", "cms", files=files).stdout.decode()
            assert "id-smime-aa-signingCertificateV2" in printed
            assert digest.replace("-", "").lower() in printed.lower()
            ours = await page.call("verify", cms=result["cms"], trustAnchors=authority_of(sandbox), **({"document": document(TEXT)} if detached else {}))
            assert ours["valid"] and ours["signers"][0]["chainChecked"] and ours["detached"] == detached
            if detached:
                wrong = await page.call("verify", cms=result["cms"], document=document(TEXT + "!"))
                assert not wrong["valid"] and wrong["signers"][0]["verdict"] == "digest_mismatch"
    run(body())


def authority_of(sandbox):
    """The anchors as base64 DER."""
    text = anchors(sandbox).decode()
    return ["".join(part.split("-----END CERTIFICATE-----")[0].split()) for part in text.split("-----BEGIN CERTIFICATE-----")[1:]]


def test_batch(start):
    """a batch is one prompt over an exact list, and each signature verifies [R188] [T20]"""
    sandbox = start(script=[{"decision": "allow", "pin": "right", "remember": True}])

    async def body():
        async with sandbox.page() as page:
            await page.grant()
            certificate = await page.certificate("P-256")
            texts = [f"item {i}\n" for i in range(100)]
            items = [{"id": f"n{i}", "document": document(t, f"item-{i}.txt")} for i, t in enumerate(texts)]
            prompts_before = entries(sandbox)
            result = await page.call("sign.batch", format="cms", items=items, certificate=certificate["handle"])
            assert [r["id"] for r in result["results"]] == [i["id"] for i in items]
            for text, item in list(zip(texts, result["results"]))[::17]:
                openssl("cms", "-verify", "-binary", "-inform", "DER", "-in", "cms", "-CAfile", "ca", "-content", "doc", "-out", "out",
                        files={"cms": unb64(item["cms"]), "doc": text.encode(), "ca": anchors(sandbox)})
            assert entries(sandbox) == prompts_before + 1
            with pytest.raises(RpcError) as error:
                await page.call("sign.batch", format="raw", items=items * 6, certificate=certificate["handle"])
            assert error.value.code == "limit_exceeded" and error.value.data["max"] == 500
    run(body())


def entries(sandbox):
    return json.loads(sandbox.mohr("log", "verify", "--json").stdout)["entries"]


def test_login(sandbox):
    """a login signs the statement made of origin and challenge, once for a challenge [R186] [R193] [T19]"""
    async def body():
        async with sandbox.page() as page:
            await page.grant()
            challenge = bytes(range(32))
            certificate = await page.certificate("P-256")
            result = await page.call("auth.authenticate", challenge=b64(challenge), certificate=certificate["handle"])
            assert result["origin"] == ORIGIN
            statement = b"mohr-auth-v1\0" + hashlib.sha256(ORIGIN.encode()).digest() + hashlib.sha256(challenge).digest()
            openssl("dgst", "-sha256", "-verify", "key", "-signature", "sig", "doc", files={
                "key": public_key(result["certificate"]), "sig": unb64(result["signature"]), "doc": statement})
            with pytest.raises(RpcError):
                await page.call("auth.authenticate", challenge=b64(challenge), certificate=certificate["handle"])
            with pytest.raises(RpcError) as short:
                await page.call("auth.authenticate", challenge=b64(b"x" * 31), certificate=certificate["handle"])
            assert short.value.code == "invalid_params"
            with pytest.raises(RpcError) as confusion:
                await page.call("sign.raw", document={"name": "innocent.bin", "data": b64(statement)}, certificate=certificate["handle"])
            assert confusion.value.code == "login_context"
    run(body())


def test_bronze_cannot_log_in(sandbox):
    """a bronze certificate signs but neither logs in nor decrypts [R74] [R193]"""
    async def body():
        async with sandbox.page() as page:
            await page.grant()
            bronze = next(c for c in (await page.call("certificates.list"))["certificates"] if c["keyUsage"] == ["nonRepudiation"] and c["state"] == "active")
            await page.call("sign.raw", document=document(TEXT), certificate=bronze["handle"])
            with pytest.raises(RpcError) as error:
                await page.call("auth.authenticate", challenge=b64(b"c" * 32), certificate=bronze["handle"])
            assert error.value.code == "key_usage"
            envelope = openssl("cms", "-encrypt", "-binary", "-outform", "DER", "-aes-256-gcm", "-in", "doc", "-out", "out", "cert",
                               files={"doc": b"secret", "cert": pem_of(bronze["certificate"])}).out
            with pytest.raises(RpcError) as error:
                await page.call("decrypt.cms", cms=b64(envelope))
            assert error.value.code in ("key_usage", "not_a_recipient")
    run(body())


def test_digest_needs_blind(start):
    """a signature over a digest alone needs the blind permission and a marked prompt [T18]"""
    sandbox = start(consent="allow")

    async def body():
        async with sandbox.page() as page:
            await page.grant()
            certificate = await page.certificate("RSA-2048")
            blind = {"name": "unseen.pdf", "digest": b64(hashlib.sha256(b"unseen").digest())}
            with pytest.raises(RpcError) as error:
                await page.call("sign.raw", document=blind, certificate=certificate["handle"])
            assert error.value.code == "blind_denied"
            sandbox.mohr("site", "allow", ORIGIN, "--blind", "--yes")
            result = await page.call("sign.raw", document=blind, certificate=certificate["handle"])
            openssl("dgst", "-sha256", "-verify", "key", "-signature", "sig", "doc", files={
                "key": public_key(result["certificate"]), "sig": unb64(result["signature"]), "doc": b"unseen"})
    run(body())


def test_concurrency(sandbox):
    """forty requests at once on four connections each get their own, single reply [R189]"""
    async def body():
        async def one(index):
            async with sandbox.page(f"https://portal{index}.example") as page:
                await page.grant()
                infos = [page.call("service.info") for _ in range(8)]
                certificate = await page.certificate("P-256")
                signed = await page.call("sign.raw", document=document(f"{index}"), certificate=certificate["handle"])
                results = await asyncio.gather(*infos)
                assert {r["origin"] for r in results} == {f"https://portal{index}.example"}
                return signed["signature"]
        signatures = await asyncio.gather(*(one(i) for i in range(4)))
        assert len(set(signatures)) == 4
    run(body())


def test_handles_do_not_cross(sandbox):
    """a certificate chosen on one connection is unknown on another [R189]"""
    async def body():
        async with sandbox.page() as page, sandbox.page("https://other.example") as other:
            await page.grant()
            await other.grant()
            certificate = await page.certificate("P-256")
            with pytest.raises(RpcError) as error:
                await other.call("sign.raw", document=document("x"), certificate=certificate["handle"])
            assert error.value.code == "certificate_not_found"
    run(body())


def test_enrolment(sandbox):
    """a key made for a page gives a request that openssl accepts and takes its certificate [R50] [R186]"""
    async def body():
        async with sandbox.page() as page:
            await page.grant()
            made = await page.call("keys.generate", algorithm="P-256", subject="CN=New Person,C=IR")
            request = unb64(made["request"])
            check = openssl("req", "-inform", "DER", "-in", "req", "-verify", "-noout", "-subject", "-nameopt", "RFC2253", files={"req": request})
            assert b"New Person" in check.stdout
            with tempfile.TemporaryDirectory() as d:
                pathlib.Path(d, "req").write_bytes(request)
                pathlib.Path(d, "ext").write_text("keyUsage=critical,digitalSignature,nonRepudiation\nbasicConstraints=critical,CA:false\n")
                for command in ("openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -subj '/CN=Other CA' -days 2 -out ca.pem",
                                "openssl x509 -req -inform DER -in req -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile ext -out cert.pem",
                                "cat cert.pem ca.pem > both.pem"):
                    subprocess.run(command, shell=True, cwd=d, check=True, capture_output=True)
                both = pathlib.Path(d, "both.pem").read_bytes()
            imported = await page.call("certificates.import", certificate=b64(both))
            assert "New Person" in imported["certificate"]["subject"]
            signed = await page.call("sign.cms", document=document(TEXT), certificate=imported["certificate"]["handle"])
            assert (await page.call("verify", cms=signed["cms"], document=document(TEXT)))["valid"]
            with pytest.raises(RpcError) as error:
                await page.call("certificates.import", certificate=b64(b"not a certificate"))
            assert error.value.code == "malformed_data"
    run(body())


def test_replies_are_held_to_the_document(sandbox):
    """every reply is held to the published document, here and in all other tests, and one that breaks it is noticed"""
    async def body():
        async with sandbox.page() as page:
            await page.grant()
            return await page.call("service.info"), await page.certificate()
    info, certificate = run(body())
    assert published.complaint("service.info", {"result": info}) is None
    for changed in ({**info, "more": 1}, {**info, "access": "perhaps"}, {**info, "protocol": "mohr.v2"}, {k: v for k, v in info.items() if k != "origin"}):
        assert published.complaint("service.info", {"result": changed})
    assert published.complaint("certificates.select", {"result": {"certificate": {**certificate, "keyUsage": "digitalSignature"}}})
    assert published.complaint("service.info", {"error": {"data": {"code": "pin_wrong"}}})
    assert published.complaint("service.none", {"result": {}})
    assert published.notifications == {"consent.pending", "progress", "token.changed", "access.changed", "service.stopping", "stream.credit", "stream.end"}
