# SPDX-License-Identifier: Apache-2.0
"""A page of an existing portal, as the script in it speaks: one socket of /dastine."""
import asyncio
import contextlib
import json
import ssl
import time

import websockets
from harness import ReadSocket

INFO = "k3JdAAAA0000zzz"
PORTAL = "http://portal.example"


class DastinePage(ReadSocket):
    def __init__(self, sandbox, origin=PORTAL, info=INFO, tls=False):
        self.port, self.origin, self.info = sandbox.tls_port if tls else sandbox.port, origin, info
        self.tls = ssl.create_default_context(cafile=sandbox.ready["ca"]) if tls else None
        self.url = f"wss://localhost:{self.port}/dastine" if tls else f"ws://127.0.0.1:{self.port}/dastine"
        self.replies = asyncio.Queue()

    async def __aenter__(self):
        await self.connect(self.url, "127.0.0.1", self.port, origin=self.origin, ssl=self.tls, **({"server_hostname": "localhost"} if self.tls else {}))
        return self

    async def _read(self):
        with contextlib.suppress(websockets.ConnectionClosed):
            async for message in self.socket:
                assert isinstance(message, str), "a frame that is not text"
                await self.replies.put(json.loads(message))

    async def send(self, command, **members):
        await self.socket.send(json.dumps({"command": command, "src": "dastine.js", **members, "info": self.info}))

    async def reply(self, command, timeout=60):
        """The next reply, which has to be this command's."""
        message = await asyncio.wait_for(self.replies.get(), timeout)
        assert message.keys() == {"command", "Result"}, message
        assert message["command"] == command, message
        assert isinstance(message["Result"], str), message
        return message["Result"]

    async def call(self, command, timeout=60, **members):
        await self.send(command, **members)
        return await self.reply(command, timeout)

    async def timed(self, command, **members):
        """The Result and how many milliseconds it took."""
        begun = time.monotonic()
        result = await self.call(command, **members)
        return result, (time.monotonic() - begun) * 1000

    async def select(self):
        result = await self.call("SelectCertificateFromTokenByUI", issuer="", keyUsages="")
        assert result == "0", result

    async def quiet(self, seconds=0.3):
        """Nothing comes unasked."""
        await asyncio.sleep(seconds)
        assert self.replies.empty(), self.replies.get_nowait()
