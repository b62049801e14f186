"""A history on a time series server: written as line protocol, read back by a `SampleReader`.

What is appended is durable once it lies in the spool, a folder beside the journal; a thread of its own sends the spool
to the server. So nothing waits for the server: not checkpoints, not evaluation, not the start. Data may be sent twice,
after a crash or after a restart of the server; equal points count once (InfluxDB overwrites them, VictoriaMetrics keeps
both and the reader drops one). InfluxDB keeps one of two different values of a quantity in the same millisecond.
Roll-ups and retention are settings of the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from domain import DAY, Instant, Reading
from store.errors import CannotWrite, StoreError
from store.history import Point, Rollup, ServerStatus
from store.history.buffer import Batch, last_positions
from store.history.buffered import BufferedHistory
from store.history.remote import samples
from store.history.remote.answers import Account
from store.history.remote.compression import compress
from store.history.remote.line_protocol import position_line
from store.history.remote.sender import KeepRefused, Sender, Timing
from store.history.remote.spool import RecordHead, Spool
from store.history.remote.targets import Target, TargetServer

T = TypeVar("T")

SPOOL_BYTES_MAX: Final = 8 * 1024**3
"""About 800 million readings, compressed: two days at 5,000 a second."""
_FLUSH_READINGS_MAX: Final = 20_000
_SENT_WITHIN_S: Final = 2.0
"""How long a query waits for what was appended before it, while the server takes it."""
_READERS: Final = 2
_READ_S: Final = 10.0


class LineProtocolHistory(BufferedHistory):
    """A `History` on a server that accepts line protocol, with its spool in `folder`.

    `boolean_quantities` are read back as booleans where an earlier version wrote them to VictoriaMetrics as numbers.
    The server is asked for positions of an earlier version when the folder is new: only then must it answer. With
    `must_answer` false one that does not is taken to have none: the readings of the journal are sent again, and equal
    points count once.
    """

    def __init__(
        self,
        url: str,
        folder: Path,
        *,
        token: str = "",
        account: Account | None = None,
        target: Target = "victoriametrics",
        boolean_quantities: Collection[str] = (),
        keep_refused: KeepRefused = lambda _refused: None,
        spool_bytes_max: int = SPOOL_BYTES_MAX,
        timeout_s: float = 60.0,
        timing: Timing | None = None,
        must_answer: bool = True,
    ) -> None:
        super().__init__()
        account = account or Account("fengshao", "fengshao", "FENGSHAO_HISTORY_TOKEN")
        self._target = TargetServer(target, url, token, account, boolean_quantities)
        self._readers = ThreadPoolExecutor(_READERS, "history-read")
        self._reader = self._target.reader(_READ_S)
        self._spool = Spool(folder, spool_bytes_max)
        try:
            if self._spool.is_new:
                self._spool.adopt(self._reader.position() if must_answer else {})
        except StoreError:
            self._close_files()
            self._thread.shutdown()
            raise
        self._durable = dict(self._spool.positions)
        self._buffer.resume(self._durable)
        server = self._target.writer(timeout_s)
        self._sender = Sender(
            self._spool, server, keep_refused, confirms=self._target.confirms, timing=timing or Timing()
        )
        self._sender.start()

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
        points = await self._query(lambda: samples.points(self._reader.samples(start, end, device, quantity)))
        return samples.page(samples.bucketed(points, step_ms) if step_ms else points, limit, after)

    async def rollups(
        self, device: str, quantity: str | None, start: Instant, end: Instant, step_ms: int
    ) -> list[Rollup]:
        """See History.rollups. The whole range is fetched and the buckets are made here."""
        begin = start // step_ms * step_ms
        points = await self._query(lambda: samples.points(self._reader.samples(begin, end, device, quantity)))
        return samples.rollups(points, step_ms)

    async def latest(self, device: str) -> list[Point]:
        """See History.latest."""
        return await self._query(lambda: samples.newest(self._reader.newest(device)))

    def sorted_replay(self, start: Instant, end: Instant, devices: Sequence[str] | None = None) -> Iterator[Reading]:
        """See History.sorted_replay. Selected by event time, day by day; within a day in the order of reception."""
        self._flush_blocking()
        self._sender.wait_until_sent(_SENT_WITHIN_S)
        filters: Sequence[str | None] = [None] if devices is None else devices
        for day in range(start - start % DAY, end, DAY):
            begin, stop = max(start, day), min(end, day + DAY)
            found = [sample for device in filters for sample in self._reader.samples(begin, stop, device, None)]
            yield from samples.readings(found)

    async def roll_up(self, now: Instant) -> None:
        """See History.roll_up: done by the server."""

    async def delete_expired(self, now: Instant, raw_days: int, minute_days: int, hour_days: int) -> None:
        """See History.delete_expired: a setting of the server (`-retentionPeriod`, or of the bucket)."""

    def server_status(self) -> ServerStatus | None:
        """See History.server_status."""
        return self._sender.status()

    async def sent(self, within_s: float) -> bool:
        """Wait until the server has accepted what was flushed; False when it did not in this time."""
        return await asyncio.to_thread(self._sender.wait_until_sent, within_s)

    async def _query(self, query: Callable[[], T]) -> T:
        """Run a query beside the writer: a slow server must not keep what is appended from the disk."""
        # With a full disk the server can still be read. The writer's own flush reports the error.
        with suppress(CannotWrite):
            await self.flush()

        def run() -> T:
            # After an outage it would be in vain.
            if self._sender.status().waiting_readings <= _FLUSH_READINGS_MAX:
                self._sender.wait_until_sent(_SENT_WITHIN_S)
            return query()

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    def _flush_batch(self) -> None:
        """Several records with one sync: a checkpoint waits for it."""
        batches = self._buffer.front(_FLUSH_READINGS_MAX)
        for part in _parts(batches, self._target.readings_per_write):
            readings = [reading for _, _, batch in part for reading in batch]
            if readings:
                newest = max(reading.received for reading in readings)
                text = "\n".join([*self._target.lines(readings), *_positions(part, newest)])
                self._spool.append(RecordHead(last_positions(part), len(readings), newest), compress(text))
        self._spool.sync()
        self._sender.wake()
        self._durable |= last_positions(batches)
        self._buffer.drop(batches)

    def _disconnect(self) -> None:
        self._sender.stop(_SENT_WITHIN_S)
        self._close_files()

    def _close_files(self) -> None:
        self._readers.shutdown(wait=False, cancel_futures=True)
        self._reader.close()
        self._spool.close()


def _parts(batches: Sequence[Batch], readings_max: int) -> Iterator[list[Batch]]:
    """The entries in groups of about so many readings, in order."""
    part, size = list[Batch](), 0
    for batch in batches:
        part.append(batch)
        size += len(batch[2])
        if size >= readings_max:
            yield part
            part, size = [], 0
    if part:
        yield part


def _positions(batches: Sequence[Batch], at: Instant) -> Iterator[str]:
    return (position_line(lane, pos, at) for lane, pos in last_positions(batches).items())
