# SPDX-License-Identifier: Apache-2.0
"""Four gibibytes through every path, with flat memory."""
import asyncio
import pathlib
import re
import threading

import pytest
from harness import run, status_kib

SIZE = 4 << 30
LIMIT_MIB = 64
BLOCK = bytes((i * 7 + (i >> 8)) & 255 for i in range(256 * 1024))


def shared_kib():
    """Pages of tmpfs and memfd on the whole machine: those that a process made but did not map count too."""
    return int(re.search(r"Shmem:\s+(\d+) kB", pathlib.Path("/proc/meminfo").read_text()).group(1))


class Watch:
    """The highest resident set of each process, and the growth of shared memory, while it runs."""

    def __init__(self, sandbox):
        self.pids = (sandbox.pid, sandbox.door_pid)
        self.start_shared = shared_kib()
        self.peak = {pid: 0 for pid in self.pids}
        self.peak_shared = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._sample)

    def __enter__(self):
        self.thread.start()
        return self

    def _sample(self):
        while not self.ended.wait(0.05):
            for pid in self.pids:
                self.peak[pid] = max(self.peak[pid], status_kib(pid, "VmRSS"))
            self.peak_shared = max(self.peak_shared, shared_kib() - self.start_shared)

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def check(self, what):
        mib = {name: kib / 1024 for name, kib in zip(("core", "door"), self.peak.values())}
        print(f"{what}: peak core {mib['core']:.1f} MiB, door {mib['door']:.1f} MiB, shared memory grew {self.peak_shared / 1024:.1f} MiB")
        assert max(mib.values()) + self.peak_shared / 1024 < LIMIT_MIB, mib


def pieces(size):
    for _ in range(size // len(BLOCK)):
        yield BLOCK


async def through(page, method, params, source, size, sink=None):
    """Uploads `source` as the document of a call, downloads its result stream if there is one; `size` is announced unless None."""
    stream, sending = await page.upload(source, size=size)
    params = params(stream)
    _, reply, request = page.begin(method, **params)
    await request
    sender = asyncio.create_task(sending)
    result = await asyncio.wait_for(reply, 600)
    if sink is not None:
        await page.download(result["stream"], sink)
    await sender
    return result


@pytest.mark.slow
def test_detached(sandbox):
    """4 GiB sign and verify detached below 64 MiB in each process [R192]"""
    async def body():
        async with sandbox.page() as page:
            await page.grant()
            certificate = await page.certificate("P-256")
            with Watch(sandbox) as watch:
                signed = await through(page, "sign.cms", lambda s: {"document": {"name": "big.bin", "stream": s}, "certificate": certificate["handle"]}, pieces(SIZE), None)
            watch.check("sign detached, its size not announced")
            with Watch(sandbox) as watch:
                report = await through(page, "verify", lambda s: {"cms": signed["cms"], "document": {"name": "big.bin", "stream": s}}, pieces(SIZE), SIZE)
            watch.check("verify detached")
            assert report["valid"] and report["size"] == SIZE
    run(body(), 900)


@pytest.mark.slow
def test_attached_and_sealed(sandbox):
    """4 GiB sign attached, verify, seal and open below 64 MiB in each process [R192] [T09]"""
    import tempfile

    size = SIZE - (16 << 20)  # the envelope itself must stay below the limit of one stream

    async def body():
        with tempfile.TemporaryFile(dir="/var/tmp") as file:
            def stored():
                file.seek(0)
                while piece := file.read(256 * 1024):
                    yield piece

            async with sandbox.page() as page:
                await page.grant()
                signer = await page.certificate("P-256")
                receiver = await page.certificate("P-256", "keyAgreement")
                with Watch(sandbox) as watch:
                    await through(page, "sign.cms", lambda s: {"document": {"name": "big.bin", "stream": s}, "certificate": signer["handle"],
                                                              "detached": False, "output": "stream"}, pieces(size), size, file.write)
                watch.check("sign attached")
                length = file.tell()
                with Watch(sandbox) as watch:
                    report = await through(page, "verify", lambda s: {"stream": s}, stored(), length)
                watch.check("verify attached")
                assert report["valid"] and not report["detached"] and report["size"] == size
                file.seek(0)
                file.truncate()
                with Watch(sandbox) as watch:
                    await through(page, "encrypt.cms", lambda s: {"document": {"name": "big.bin", "stream": s}, "recipients": [receiver["certificate"]],
                                                                 "output": "stream"}, pieces(size), size, file.write)
                watch.check("seal")
                length = file.tell()
                seen = 0

                def count(piece):
                    nonlocal seen
                    assert piece[:16] == BLOCK[seen % len(BLOCK):][:16] or seen % len(BLOCK) + 16 > len(BLOCK)
                    seen += len(piece)
                with Watch(sandbox) as watch:
                    await through(page, "decrypt.cms", lambda s: {"stream": s, "name": "big.bin", "output": "stream"}, stored(), length, count)
                watch.check("open")
                assert seen == size
    run(body(), 1500)
