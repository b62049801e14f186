"""A TCP server that records the first bytes of a connection: what a client sends before anything is answered."""

from __future__ import annotations

import asyncio
import ssl

from tests.support.timeouts import LONG_TIMEOUT_S

TLS_HANDSHAKE = b"\x16\x03"
"""How a TLS connection begins."""


class TcpRecorder:
    """Listens in clear or behind TLS."""

    def __init__(self) -> None:
        self._first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def listen(self, tls: ssl.SSLContext | None = None) -> int:
        """Returns the port."""
        self._server = await asyncio.start_server(self._record, "127.0.0.1", 0, ssl=tls)
        return int(self._server.sockets[0].getsockname()[1])

    async def _record(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received = await reader.read(200)
        if not self._first.done():
            self._first.set_result(received)
        writer.close()

    async def first_bytes(self, client: asyncio.Task[None]) -> bytes:
        """What the client sent; the client is cancelled then."""
        async with asyncio.timeout(LONG_TIMEOUT_S):
            received = await self._first
        client.cancel()
        await asyncio.gather(client, return_exceptions=True)
        self._server.close()
        return received
