"""The embedded history: one DuckDB file. Everything in it happens in one worker thread, off the event loop.

It takes batches and positions; it knows nothing of MQTT or of who asks. Where rows lie is `duck_tables`' business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from domain import DAY, HOUR, Instant, Lane, Reading, Value
from store.errors import CannotWrite, StoreError
from store.history import Point
from store.history.buffer import Batch, Buffer, last_positions
from store.history.duckdb import export, queries, tables

T = TypeVar("T")

BUFFER_READINGS_MAX: Final = 1_000_000
"""Readings held in memory while nothing can be written. Beyond, the journal alone has them."""
_FLUSH_READINGS_MAX: Final = 20_000
"""Readings in one transaction: building its columns holds the interpreter for a few milliseconds, not longer."""
_MOVE_READINGS_MAX: Final = 200_000
"""Readings moved to their day in one transaction: a flush or a question waits behind one of these, not all."""

_COLUMNS: Final = pa.schema(
    [
        ("device", pa.int32()),
        ("kind", pa.int32()),
        ("at_ms", pa.int64()),
        ("received", pa.int64()),
        ("vals", pa.string()),
        ("doubts", pa.string()),
    ]
)
_UNUSABLE: Final = (
    duckdb.IOException,
    duckdb.TransactionException,
    duckdb.FatalException,
    duckdb.InternalException,
    duckdb.ConnectionException,
)
"""A write or a commit failed, or did before: DuckDB may refuse everything until it is opened again."""
_encoder = msgspec.json.Encoder()
_encode = _encoder.encode


class DuckDbHistory:
    """A `History` in DIR/history.duckdb. DuckDB lets one process at a time open it."""

    def __init__(
        self, path: Path, *, buffer_readings_max: int = BUFFER_READINGS_MAX, memory_limit: str = "1GB", threads: int = 1
    ) -> None:
        self._path = path
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "threads": threads,
            "autoinstall_known_extensions": False,
        }
        self._buffer = Buffer(buffer_readings_max)
        self._durable: dict[Lane, int] = {}
        self._ids: dict[str, int] = {}
        self._thread = ThreadPoolExecutor(1, "history")
        self._connection = self._thread.submit(self._open).result()

    @property
    def pending(self) -> int:
        """Readings appended and not yet durable."""
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
        """See History.series."""
        await self._flush_if_possible()
        number = self._ids.get(device)
        if number is None:
            return []
        if step_ms is None:
            asked = partial(queries.points, self._connection, number, quantity, start, end, limit, after)
        else:
            asked = partial(queries.steps, self._connection, number, quantity, start, end, step_ms, limit, after)
        return await self._run(asked)

    async def latest(self, device: str) -> list[Point]:
        """See History.latest."""
        await self._flush_if_possible()
        number = self._ids.get(device)
        return [] if number is None else await self._run(partial(queries.newest, self._connection, number))

    def sorted_replay(self, start: Instant, end: Instant, devices: Sequence[str] | None = None) -> Iterator[Reading]:
        """See History.sorted_replay. It runs in the caller's thread, on a look of its own at the database."""
        while self._buffer.front(1):
            self._thread.submit(self._translate_errors, self._flush_some).result()
        look, names = self._thread.submit(self._open_reader).result()
        chosen = None if devices is None else [self._ids[one] for one in devices if one in self._ids]
        try:
            yield from queries.readings(look, names, start, end, chosen)
        finally:
            look.close()

    def first_received(self) -> Instant | None:
        """When the oldest reading of all was received."""
        return self._thread.submit(lambda: queries.first_received(self._connection)).result()

    def export(
        self,
        path: Path,
        start: Instant,
        end: Instant,
        devices: Sequence[str] | None = None,
        told: Callable[[float], None] = lambda _part: None,
    ) -> None:
        """The readings with `start <= received < end` in a file of their own, which another process may open.

        It runs in the caller's thread, and with the caller's priority, while this history goes on being written.
        """
        while self._buffer.front(1):
            self._thread.submit(self._translate_errors, self._flush_some).result()
        look, _ = self._thread.submit(self._open_reader).result()
        chosen = None if devices is None else [self._ids[one] for one in devices if one in self._ids]
        try:
            export.export_readings(look, path, start, end, chosen, told)
        finally:
            look.close()

    async def roll_up(self, now: Instant) -> None:
        """See History.roll_up. Other work gets its turn between the pieces; a kill in between harms nothing."""
        await self.flush()
        before = now - now % HOUR
        for first, last in await self._run(lambda: list(self._slices(before))):
            await self._run(partial(self._transact, tables.move_closed, before, first, last))
        for day in await self._run(lambda: tables.fragmented_days(self._connection, now)):
            await self._run(partial(self._transact, tables.recluster, day))

    async def retain(self, now: Instant, raw_days: int, minute_days: int, hour_days: int) -> None:
        """See History.retain. Raw readings go by whole days (UTC)."""
        limits = [now - days * DAY for days in (raw_days, minute_days, hour_days)]
        await self._run(partial(self._transact, tables.delete_expired, *limits))

    async def close(self) -> None:
        """See History.close."""
        try:
            await self.flush()
        finally:
            await self._run(self._connection.close)
            self._thread.shutdown()

    async def _flush_if_possible(self) -> None:
        try:
            await self.flush()
        except CannotWrite:
            # A full disk must not hide what is on it. Whoever flushes in turn is told.
            return

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._translate_errors, work)

    def _translate_errors(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except _UNUSABLE as error:
            self._reopen()
            raise CannotWrite(f"the history could not write: {error}") from error

    def _open(self) -> Any:
        try:
            connection = duckdb.connect(str(self._path), config=self._config)
        except duckdb.IOException as error:
            raise StoreError(f"the history cannot be opened: {error}") from error
        tables.create(connection)
        self._ids = dict(connection.execute("SELECT name, n FROM names").fetchall())
        found = connection.execute("SELECT lane, pos FROM cursors").fetchall()
        self._durable = {Lane(lane): pos for lane, pos in found}
        self._buffer.resume(self._durable)
        return connection

    def _reopen(self) -> None:
        self._connection.close()
        try:
            self._connection = self._open()
        except StoreError:
            # Still no room: the closed connection fails the next work too, which brings us here again.
            return

    def _open_reader(self) -> tuple[Any, dict[int, str]]:
        return self._connection.cursor(), {number: name for name, number in self._ids.items()}

    def _slices(self, before: Instant) -> Iterator[tuple[int, int]]:
        return tables.slices(self._connection, before, _MOVE_READINGS_MAX)

    def _transact(self, work: Callable[..., None], *arguments: object) -> None:
        self._connection.begin()
        try:
            work(self._connection, *arguments)
            self._connection.commit()
        except duckdb.Error:
            _roll_back(self._connection)
            raise

    def _flush_some(self) -> None:
        taken = self._buffer.front(_FLUSH_READINGS_MAX)
        # A commit that failed may have become durable all the same: the file decides, not our memory of it.
        fresh = [batch for batch in taken if batch[1] > self._durable.get(batch[0], 0)]
        known = len(self._ids)
        try:
            self._transact(self._write, fresh, known)
        except Exception:
            for name in list(islice(self._ids, known, None)):
                del self._ids[name]
            raise
        self._durable |= last_positions(fresh)
        self._buffer.drop(taken)

    def _write(self, connection: Any, batches: Sequence[Batch], known: int) -> None:
        readings = [reading for _, _, some in batches for reading in some]
        rows = _table(readings, self._ids)
        added = list(islice(self._ids, known, None)) if len(self._ids) > known else []
        if added:
            numbers = pa.array(range(known, known + len(added)), pa.int32())
            _insert(connection, "names", pa.table([numbers, pa.array(added, pa.string())], names=["n", "name"]))
        if readings:
            _insert(connection, "hot", rows)
        tables.put_positions(connection, [(lane.value, pos) for lane, pos in last_positions(batches).items()])


def _table(readings: Sequence[Reading], numbers: dict[str, int]) -> Any:
    """The readings as columns; names not met before get the next number."""
    doubts = [_encode(reading.doubts) if reading.doubts else None for reading in readings]
    return pa.table(
        [
            _numbered([reading.device for reading in readings], numbers),
            _numbered([reading.kind for reading in readings], numbers),
            pa.array([reading.at for reading in readings], pa.int64()),
            pa.array([reading.received for reading in readings], pa.int64()),
            _written([reading.values for reading in readings]),
            pa.array(doubts, pa.binary()).cast(pa.string()),
        ],
        schema=_COLUMNS,
    )


def _numbered(names: list[str], numbers: dict[str, int]) -> Any:
    try:
        return pa.array([numbers[name] for name in names], pa.int32())
    except KeyError:
        return pa.array([numbers.setdefault(name, len(numbers)) for name in names], pa.int32())


def _written(values: list[dict[str, Value]]) -> Any:
    """The values as JSON text: written in one go and cut at the line ends, which no JSON holds within."""
    lines = pa.scalar(_encoder.encode_lines(values)[:-1], pa.large_binary()).cast(pa.large_string())
    return pc.split_pattern(lines, "\n").values.cast(pa.string()) if values else pa.array([], pa.string())


def _insert(connection: Any, table: str, rows: Any) -> None:
    connection.register("batch", rows)
    connection.execute(f"INSERT INTO {table} SELECT * FROM batch")  # noqa: S608
    connection.unregister("batch")


def _roll_back(connection: Any) -> None:
    try:
        connection.rollback()
    except duckdb.Error:
        # Nothing is left to roll back when the failure ended the transaction itself.
        return
