# SPDX-License-Identifier: Apache-2.0
"""What a person sees and types at the terminal agent when a legacy page asks."""
import os
import pathlib
import subprocess
import tempfile

from dastine import DastinePage
from harness import b64, openssl, pem_of, run, unb64
from terminal import Terminal


def test_prompts_of_a_legacy_page(start):
    """the agent marks a legacy page, gives it a decrypt window, and takes a new PIN that the page never sees [R190] [R58] [T19]"""
    sandbox = start()
    pin, new_pin = sandbox.ready["user_pin"], "73910462"

    async def body():
        async with DastinePage(sandbox) as page:
            with Terminal(sandbox, "agent") as agent:
                agent.expect("Waiting for requests")
                await page.send("SelectCertificateFromTokenByUI", issuer="sandbox", keyUsages="")
                agent.expect("portal.example asks you to choose a certificate")
                agent.expect("not protected")
                agent.expect("made for Dastine")
                agent.expect("not decided about this site")
                number = agent.expect(r"(\d)\) Sandbox RSA Silver")[1]
                agent.expect(r"Certificate \(1|Allow with certificate")
                if "Certificate (1" not in agent.screen:
                    agent.type("c\n")
                    agent.expect(r"Certificate \(1")
                agent.type(f"{number}\n")
                agent.expect("r = yes and remember")
                agent.type("y\n")
                assert await page.reply("SelectCertificateFromTokenByUI") == "0"
                certificate = await page.call("GetSelectedCertificate")

                await page.send("Sign", data=b64(b"data"), hash="SHA1")
                agent.expect("WHAT IS SIGNED CANNOT BE SHOWN")
                agent.expect("considered weak")
                agent.expect("Allow")
                agent.type("y\n")
                agent.expect("User PIN")
                agent.type(f"{pin}\n")
                assert len(await page.reply("Sign")) > 100

                sealed = b64(openssl("cms", "-encrypt", "-binary", "-aes128", "-outform", "DER", "-out", "out", "-in", "content", "cert.pem",
                                     files={"content": b"sealed", "cert.pem": pem_of(certificate)}).out)
                await page.send("CmsDecrypt", cipher=sealed)
                agent.expect("asks to decrypt")
                agent.expect("not tamper-proof")
                agent.expect("w = also for more")
                agent.type("w\n")
                agent.expect("at most 200 15")
                agent.type("3 5\n")
                agent.expect("User PIN")
                agent.type(f"{pin}\n")
                assert unb64(await page.reply("CmsDecrypt")) == b"sealed"
                for _ in range(2):
                    assert unb64(await page.call("CmsDecrypt", cipher=sealed)) == b"sealed"
                await page.send("CmsDecrypt", cipher=sealed)
                agent.expect("asks to decrypt")
                agent.expect("Allow")
                agent.type("n\n")
                assert await page.reply("CmsDecrypt") == "18"

                await page.send("ChangePIN", token="")
                agent.expect("suggests that you change your PIN")
                agent.expect("Allow")
                agent.type("y\n")
                agent.expect("User PIN")
                agent.type(f"{pin}\n")
                agent.expect("New user PIN")
                agent.type("123456\n")
                agent.expect("Repeat the new user PIN")
                agent.type("123456\n")
                agent.expect("easy to guess")
                agent.expect("User PIN")
                agent.type(f"{pin}\n")
                agent.expect("New user PIN")
                agent.type(f"{new_pin}\n")
                agent.expect("Repeat the new user PIN")
                agent.type(f"{new_pin}\n")
                assert await page.reply("ChangePIN") == "0"
                assert new_pin not in agent.screen and pin not in agent.screen
    run(body())
    sandbox.mohr("token", "verify-pin", secrets=[new_pin])


def test_file_at_the_agent(start):
    """a person names a PKCS#12 file and its password at the agent, and may mistype both [R190]"""
    sandbox = start()
    with tempfile.TemporaryDirectory(prefix="mohr-p12-", dir="/var/tmp") as directory:
        os.chmod(directory, 0o755)
        at = pathlib.Path(directory)
        for arguments in (["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=From a file", "-days", "30"],
                          ["pkcs12", "-export", "-inkey", "key.pem", "-in", "cert.pem", "-out", "file.p12", "-passout", "pass:open sesame"]):
            subprocess.run(["openssl", *arguments], cwd=at, check=True, capture_output=True, timeout=60)
        os.chmod(at / "file.p12", 0o644)

        async def body():
            async with DastinePage(sandbox) as page:
                with Terminal(sandbox, "agent") as agent:
                    agent.expect("Waiting for requests")
                    await page.send("SelectCertificateFromFileByUI", issuer="", keyUsages="", p12="", password="")
                    agent.expect("PKCS#12 file of yours")
                    agent.expect("Allow")
                    agent.type("y\n")
                    agent.expect("PKCS#12 file")
                    agent.type("/no/such/file\n")
                    agent.expect("cannot be read")
                    for password in ("wrong", "open sesame"):
                        agent.expect(r"PKCS#12 file \(empty")
                        agent.type(f"{at}/file.p12\n")
                        agent.expect("Password of the file")
                        agent.type(f"{password}\n")
                        agent.expect("User PIN")
                        agent.type(f"{sandbox.ready['user_pin']}\n")
                    assert await page.reply("SelectCertificateFromFileByUI") == "0"
                    assert "wrong_password" in agent.screen and "sesame" not in agent.screen
                    assert b"From a file" in unb64(await page.call("GetSelectedCertificate"))
        run(body())
