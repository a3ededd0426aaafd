# SPDX-License-Identifier: Apache-2.0
"""The shipped timers of the front door, at work: a sandbox whose clock runs faster shows each, and none is told to it by the test."""
import asyncio
import base64
import json
import os
import struct
import time

import pytest
import websockets
from harness import ORIGIN, Sandbox, connected_socket, run

# Seconds, as published (docs/protocol.md, config/mohrd.toml).
SILENT, HEADERS, TLS_HANDSHAKE, FIRST_MESSAGE, PING, PONG, IDLE = 300, 10, 10, 30, 25, 20, 900
UPGRADE = ("GET /v1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: " + ORIGIN + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Protocol: mohr.v1\r\nSec-WebSocket-Key: {key}\r\n\r\n")
INFO = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "service.info", "params": {}}).encode()


async def opened(port, first=b""):
    reader, writer = await asyncio.open_connection(sock=connected_socket("127.0.0.1", port))
    writer.write(first)
    return reader, writer, time.monotonic()


async def until_closed(port, first=b""):
    """How long a connection that says no more than this is kept."""
    reader, writer, begin = await opened(port, first)
    await reader.read()
    writer.close()
    return time.monotonic() - begin


async def page_until_closed(sandbox, says):
    """The same for a page that answers pings; and the code that it is sent away with."""
    page = await websockets.connect(sandbox.ready["ws"], sock=connected_socket("127.0.0.1", sandbox.port), origin=ORIGIN, subprotocols=["mohr.v1"],
                                    compression=None, ping_interval=None)
    begin = time.monotonic()
    if says:
        await page.send(INFO.decode())
    with pytest.raises(websockets.ConnectionClosed):
        while True:
            await page.recv()
    return time.monotonic() - begin, page.close_code


async def pinged_until_closed(port):
    """A page that answers no ping: when the first came, and how long after it the connection ended."""
    head = UPGRADE.format(port=port, key=base64.b64encode(os.urandom(16)).decode()).encode()
    reader, writer, begin = await opened(port, head)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
    writer.write(bytes([0x81, 0x80 | len(INFO)]) + bytes(4) + INFO)  # masked with zeroes
    ping = None
    while True:
        try:
            kind, size = await reader.readexactly(2)
            if size == 126:
                (size,) = struct.unpack(">H", await reader.readexactly(2))
            await reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            return ping - begin, time.monotonic() - begin - ping + begin
        if kind == 0x89 and ping is None:
            ping = time.monotonic()


def holds(seen, shipped, factor):
    """Never early; late by what a busy machine takes."""
    assert 0.9 * shipped / factor <= seen <= 1.5 * shipped / factor + 2, f"{seen:.2f} s at {factor} times the speed: {seen * factor:.0f} s for {shipped} s"


def test_timers(build):
    """each timer of the front door has its shipped length where the clock runs six and sixty times as fast [T09] [R192]"""
    with Sandbox(build, consent="allow", options=["--shorten-timers", "6"]) as six, Sandbox(build, consent="allow", options=["--shorten-timers", "60"]) as sixty:
        async def body():
            return await asyncio.gather(until_closed(sixty.port), page_until_closed(sixty, True), until_closed(six.port, b"GET /v1 HTTP/1.1\r\n"),
                                        until_closed(six.tls_port, b"\x16"), page_until_closed(six, False), pinged_until_closed(six.port))
        silent, (idle, idle_code), headers, tls_handshake, (first_message, first_code), (ping, pong) = run(body())
    holds(silent, SILENT, 60)
    holds(idle, IDLE, 60)
    holds(headers, HEADERS, 6)
    holds(tls_handshake, TLS_HANDSHAKE, 6)
    holds(first_message, FIRST_MESSAGE, 6)
    holds(ping, PING, 6)
    holds(pong, PONG, 6)
    assert (idle_code, first_code) == (1001, 1008)
