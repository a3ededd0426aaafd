# SPDX-License-Identifier: Apache-2.0
"""Keys by /dastine: what pages get is checked by openssl, and every use of a key by a prompt."""
import asyncio
import hashlib
import os
import pathlib
import subprocess
import tempfile

from dastine import DastinePage
from harness import b64, openssl, pem_of, run, unb64

RSA = "RSA Silver"
SELECT = {"decision": "allow", "certificate": RSA}
ALLOW = {"decision": "allow"}


async def certificate_of(page):
    result = await page.call("GetSelectedCertificate")
    assert len(result) > 100, result
    return result


def public_key(certificate):
    return openssl("x509", "-in", "cert.pem", "-noout", "-pubkey", files={"cert.pem": pem_of(certificate)}).stdout


def verifies(certificate, signature, data, algorithm):
    """Whether openssl takes the raw signature over the data."""
    files = {"key.pem": public_key(certificate), "signature": unb64(signature), "data": data}
    return openssl("dgst", f"-{algorithm}", "-verify", "key.pem", "-signature", "signature", "data", files=files, check=False).returncode == 0


def test_sign(start):
    """a page selects and signs data, hashes and a DigestInfo, as openssl verifies, each behind a marked prompt [R190] [T19]"""
    sandbox = start(script=[SELECT, ALLOW])
    data = b"attributes of a document that is put together elsewhere"
    sha256 = hashlib.sha256(data).digest()
    info = bytes.fromhex("3031300d060960864801650304020105000420") + sha256

    async def body():
        async with DastinePage(sandbox) as page:
            assert await page.call("Sign", data=b64(data), hash="SHA1") == "11"
            assert await page.call("ListTokens") == "20"
            await page.select()
            assert (await page.call("ListTokens")).endswith("|")
            certificate = await certificate_of(page)
            for name, algorithm in (("SHA1", "sha1"), ("sha-256", "sha256"), ("SHA512", "sha512")):
                assert verifies(certificate, await page.call("Sign", data=b64(data), hash=name), data, algorithm), name
            assert verifies(certificate, await page.call("Sign", data=b64(sha256), hash=""), data, "sha256")
            assert verifies(certificate, await page.call("Sign", data=b64(info), hash=None), data, "sha256")
            assert verifies(certificate, await page.call("Sign", data=b64(data)), data, "sha1")
            assert not verifies(certificate, await page.call("Sign", data=b64(data), hash="SHA256"), data + b"!", "sha256")
            assert await page.call("Sign", data=b64(data), hash="MD5") == "12"
            assert await page.call("Sign", data=b64(b"mohr-auth-v1\0" + bytes(64)), hash="SHA256") == "20"
    run(body())
    entries = sandbox.mohr("log", "show", "--json").stdout
    assert entries.count('"blind": true') >= 7 or entries.count('"blind":true') >= 7, entries


def cms_verify(cms, files, *options):
    return openssl("cms", "-verify", "-binary", "-inform", "DER", "-in", "cms", "-noverify", "-out", "out", *options, files={"cms": cms, **files})


def test_cms_sha1(start):
    """CmsSign over SHA-1 and SHA-256, attached and detached, with attributes, is what openssl verifies [R190]"""
    sandbox = start(script=[SELECT, ALLOW])
    data = os.urandom(3000)

    async def body():
        async with DastinePage(sandbox) as page:
            await page.select()
            attached = unb64(await page.call("CmsSign", data=b64(data), attach=True, hash="SHA1"))
            assert cms_verify(attached, {}).out == data
            printed = openssl("cms", "-cmsout", "-print", "-inform", "DER", "-in", "cms", files={"cms": attached}).stdout.decode()
            assert "algorithm: sha1 (" in printed
            for attach in (False, "SHA1", None):
                detached = unb64(await page.call("CmsSign", data=b64(data), attach=attach, hash="SHA256"))
                assert len(detached) < len(attached)
                assert cms_verify(detached, {"data": data}, "-content", "data").out == data
            attribute = "1.2.840.113549.1.9.2=" + b64(bytes.fromhex("0c056e6f203132"))
            signed = unb64(await page.call("CmsSignWithAttributes", data=b64(data), AuthenticatedAttributes=attribute, UnAuthenticatedAttributes=""))
            assert cms_verify(signed, {}).out == data
            printed = openssl("cms", "-cmsout", "-print", "-inform", "DER", "-in", "cms", files={"cms": signed}).stdout.decode()
            assert "unstructuredName" in printed and "no 12" in printed
            forged = "1.2.840.113549.1.9.4=" + b64(bytes.fromhex("0420") + bytes(32))
            assert await page.call("CmsSignWithAttributes", data=b64(data), AuthenticatedAttributes=forged, UnAuthenticatedAttributes="") == "57"
    run(body())


