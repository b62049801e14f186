"""A TCP proxy whose connections a test cuts as a dead network does: nothing is refused, nothing arrives."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Self

CHUNK_BYTES = 65_536


class CutProxy:
    """Listens on a port of its own for one server. While cut, bytes are read and dropped in both directions."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._is_cut = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def root(self) -> str:
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._server.close()
        self._close_connections()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Nothing arrives any more, on open connections and on new ones."""
        self._is_cut = True

    def restore(self) -> None:
        """Connections of before are gone; new ones work."""
        self._is_cut = False
        self._close_connections()

    def _close_connections(self) -> None:
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(*self._target)
        self._writers |= {writer, server_writer}
        for source, target in ((reader, server_writer), (server_reader, writer)):
            task = asyncio.create_task(self._pass_on(source, target))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(CHUNK_BYTES):
                if not self._is_cut:
                    writer.write(data)
                    await writer.drain()
        writer.close()
