"""The embedded history: one DuckDB file, read and written in one worker thread, off the event loop.

Readings go into the table `hot`; tables.py says where they lie after that, queries.py how they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

import duckdb

from domain import DAY, HOUR, Instant, Lane, Reading
from store.errors import CannotWrite, StoreError
from store.history import Point, Rollup
from store.history.buffer import Batch, last_positions
from store.history.buffered import MAX_BUFFERED_READINGS, BufferedHistory
from store.history.duckdb import columns, export, queries, snapshot, tables

T = TypeVar("T")

_FLUSH_READINGS_MAX: Final = 20_000
"""Readings in one transaction: building its columns holds the interpreter for a few milliseconds, not longer."""
_MOVE_READINGS_MAX: Final = 200_000
"""Readings moved to their day in one transaction: a flush or a query waits for one of these, not for all."""

_MEMORY_LIMIT: Final = "128MB"
"""DuckDB fills it with blocks of the file. With 256 MB a service under load grew by 30 MiB more and a roll-up took 120
more, in a fifth less processor time; with 64 MB a roll-up fails (docs/performance.md)."""

_UNUSABLE: Final = (
    duckdb.IOException,
    duckdb.TransactionException,
    duckdb.FatalException,
    duckdb.InternalException,
    duckdb.ConnectionException,
)
"""Errors after which DuckDB may refuse everything until the file is opened again."""


class DuckDbHistory(BufferedHistory):
    """A `History` in one DuckDB file. DuckDB lets one process at a time open it."""

    def __init__(
        self,
        path: Path,
        *,
        max_buffered_readings: int = MAX_BUFFERED_READINGS,
        memory_limit: str = _MEMORY_LIMIT,
        threads: int = 1,
    ) -> None:
        super().__init__(max_buffered_readings)
        self._path = path
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "threads": threads,
            "autoinstall_known_extensions": False,
        }
        self._ids: dict[str, int] = {}
        self._connection = self._thread.submit(self._open).result()

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
        device_id = self._ids.get(device)
        if device_id is None:
            return []
        if step_ms is None:
            query = partial(queries.points, self._connection, device_id, quantity, start, end, limit, after)
        else:
            query = partial(queries.buckets, self._connection, device_id, quantity, start, end, step_ms, limit, after)
        return await self._run(query)

    async def rollups(
        self, device: str, quantity: str | None, start: Instant, end: Instant, step_ms: int
    ) -> list[Rollup]:
        """See History.rollups."""
        await self._flush_if_possible()
        device_id = self._ids.get(device)
        if device_id is None:
            return []
        return await self._run(partial(queries.rollups, self._connection, device_id, quantity, start, end, step_ms))

    async def latest(self, device: str) -> list[Point]:
        """See History.latest."""
        await self._flush_if_possible()
        device_id = self._ids.get(device)
        return [] if device_id is None else await self._run(partial(queries.newest, self._connection, device_id))

    def sorted_replay(self, start: Instant, end: Instant, devices: Sequence[str] | None = None) -> Iterator[Reading]:
        """See History.sorted_replay. Runs in the caller's thread, on a database connection of its own."""
        self._flush_blocking()
        reader, names = self._thread.submit(self._open_reader).result()
        try:
            yield from queries.readings(reader, names, start, end, self._ids_of(devices))
        finally:
            reader.close()

    def first_received(self) -> Instant | None:
        """When the oldest reading was received; None without readings."""
        return self._thread.submit(lambda: queries.first_received(self._connection)).result()

    def export(
        self,
        path: Path,
        start: Instant,
        end: Instant,
        devices: Sequence[str] | None = None,
        on_progress: Callable[[float], None] = lambda _share: None,
    ) -> None:
        """Writes the readings with `start <= received < end` to a new file, which another process may open.

        Runs in the caller's thread, with the caller's priority, while this history goes on being written.
        """
        self._flush_blocking()
        reader, _ = self._thread.submit(self._open_reader).result()
        try:
            export.export_readings(reader, path, start, end, self._ids_of(devices), on_progress)
        finally:
            reader.close()

    def snapshot(self, path: Path, on_begin: Callable[[], None], *, with_readings: bool = True) -> None:
        """Write everything as it is now to a new file while this history goes on being written; without readings only
        names and journal positions. `on_begin` is called once later changes are no longer in it.

        Runs in the caller's thread. Raises StoreError.
        """
        self._flush_blocking()
        reader, _ = self._thread.submit(self._open_reader).result()
        try:
            snapshot.write_snapshot(reader, path, on_begin, with_readings=with_readings)
        except duckdb.Error as error:
            raise StoreError(f"the history cannot be copied: {error}") from error
        finally:
            reader.close()

    async def roll_up(self, now: Instant) -> None:
        """See History.roll_up. Other work runs between the slices; each slice is one transaction."""
        await self.flush()
        before = now - now % HOUR
        for first, last in await self._run(lambda: list(self._slices(before))):
            await self._run(partial(self._transact, tables.move_closed, before, first, last))
        for day in await self._run(lambda: tables.fragmented_days(self._connection, now)):
            await self._run(partial(self._transact, tables.recluster, day))

    async def delete_expired(self, now: Instant, raw_days: int, minute_days: int, hour_days: int) -> None:
        """See History.retain. Raw readings are deleted by whole days (UTC)."""
        limits = [now - days * DAY for days in (raw_days, minute_days, hour_days)]
        await self._run(partial(self._transact, tables.delete_expired, *limits))

    async def _flush_if_possible(self) -> None:
        try:
            await self.flush()
        except CannotWrite:
            # With a full disk, what is stored can still be read. The writer's own flush reports the error.
            return

    def _ids_of(self, devices: Sequence[str] | None) -> list[int] | None:
        return None if devices is None else [self._ids[device] for device in devices if device in self._ids]

    def _call(self, work: Callable[[], T]) -> T:
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
        positions = connection.execute("SELECT lane, pos FROM cursors").fetchall()
        self._durable = {Lane(lane): pos for lane, pos in positions}
        self._buffer.resume(self._durable)
        return connection

    def _reopen(self) -> None:
        self._connection.close()
        try:
            self._connection = self._open()
        except StoreError:
            # Still unusable: the next work fails on the closed connection and reopens again.
            return

    def _disconnect(self) -> None:
        self._connection.close()

    def _open_reader(self) -> tuple[Any, dict[int, str]]:
        return self._connection.cursor(), {id_: name for name, id_ in self._ids.items()}

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

    def _flush_batch(self) -> None:
        buffered = self._buffer.front(_FLUSH_READINGS_MAX)
        # A commit that raised may be durable all the same: the positions in the file decide what is new.
        batches = [batch for batch in buffered if batch[1] > self._durable.get(batch[0], 0)]
        stored_ids = len(self._ids)
        try:
            self._transact(self._write, batches, stored_ids)
        except Exception:
            for name in list(islice(self._ids, stored_ids, None)):
                del self._ids[name]
            raise
        self._durable |= last_positions(batches)
        self._buffer.drop(buffered)

    def _write(self, connection: Any, batches: Sequence[Batch], stored_ids: int) -> None:
        readings = [reading for _, _, batch in batches for reading in batch]
        rows = columns.of_readings(readings, self._ids)
        new_names = list(islice(self._ids, stored_ids, None)) if len(self._ids) > stored_ids else []
        if new_names:
            columns.insert(connection, "names", columns.of_names(stored_ids, new_names))
        if readings:
            columns.insert(connection, "hot", rows)
        tables.put_positions(connection, [(lane.value, pos) for lane, pos in last_positions(batches).items()])


def _roll_back(connection: Any) -> None:
    try:
        connection.rollback()
    except duckdb.Error:
        # The failure already ended the transaction.
        return
