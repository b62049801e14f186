"""A history on a simulated InfluxDB of one of three versions, and what that server refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal

from domain import DAY, Lane, Reading, Value
from simulators.providers.influxdb.server import InfluxServer
from simulators.providers.influxdb.server3 import InfluxServer3
from store.history import ServerStatus
from store.history.remote.answers import Account
from store.history.remote.history import LineProtocolHistory
from store.history.remote.sender import Timing
from store.refused_values import RefusedValue
from tests.support.timeouts import LONG_TIMEOUT_S

Version = Literal["1.8", "2.8", "3"]
Server = InfluxServer | InfluxServer3
NOW = 1_795_262_400_000
FAST = Timing(first_pause_s=0.005, longest_pause_s=0.02)
ACCOUNT = Account("fengshao", "fengshao", "FENGSHAO_HISTORY_TOKEN")


def reading(at: int = NOW, device: str = "g1", **values: Value) -> Reading:
    return Reading(device, "gas_alarm", at, at + 50, values)


class Site:
    """A simulated server, a history on it, and the values it refused."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder, self.server = folder, server
        self.refused: list[RefusedValue] = []
        self._pos = 0

    async def open(self, **changes: Any) -> LineProtocolHistory:
        settings = {"account": ACCOUNT, "token": "secret", "timing": FAST, "timeout_s": 5.0, **changes}
        make = partial(
            LineProtocolHistory,
            self.server.url,
            self.folder,
            target="influxdb3" if isinstance(self.server, InfluxServer3) else "influxdb",
            keep_refused=self.refused.extend,
            **settings,
        )
        self.history = await asyncio.to_thread(make)
        return self.history

    async def write(self, *readings: Reading) -> None:
        self._pos += 1
        self.history.append(Lane.BULK, self._pos, readings)
        await self.history.flush()

    async def sent(self) -> None:
        deadline = asyncio.get_running_loop().time() + LONG_TIMEOUT_S
        while not await self.history.sent(1.0):
            assert asyncio.get_running_loop().time() < deadline, self.history.server_status()
            await asyncio.sleep(0.01)

    async def series(self, device: str = "g1", quantity: str | None = None) -> list[str]:
        points = await self.history.series(device, quantity, NOW - 40 * DAY, NOW + DAY)
        return [f"{point.at - NOW} {point.quantity} {point.value!r}" for point in points]

    def named(self) -> list[str]:
        return sorted(
            f"{value.device} {value.quantity} {value.at - NOW} {value.reason.value}" for value in self.refused
        )

    def status(self) -> ServerStatus:
        """How the server takes what is sent."""
        status = self.history.server_status()
        assert status is not None
        return status


@asynccontextmanager
async def opened_site(folder: Path, version: Version, **server: Any) -> AsyncIterator[Site]:
    """A site with its spool in `folder`; `server`: settings of the simulated server."""
    make = InfluxServer3 if version == "3" else partial(InfluxServer, version)
    async with make(lambda: NOW, token="secret", **server) as simulated:
        site = Site(folder, simulated)
        await site.open()
        yield site
        await site.history.close()