def test_sha1_refused_by_quirk(start):
    """an operator takes SHA-1 from one portal and gives another its attach [R190]"""
    sandbox = start(script=[SELECT, ALLOW])

    async def body():
        async with DastinePage(sandbox) as page:
            await page.select()
            sandbox.mohr("site", "set", page.origin, "sha1", "deny")
            assert await page.call("CmsSign", data=b64(b"text"), attach=False, hash="SHA1") == "12"
            sandbox.mohr("site", "set", page.origin, "cms.attach", "always")
            cms = unb64(await page.call("CmsSign", data=b64(b"text"), attach=False, hash="SHA256"))
            assert cms_verify(cms, {}).out == b"text"
            shown = sandbox.mohr("site", "show", page.origin, "--json").stdout
            assert "always" in shown and "deny" in shown
            assert sandbox.mohr("site", "set", page.origin, "sha1", "perhaps", check=False).returncode != 0
    run(body())


def sealed(certificate, content):
    return openssl("cms", "-encrypt", "-binary", "-aes128", "-outform", "DER", "-out", "out", "-in", "content", "cert.pem",
                   files={"content": content, "cert.pem": pem_of(certificate)}).out


def test_decrypt_burst(start):
    """sealed files open in a burst within the window that the person gave, and the next one asks again [R190]"""
    sandbox = start(script=[SELECT, {"decision": "allow", "window": {"items": 6, "minutes": 5}}, {"decision": "deny"}])

    async def body():
        async with DastinePage(sandbox) as page:
            await page.select()
            certificate = await certificate_of(page)
            contents = [os.urandom(32 + i) for i in range(7)]
            for content in contents[:6]:
                assert unb64(await page.call("CmsDecrypt", cipher=b64(sealed(certificate, content)))) == content
            assert await page.call("CmsDecrypt", cipher=b64(sealed(certificate, contents[6]))) == "18"
    run(body())
    assert sandbox.mohr("log", "show", "--json").stdout.count("in a decrypt window: item") == 5


def test_decrypt_window_ends(start):
    """the window ends with Reset, with the lock and by command, and the status counts it down [R190] [T20]"""
    window = {"decision": "allow", "window": {"items": 200, "minutes": 15}}
    sandbox = start(script=[SELECT, window, window, window, {"decision": "deny"}])

    async def body():
        async with DastinePage(sandbox) as page:
            await page.select()
            envelope = b64(sealed(await certificate_of(page), b"secret"))

            async def opened():
                return unb64(await page.call("CmsDecrypt", cipher=envelope)) == b"secret"
            assert await opened() and await opened()
            assert '"itemsLeft": 198' in sandbox.mohr("status", "--json").stdout.replace('":', '": ').replace("  ", " ")
            assert f"{page.origin} may decrypt 198 more items" in sandbox.mohr("status").stdout
            assert await page.call("Reset") == "0"
            assert "itemsLeft" not in sandbox.mohr("status", "--json").stdout
            assert await opened() and await opened()
            sandbox.mohr("token", "lock")
            assert "itemsLeft" not in sandbox.mohr("status", "--json").stdout
            assert await opened()
            sandbox.mohr("site", "stop-decrypting", page.origin)
            assert await page.call("CmsDecrypt", cipher=envelope) == "18"
    run(body())


