# SPDX-License-Identifier: Apache-2.0
"""A disk that hangs in the middle of a write: the kernel's own call, held up from outside by strace."""
import asyncio
import hashlib
import os
import shutil
import subprocess
import time

import pytest
from harness import Sandbox, b64, document, eventually, openssl, run, unb64

HANG_SECONDS = 12
CONTENT = bytes((i * 11 + (i >> 9)) & 255 for i in range(1 << 20)) * 3


class HangingDisk:
    """The first write to a spool takes HANG_SECONDS; the threads that do not write go on."""

    def __init__(self, door_pid, directory):
        self.trace = directory / "strace.log"
        self.command = ["strace", "-f", "-p", str(door_pid), "-o", str(self.trace), "-e", "trace=pwrite64",
                        "-e", f"inject=pwrite64:delay_enter={HANG_SECONDS}s:when=1"]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        attached = self.process.stderr.readline()
        assert "attached" in attached, attached
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def began(self):
        return "pwrite64(" in self.trace.read_text()

    def ended(self):
        return "(DELAYED)" in self.trace.read_text()


@pytest.mark.skipif(shutil.which("strace") is None or os.getuid() != 0, reason="needs strace and the right to trace the door")
def test_hanging_disk(build):
    """While the disk hangs every other page is answered, and the door is not replaced [R192] [T09]"""
    async def body(sandbox, disk):
        door = sandbox.door_pid
        async with sandbox.page() as slow, sandbox.page("https://other.example") as other:
            await slow.grant()
            await other.grant()
            # Bytes that come before their call go to the disk.
            stream, sending = await slow.upload([CONTENT[i:i + 250_000] for i in range(0, len(CONTENT), 250_000)])
            sender = asyncio.create_task(sending)
            while not disk.began():
                await asyncio.sleep(0.05)
            start = time.monotonic()
            while time.monotonic() - start < HANG_SECONDS / 2:
                begun = time.monotonic()
                assert (await other.call("service.info"))["access"] == "granted"
                await other.call("sign.raw", document=document("meanwhile"))
                # Large enough for the other thread of the door.
                large, large_sending = await other.upload([CONTENT[:250_000]] * 4)
                _, reply, request = other.begin("sign.cms", document={"name": "large", "stream": large})
                await request
                await large_sending
                await asyncio.wait_for(reply, 20)
                assert time.monotonic() - begun < HANG_SECONDS / 4
            assert not sender.done() and not disk.ended()
            assert (await slow.call("service.info"))["access"] == "granted"
            await sender
            assert disk.ended()
            signed = await slow.call("sign.cms", document={"name": "slow.bin", "stream": stream})
            assert sandbox.door_pid == door
            return signed

    with Sandbox(build, consent="allow") as sandbox, HangingDisk(sandbox.door_pid, sandbox.base) as disk:
        signed = run(body(sandbox, disk))
        cms = sandbox.base / "slow.p7s"
        content = sandbox.base / "slow.bin"
        cms.write_bytes(unb64(signed["cms"]))
        content.write_bytes(CONTENT)
        result = subprocess.run(["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", str(cms), "-content", str(content), "-noverify", "-out", "/dev/null"],
                                capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
