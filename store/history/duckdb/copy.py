"""A DuckDB file as the target or source of a copied history (store.history.transfer). No other process may use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from domain import DAY, HOUR, Instant, Lane, Reading
from store.errors import CannotWrite, StoreError
from store.history.duckdb import columns, queries, tables
from store.refused_values import RefusedValue

_SLICE: int = 200_000


class DuckDbCopy:
    """See HistoryCopy. `now`: readings of hours that are closed by then are rolled up, as in a history in use."""

    def __init__(self, path: Path, now: Instant) -> None:
        self._now = now
        try:
            self._connection: Any = duckdb.connect(str(path), config={"autoinstall_known_extensions": False})
        except duckdb.IOException as error:
            raise StoreError(f"the history cannot be opened: {error}") from error
        tables.create(self._connection)
        self._ids: dict[str, int] = dict(self._connection.execute("SELECT name, n FROM names").fetchall())

    def days(self) -> list[Instant]:
        """See HistoryCopy.days."""
        recent = self._connection.execute(f"SELECT DISTINCT at_ms - at_ms % {DAY} FROM hot").fetchall()  # noqa: S608
        return sorted({*tables.stored_days(self._connection), *(day for (day,) in recent)})

    def rolled_up_before(self) -> Instant | None:
        """The first day with readings, where there are roll-ups of earlier ones, whose readings are deleted."""
        first = next(iter(self.days()), None)
        (oldest,) = self._connection.execute("SELECT min(bucket) FROM hours").fetchone()
        return first if oldest is not None and (first is None or oldest < first) else None

    def positions(self) -> dict[Lane, int]:
        """The last journal position of each lane whose readings are in the file."""
        found = self._connection.execute("SELECT lane, pos FROM cursors").fetchall()
        return {Lane(lane): pos for lane, pos in found}

    def put_positions(self, positions: Mapping[Lane, int]) -> None:
        """Let a history on this file go on after these positions."""
        tables.put_positions(self._connection, [(lane.value, pos) for lane, pos in positions.items()])

    def readings(self, start: Instant, end: Instant) -> list[Reading]:
        """See HistoryCopy.readings."""
        names = {id_: name for name, id_ in self._ids.items()}
        return list(queries.readings_measured(self._connection, names, start, end))

    def write_day(self, day: Instant, parts: Iterator[Sequence[Reading]]) -> list[RefusedValue]:
        """See HistoryCopy.write_day: one transaction, so that an interrupted day leaves nothing. Raises CannotWrite for
        a day with other readings."""
        if day in self.days():
            raise CannotWrite(
                f"the file holds other readings of {tables.raw_table(day).removeprefix('raw_')}: remove the file"
            )
        self._connection.begin()
        try:
            for part in parts:
                self._insert(part)
            self._connection.commit()
        except BaseException:
            self._connection.rollback()
            self._ids = dict(self._connection.execute("SELECT name, n FROM names").fetchall())
            raise
        self.roll_up()
        return []

    def roll_up(self) -> None:
        """Move readings of closed hours to their days."""
        before = self._now - self._now % HOUR
        for first, last in list(tables.slices(self._connection, before, _SLICE)):
            self._connection.begin()
            try:
                tables.move_closed(self._connection, before, first, last)
                self._connection.commit()
            except BaseException:
                self._connection.rollback()
                raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _insert(self, readings: Sequence[Reading]) -> None:
        stored = len(self._ids)
        rows = columns.of_readings(readings, self._ids)
        if len(self._ids) > stored:
            names = list(islice(self._ids, stored, None))
            columns.insert(self._connection, "names", columns.of_names(stored, names))
        columns.insert(self._connection, "hot", rows)
