"""Reads of lists and streams, gathered for the audit trail: one row at once, and one for the rest of a window of time.

The pages read their lists again with every event. What a window gathers is in memory: a service that is killed has
written that somebody read the list, and loses how often.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct, field

from domain import MINUTE, Instant

QUERIES_MAX: Final = 20
"""Different queries that one row names."""
OPEN_MAX: Final = 10_000
"""Readers and endpoints whose window is open; beyond it the oldest is written early."""


class GatheredRow(Struct):
    """Reads by one reader of one endpoint from `begin` on: how many, and with which queries."""

    reader: str
    endpoint: str
    fields: str
    begin: Instant
    reads: int = 0
    queries: dict[str, None] = field(default_factory=dict)

    def add(self, query: str, reads: int = 1) -> None:
        self.reads += reads
        if query and len(self.queries) < QUERIES_MAX:
            self.queries[query] = None


class GatheredReads:
    """The open windows of readers and endpoints. `add` and `ended` return what is to be written now."""

    def __init__(self, window_ms: int = MINUTE) -> None:
        self._window_ms = window_ms
        self._open: dict[tuple[str, str, str], GatheredRow] = {}

    def add(
        self, reader: str, endpoint: str, fields: str, query: str, now: Instant, reads: int = 1
    ) -> Sequence[GatheredRow]:
        """Count reads. Returned are the row of the first of its window, and rows of windows that are over."""
        rows = list(self.ended(now))
        key = (reader, endpoint, fields)
        if key in self._open:
            self._open[key].add(query, reads)
            return rows
        first = GatheredRow(reader, endpoint, fields, now)
        first.add(query, reads)
        self._open[key] = GatheredRow(reader, endpoint, fields, now)
        if len(self._open) > OPEN_MAX:
            oldest = self._open.pop(next(iter(self._open)))
            rows += [oldest] if oldest.reads else []
        return [*rows, first]

    def ended(self, now: Instant) -> Sequence[GatheredRow]:
        """The rows of windows that are over, without those in which nothing more was read. In the order of begin."""
        rows: list[GatheredRow] = []
        while self._open:
            key, row = next(iter(self._open.items()))
            if now - row.begin < self._window_ms:
                break
            del self._open[key]
            rows += [row] if row.reads else []
        return rows

    def all_open(self) -> Sequence[GatheredRow]:
        """Every row in which something more was read: the service ends."""
        rows, self._open = [row for row in self._open.values() if row.reads], {}
        return rows
