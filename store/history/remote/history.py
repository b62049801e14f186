"""A history beyond one machine: line protocol (v2 write API) through influxdb-client, read back by a `Reader`.

Such a server has no transaction around data and position. The position is written after the data, so that a crash in
between writes the same data again, and equal points count once: InfluxDB overwrites them, VictoriaMetrics keeps both
and the reader drops one. Two different values of one quantity in the same millisecond are one on InfluxDB. Roll-ups and
retention are the server's own settings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Literal, TypeVar

from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from domain import DAY, Instant, Lane, Reading
from store.errors import CannotWrite, StoreError
from store.history import Point
from store.history.buffer import Batch, Buffer, last_positions
from store.history.remote import samples
from store.history.remote.influxdb import InfluxDbReader
from store.history.remote.line_protocol import lines, position_line
from store.history.remote.samples import SampleReader
from store.history.remote.victoriametrics import VictoriaMetricsReader

T = TypeVar("T")
Target = Literal["victoriametrics", "influxdb"]

BUFFER_READINGS_MAX: Final = 1_000_000
_WRITE_READINGS_MAX: Final = 5_000


class LineProtocolHistory:
    """A `History` on a server that takes line protocol. `booleans` names the quantities that are booleans."""

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        org: str = "fengshao",
        bucket: str = "fengshao",
        target: Target = "victoriametrics",
        booleans: Collection[str] = (),
        timeout_s: float = 10.0,
    ) -> None:
        self._client: Any = InfluxDBClient(url, token=token, org=org, timeout=round(timeout_s * 1000))
        self._write_api: Any = self._client.write_api(write_options=SYNCHRONOUS)
        self._bucket = bucket
        self._text_as_tags = target == "victoriametrics"
        self._reader: SampleReader = (
            VictoriaMetricsReader(url, token=token, booleans=booleans, timeout_s=timeout_s)
            if target == "victoriametrics"
            else InfluxDbReader(self._client, org, bucket)
        )
        self._buffer = Buffer(BUFFER_READINGS_MAX)
        self._thread = ThreadPoolExecutor(1, "history")
        try:
            self._durable = self._thread.submit(self._reader.position).result()
        except StoreError:
            self._disconnect()
            self._thread.shutdown()
            raise
        self._buffer.resume(self._durable)

    @property
    def pending(self) -> int:
        """Readings appended and not yet written."""
        return self._buffer.readings

    @property
    def overflowed(self) -> bool:
        """True when the buffer was full and readings are left to the journal until the next start."""
        return self._buffer.overflowed

    def append(self, lane: Lane, pos: int, readings: Sequence[Reading]) -> bool:
        """See History.append."""
        return self._buffer.append(lane, pos, readings)

    async def flush(self) -> None:
        """See History.flush. Raises CannotWrite; nothing is lost from memory then, and the next flush tries again."""
        while self._buffer.front(1):
            await self._run(self._flush_some)

    def position(self) -> dict[Lane, int]:
        """See History.position."""
        return dict(self._durable)

    async def series(
        self,
        device: str,
        quantity: str | None,
        start: Instant,
        end: Instant,
        step_ms: int | None = None,
        limit: int = 1000,
        after: str | None = None,
    ) -> list[Point]:
        """See History.series. The whole range is fetched and the page cut from it here."""
        await self.flush()
        found = await self._run(lambda: samples.points(self._reader.samples(start, end, device, quantity)))
        return samples.page(samples.bucketed(found, step_ms) if step_ms else found, limit, after)

    async def latest(self, device: str) -> list[Point]:
        """See History.latest. Looks back 30 days."""
        await self.flush()
        return await self._run(lambda: samples.newest(self._reader.newest(device)))

    def sorted_replay(self, start: Instant, end: Instant, devices: Sequence[str] | None = None) -> Iterator[Reading]:
        """See History.sorted_replay. Chosen by the devices' clocks, day by day, and within a day as received."""
        while self._buffer.front(1):
            self._thread.submit(self._flush_some).result()
        wanted: Sequence[str | None] = [None] if devices is None else devices
        for day in range(start - start % DAY, end, DAY):
            begin, stop = max(start, day), min(end, day + DAY)
            parts = [sample for one in wanted for sample in self._reader.samples(begin, stop, one, None)]
            yield from samples.readings(parts)

    async def roll_up(self, now: Instant) -> None:
        """See History.roll_up: the server's own business."""

    async def retain(self, now: Instant, raw_days: int, minute_days: int, hour_days: int) -> None:
        """See History.retain: a setting of the server (`-retentionPeriod`, or of the bucket)."""

    async def close(self) -> None:
        """See History.close."""
        try:
            await self.flush()
        finally:
            await self._run(self._disconnect)
            self._thread.shutdown()

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _flush_some(self) -> None:
        taken = self._buffer.front(_WRITE_READINGS_MAX)
        readings = [reading for _, _, some in taken for reading in some]
        if readings:
            self._write(lines(readings, text_as_tags=self._text_as_tags))
            self._write(_positions(taken, max(reading.received for reading in readings)))
        self._durable |= last_positions(taken)
        self._buffer.drop(taken)

    def _write(self, text: Iterator[str]) -> None:
        record = "\n".join(text).encode()
        try:
            self._write_api.write(self._bucket, record=record, write_precision=WritePrecision.MS)
        except (ApiException, InfluxDBError, HTTPError, OSError) as error:
            raise CannotWrite(f"the history server took nothing: {error}") from error

    def _disconnect(self) -> None:
        self._write_api.close()
        self._client.close()
        self._reader.close()


def _positions(taken: Sequence[Batch], at: Instant) -> Iterator[str]:
    yield from (position_line(lane, pos, at) for lane, pos in last_positions(taken).items())
