# SPDX-License-Identifier: Apache-2.0
"""What hundreds of polling pages cost, and what passes through /dastine at its limits."""
import asyncio
import os
import pathlib
import statistics
import time

import pytest
from dastine import DastinePage
from harness import b64, document, run, status_kib

PAGES = 200
SECONDS = 15


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def poll(page, times, until):
    while time.monotonic() < until:
        result, milliseconds = await page.timed("TokenRemoveHandler")
        assert result == "10"
        times.append(milliseconds)
        await asyncio.sleep(0.5)


@pytest.mark.slow
def test_two_hundred_polling_pages(start):
    """200 pages polling twice a second cost less than 3 % of one core and slow a signature by less than 5 ms [R190] [T09]"""
    sandbox = start(consent="allow")

    async def signatures(page, certificate, count=15):
        taken = []
        for _ in range(count):
            begun = time.monotonic()
            await page.call("sign.cms", document=document("text"), certificate=certificate["handle"])
            taken.append((time.monotonic() - begun) * 1000)
            await asyncio.sleep(0.05)
        return taken

    async def body():
        pages = []
        for i in range(PAGES):
            # 64 sockets of an origin at most
            page = DastinePage(sandbox, origin=f"http://portal{i % 8}.example", info=f"tab{i}")
            pages.append(await page.__aenter__())
            assert await page.call("SetTokenRemoveEvent") == "0"
        async with sandbox.page() as modern:
            await modern.grant()
            certificate = await modern.certificate("P-256")
            await signatures(modern, certificate, 5)
            times = []
            until = time.monotonic() + SECONDS
            begun, cpu = time.monotonic(), cpu_seconds(sandbox.door_pid) + cpu_seconds(sandbox.pid)
            polling = [asyncio.create_task(poll(page, times, until)) for page in pages]
            await asyncio.gather(*polling)
            share = (cpu_seconds(sandbox.door_pid) + cpu_seconds(sandbox.pid) - cpu) / (time.monotonic() - begun)
            alone, meanwhile = [], []
            # In turns: a busy minute of the machine hits both. This process polls too, so its own work counts against us.
            for _ in range(4):
                alone += await signatures(modern, certificate)
                polling = [asyncio.create_task(poll(page, [], time.monotonic() + 4)) for page in pages]
                await asyncio.sleep(1)
                meanwhile += await signatures(modern, certificate)
                await asyncio.gather(*polling)
        for page in pages:
            await page.__aexit__()
        print(f"\n{len(times)} polls, {100 * share:.2f} % of one core, median {statistics.median(times):.2f} ms; "
              f"signature {min(alone):.1f} ms alone, {min(meanwhile):.1f} ms meanwhile (medians {statistics.median(alone):.1f}, {statistics.median(meanwhile):.1f})")
        assert len(times) > PAGES * SECONDS
        assert share < 0.03
        # The best of each: a busy machine slows single ones, the polls would slow every one.
        assert min(meanwhile) - min(alone) < 5
    run(body(), 180)


@pytest.mark.slow
def test_documents_at_the_limit(start):
    """sockets that send 48 MiB at once leave the door's memory bounded, and a poll between them is answered [R192] [T09]"""
    sandbox = start(consent="allow")
    size = 47 * 1024 * 1024

    async def send(page):
        async def pieces():
            yield f'{{"command":"CmsDecrypt","src":"dastine.js","info":"{page.info}","cipher":"'
            for _ in range(size * 4 // 3 // (256 * 1024)):
                yield "A" * (256 * 1024)
            yield '"}'
        await page.socket.send(pieces())
        return await page.reply("CmsDecrypt", 120)

    async def body():
        async with DastinePage(sandbox, info="poller") as poller:
            await poller.call("GetVersion")
            before = status_kib(sandbox.door_pid, "VmHWM")
            pages = [await DastinePage(sandbox, info=f"tab{i}").__aenter__() for i in range(8)]
            sending = [asyncio.create_task(send(page)) for page in pages]
            times = []
            while not all(task.done() for task in sending):
                times.append((await poller.timed("TokenInsertHandler"))[1])
                await asyncio.sleep(0.02)
            results = [task.result() for task in sending]
            for page in pages:
                await page.__aexit__()
            grown = (status_kib(sandbox.door_pid, "VmHWM") - before) / 1024
        # This process sends and polls: the times are rather its own than the daemon's.
        print(f"\n{results}, {grown:.0f} MiB more, {len(times)} polls: median {statistics.median(times):.1f} ms")
        # No envelope: 60; beyond what one origin may have waiting: 15.
        assert set(results) <= {"60", "15"} and "60" in results
        assert grown < 40
    run(body(), 240)
