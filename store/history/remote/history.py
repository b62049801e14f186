"""A history on a time series server: written as line protocol (v2 write API), read back by a `SampleReader`.

Such a server has no transaction around data and position. The position is written after the data: a crash in between
writes the same data again, and equal points count once (InfluxDB overwrites them, VictoriaMetrics keeps both and the
reader drops one). InfluxDB keeps one of two different values of a quantity in the same millisecond. Roll-ups and
retention are settings of the server.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, Literal

from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from domain import DAY, Instant, Reading
from store.errors import CannotWrite, StoreError
from store.history import Point
from store.history.buffer import Batch, last_positions
from store.history.buffered import BufferedHistory
from store.history.remote import samples
from store.history.remote.influxdb import InfluxDbReader
from store.history.remote.line_protocol import lines, position_line
from store.history.remote.samples import SampleReader
from store.history.remote.victoriametrics import VictoriaMetricsReader

Target = Literal["victoriametrics", "influxdb"]

_WRITE_READINGS_MAX: Final = 5_000


class LineProtocolHistory(BufferedHistory):
    """A `History` on a server that accepts line protocol.

    `boolean_quantities` are read back as booleans: VictoriaMetrics stores them as numbers.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        org: str = "fengshao",
        bucket: str = "fengshao",
        target: Target = "victoriametrics",
        boolean_quantities: Collection[str] = (),
        timeout_s: float = 10.0,
    ) -> None:
        super().__init__()
        self._client: Any = InfluxDBClient(url, token=token, org=org, timeout=round(timeout_s * 1000))
        self._write_api: Any = self._client.write_api(write_options=SYNCHRONOUS)
        self._bucket = bucket
        self._text_as_tags = target == "victoriametrics"
        self._reader: SampleReader = (
            VictoriaMetricsReader(url, token=token, boolean_quantities=boolean_quantities, timeout_s=timeout_s)
            if target == "victoriametrics"
            else InfluxDbReader(self._client, org, bucket)
        )
        try:
            self._durable = self._thread.submit(self._reader.position).result()
        except StoreError:
            self._disconnect()
            self._thread.shutdown()
            raise
        self._buffer.resume(self._durable)

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
        points = await self._run(lambda: samples.points(self._reader.samples(start, end, device, quantity)))
        return samples.page(samples.bucketed(points, step_ms) if step_ms else points, limit, after)

    async def latest(self, device: str) -> list[Point]:
        """See History.latest. Looks back 30 days."""
        await self.flush()
        return await self._run(lambda: samples.newest(self._reader.newest(device)))

    def sorted_replay(self, start: Instant, end: Instant, devices: Sequence[str] | None = None) -> Iterator[Reading]:
        """See History.sorted_replay. Selected by event time, day by day; within a day in the order of reception."""
        self._flush_blocking()
        filters: Sequence[str | None] = [None] if devices is None else devices
        for day in range(start - start % DAY, end, DAY):
            begin, stop = max(start, day), min(end, day + DAY)
            found = [sample for device in filters for sample in self._reader.samples(begin, stop, device, None)]
            yield from samples.readings(found)

    async def roll_up(self, now: Instant) -> None:
        """See History.roll_up: done by the server."""

    async def delete_expired(self, now: Instant, raw_days: int, minute_days: int, hour_days: int) -> None:
        """See History.retain: a setting of the server (`-retentionPeriod`, or of the bucket)."""

    def _flush_batch(self) -> None:
        batches = self._buffer.front(_WRITE_READINGS_MAX)
        readings = [reading for _, _, batch in batches for reading in batch]
        if readings:
            self._write(lines(readings, text_as_tags=self._text_as_tags))
            self._write(_positions(batches, max(reading.received for reading in readings)))
        self._durable |= last_positions(batches)
        self._buffer.drop(batches)

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


def _positions(batches: Sequence[Batch], at: Instant) -> Iterator[str]:
    yield from (position_line(lane, pos, at) for lane, pos in last_positions(batches).items())