def test_decrypt_block(start):
    """one RSA block is opened, and whatever is wrong with another is told by no other code than 60 [R190] [T21]"""
    sandbox = start(script=[SELECT, ALLOW])

    async def body():
        async with DastinePage(sandbox) as page:
            await page.select()
            key = public_key(await certificate_of(page))

            def block(*options):
                return openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", "key.pem", "-in", "data", "-out", "out", *options,
                               files={"key.pem": key, "data": b"a short secret"}).out
            assert unb64(await page.call("Decrypt", cipher=b64(block()))) == b"a short secret"
            oaep = block("-pkeyopt", "rsa_padding_mode:oaep")
            wrong = await page.call("Decrypt", cipher=b64(oaep))
            assert wrong == await page.call("Decrypt", cipher=b64(oaep)) and b"secret" not in wrong.encode()
            sandbox.mohr("site", "set", page.origin, "decrypt.padding", "oaep")
            assert unb64(await page.call("Decrypt", cipher=b64(oaep))) == b"a short secret"
            for bad in (block(), bytes(256), b"\xff" * 256, b"short"):
                assert await page.call("Decrypt", cipher=b64(bad)) == "60"
    run(body())


def issue(request):
    """A certificate for the request, with the names it asks for, from an authority of openssl's."""
    with tempfile.TemporaryDirectory(prefix="mohr-ca-") as directory:
        at = pathlib.Path(directory)
        (at / "request.der").write_bytes(request)

        def call(*arguments):
            return subprocess.run(["openssl", *arguments], cwd=at, check=True, capture_output=True, timeout=60)
        call("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Office CA", "-days", "30")
        call("req", "-verify", "-in", "request.der", "-inform", "DER", "-noout")
        call("x509", "-req", "-in", "request.der", "-inform", "DER", "-CA", "ca.pem", "-CAkey", "ca.key", "-copy_extensions", "copyall", "-days", "30", "-outform", "DER",
             "-out", "certificate.der")
        text = call("x509", "-in", "certificate.der", "-inform", "DER", "-noout", "-text").stdout.decode()
        return (at / "certificate.der").read_bytes(), text


def test_request_and_import(start):
    """a page has a key made with alternative names, brings the issued certificate and signs with it [R190]"""
    sandbox = start(script=[SELECT, ALLOW])

    async def body():
        async with DastinePage(sandbox) as page:
            await page.select()
            answer = await page.call("GenerateKeyPairAndCertificateRequestWithSANS", subjectDn="CN=Sara,O=Example,C=IR", keyLen="2048", token="", upn="sara@corp.example",
                                     rfc822="sara@example.com", dns="sara.example.com", directory="CN=Sara", uri="https://example.com/s", ip="192.0.2.1", id="1.2.3.4")
            assert len(answer) > 100, answer
            certificate, text = issue(unb64(answer))
            for name in ("email:sara@example.com", "DNS:sara.example.com", "URI:https://example.com/s", "IP Address:192.0.2.1", "DirName:/CN=Sara", "Registered ID:1.2.3.4",
                         "othername: UPN::sara@corp.example"):
                assert name in text, text
            async with DastinePage(sandbox, info="anotherTab00000") as tab:
                assert await tab.call("ImportIssuedCertificate", certificate=b64(certificate)) == "49"
            assert await page.call("ImportIssuedCertificate", certificate="") == "48"
            assert await page.call("ImportIssuedCertificate", certificate=b64(certificate)) == "0"
            assert await page.call("ImportIssuedCertificate", certificate=b64(certificate)) == "49"
    run(body())
    assert "Sara" in sandbox.mohr("cert", "list").stdout


def test_change_pin(start):
    """a page starts a change of PIN and learns only whether it was done [R190]"""
    sandbox = start(script=[{"decision": "allow", "new_pin": "908172"}, {"decision": "deny"}])

    async def body():
        async with DastinePage(sandbox) as page:
            assert await page.call("ChangePIN", token="") == "0"
            assert await page.call("ChangePIN", token="") == "18"
            assert await page.call("SetPIN", pin="1234", token="") == "79"
    run(body())


def test_file(start):
    """a PKCS#12 file that the person chooses comes onto the token and is selected, whatever the page sends [R190]"""
    directory = tempfile.mkdtemp(prefix="mohr-p12-", dir="/var/tmp")
    os.chmod(directory, 0o755)
    at = pathlib.Path(directory)
    for arguments in (["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=From a file", "-days", "30"],
                      ["pkcs12", "-export", "-inkey", "key.pem", "-in", "cert.pem", "-out", "file.p12", "-passout", "pass:secret"]):
        subprocess.run(["openssl", *arguments], cwd=at, check=True, capture_output=True, timeout=60)
    os.chmod(at / "file.p12", 0o644)
    sandbox = start(script=[{"decision": "allow", "file": str(at / "file.p12"), "password": "wrong"},
                            {"decision": "allow", "file": str(at / "file.p12"), "password": "secret"}, ALLOW])

    async def body():
        async with DastinePage(sandbox) as page:
            assert await page.call("SelectCertificateFromFileByUI", issuer="", keyUsages="", p12="/etc/passwd", password="x") == "0"
            certificate = await certificate_of(page)
            assert b"From a file" in unb64(certificate)
            signature = await page.call("Sign", data=b64(b"data"), hash="SHA256")
            assert verifies(certificate, signature, b"data", "sha256")
    run(body())


def test_polling_during_a_prompt(start):
    """two polls a second are answered while a prompt is open, and the prompt's reply comes once [R190]"""
    sandbox = start(script=[{"decision": "allow", "delay_ms": 4000}])

    async def body():
        async with DastinePage(sandbox) as page:
            assert await page.call("SetTokenInsertEvent") == "0"
            await page.send("SelectCertificateFromTokenByUI", issuer="", keyUsages="")
            times = []
            for _ in range(6):
                await asyncio.sleep(0.5)
                result, milliseconds = await page.timed("TokenInsertHandler")
                assert result == "10"
                times.append(milliseconds)
            assert sorted(times)[2] < 50, times
            assert await page.reply("SelectCertificateFromTokenByUI") == "0"
            await page.quiet()
    run(body())


def test_three_sockets(sandbox):
    """what one socket of a page selects another may use, a page of another origin or tab may not [R189] [R190]"""
    async def body():
        async with DastinePage(sandbox) as one, DastinePage(sandbox) as two, DastinePage(sandbox) as three:
            await one.select()
            certificate = await three.call("GetSelectedCertificate")
            assert len(certificate) > 100 and unb64(certificate)[0] == 0x30
            async with DastinePage(sandbox, origin="http://other.example") as other, DastinePage(sandbox, info="anotherTab00000") as tab:
                assert await other.call("GetSelectedCertificate") == "11"
                assert await tab.call("GetSelectedCertificate") == "11"
            assert await two.call("Reset") == "0"
            assert await one.call("GetSelectedCertificate") == "11"
            await one.select()
        async with DastinePage(sandbox) as reloaded:
            assert await reloaded.call("GetSelectedCertificate") == certificate
    run(body())


def test_cancelled_selection(start):
    """after a cancelled selection no certificate is selected [R190]"""
    sandbox = start(script=[{"decision": "allow"}, {"decision": "deny"}])

    async def body():
        async with DastinePage(sandbox) as page:
            await page.select()
            assert len(await page.call("GetSelectedCertificate")) > 100
            assert await page.call("SelectCertificateFromTokenByUI", issuer=None, keyUsages=None) == "18"
            assert await page.call("GetSelectedCertificate") == "11"
    run(body())


def test_token_events(start):
    """a lock by the person is the removal of the token, the next right PIN its insertion, each told once [R190]"""
    sandbox = start(script=[SELECT, ALLOW])

    async def body():
        async with DastinePage(sandbox) as page:
            await page.select()
            assert await page.call("Sign", data=b64(b"data"), hash="SHA256") not in ("14", "18", "20")
            assert await page.call("SetTokenRemoveEvent") == "0"
            assert await page.call("TokenRemoveHandler") == "10"
            sandbox.mohr("token", "lock")
            assert await happened(page, "TokenRemoveHandler")
            assert await page.call("TokenRemoveHandler") == "10"
            assert await page.call("SetTokenInsertEvent") == "0"
            assert await page.call("TokenInsertHandler") == "10"
            assert len(await page.call("Sign", data=b64(b"data"), hash="SHA256")) > 100
            assert await happened(page, "TokenInsertHandler")
    run(body())


async def happened(page, poll):
    """Polls as the script does, twice a second, for ten seconds at most."""
    for _ in range(20):
        if await page.call(poll) == "0":
            return True
        await asyncio.sleep(0.5)
    return False
