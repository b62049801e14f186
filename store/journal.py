"""The journal: received frames, byte for byte, synced to disk before they are acknowledged. One row per batch.

It also stores marks: when the service was connected and when not, changes of registry and rulebooks, latch resets.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from enum import StrEnum
from functools import partial
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Struct

from domain import Instant, Lane
from ingest.frame import Frame, JournalEntry
from store.errors import CannotWrite, is_disk_error

T = TypeVar("T")

_READ_BYTES_MAX: Final = 8 * 1024 * 1024
"""A read stops after this many bytes, so that a long backlog never fills the memory."""
_PRUNE_ROWS: Final = 200
"""Rows that one prune step deletes: an append waits for one step at most."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS entries (
    pos INTEGER PRIMARY KEY AUTOINCREMENT, lane TEXT NOT NULL, received INTEGER NOT NULL, n INTEGER NOT NULL,
    frames BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS entries_by_lane ON entries (lane, pos);
CREATE TABLE IF NOT EXISTS marks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, at INTEGER NOT NULL, detail TEXT NOT NULL,
    after_pos INTEGER NOT NULL);
"""
_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=10000",
    "PRAGMA journal_size_limit=67108864",
)


_COPY_ENTRIES: Final = """
INSERT INTO main.entries SELECT * FROM source.entries
WHERE lane = :lane AND pos <= :until AND (pos > :after OR pos = (
    SELECT max(pos) FROM source.entries WHERE lane = :lane AND pos <= :until))
ORDER BY pos
"""


class MarkKind(StrEnum):
    """Kinds of marks."""

    STARTED = "started"
    """The detail has the versions of registry, rulebooks and decoders."""
    ALIVE = "alive"
    LINK_UP = "link_up"
    LINK_DOWN = "link_down"
    REGISTRY = "registry"
    """The registry changed; the detail has its version."""
    RULEBOOK = "rulebook"
    """Rulebooks, kinds, mappings or codecs changed; the detail has the versions of rulebooks and decoders."""
    RESET = "reset"
    """A named person reset a latched rule; the detail names it, and the positions processed by then."""
    STOPPED = "stopped"


class Mark(Struct, frozen=True):
    """A fact about the service, valid from after the entry at `after_pos`."""

    kind: MarkKind
    at: Instant
    detail: str
    after_pos: int


def encode_frames(frames: Sequence[Frame]) -> bytes:
    """The frames of an entry as the journal stores them."""
    return msgspec.msgpack.encode(list(frames))


class SqliteJournal:
    """A journal in one SQLite file. Writes run in one thread, in order; reads use a connection of their own."""

    def __init__(self, path: Path) -> None:
        self.observe_append: Callable[[float], None] = lambda _seconds: None
        """Called in the journal's thread with how long storing and syncing a batch took."""
        self._thread = ThreadPoolExecutor(1, "journal")
        self._writer = _open(path)
        self._writer.executescript(_SCHEMA)
        self._reader = _open(path)
        self._reader_lock = Lock()
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(list[Frame])

    async def append(self, lane: Lane, frames: Sequence[Frame]) -> int:
        """Store a batch; returns its position once it is synced.

        Raises CannotWrite when the disk is full or failing: nothing of the batch is stored then.
        """
        return await self._run(partial(self._append, lane, list(frames)))

    async def mark(self, kind: MarkKind, at: Instant, detail: str = "") -> None:
        """Store a mark, synced. An `alive` directly after another replaces it."""
        await self._run(partial(self._mark, MarkKind(kind), at, detail))

    def read(self, lane: Lane, after: int, limit: int = 64) -> list[JournalEntry]:
        """The entries of a lane after a position, oldest first: up to `limit`, fewer when they are large."""
        with self._reader_lock:
            return list(self._entries(lane, after, limit))

    async def read_async(self, lane: Lane, after: int, limit: int = 64) -> list[JournalEntry]:
        """`read` without blocking the event loop."""
        return await asyncio.to_thread(self.read, lane, after, limit)

    def position(self) -> dict[Lane, int]:
        """The newest position of each lane that has one."""
        return {Lane(lane): pos for lane, pos in self._query("SELECT lane, max(pos) FROM entries GROUP BY lane")}

    def last_position(self) -> int:
        """The newest position of all lanes; 0 for an empty journal."""
        return int(self._query("SELECT coalesce(max(pos), 0) FROM entries")[0][0])

    def count_after(self, after: Mapping[Lane, int]) -> dict[Lane, int]:
        """Number of entries of each lane after these positions."""
        query = "SELECT count(*) FROM entries WHERE lane = ? AND pos > ?"
        return {lane: int(self._query(query, lane.value, after.get(lane, 0))[0][0]) for lane in Lane}

    def marks(self, since: Instant = 0) -> list[Mark]:
        """The marks from an instant on, oldest first."""
        rows = self._query("SELECT kind, at, detail, after_pos FROM marks WHERE at >= ? ORDER BY id", since)
        return [Mark(MarkKind(kind), at, detail, after_pos) for kind, at, detail, after_pos in rows]

    def last_seen_alive(self) -> Instant | None:
        """Time of the newest entry or mark: the service was running then. None for an empty journal."""
        newest = "SELECT max(at) FROM (SELECT max(received) AS at FROM entries UNION ALL SELECT max(at) FROM marks)"
        at = self._query(newest)[0][0]
        return None if at is None else int(at)

    async def reserve_positions(self, pos: int) -> None:
        """Assign no position up to this one. For a new journal beside stores with the positions of an older one: they
        would ignore its first entries as a replay."""
        await self._run(partial(self._raise_sequence, pos))

    async def adopt(self, entries: Sequence[tuple[int, Lane, Instant, int, bytes]]) -> None:
        """Store entries of another machine's journal (position, lane, received, number of frames, frames) at their
        positions, in place of what is there. See `encode_frames`."""
        await self._run(partial(self._adopt, list(entries)))

    async def prune(self, before: Instant, keep_after: Mapping[Lane, int]) -> int:
        """Delete entries received before an instant, up to the positions in `keep_after`; returns how many.

        Lanes without a position in `keep_after` and the newest entry of each lane stay. Older marks are deleted.
        """
        count = 0
        for lane, passed in keep_after.items():
            while deleted := await self._run(partial(self._delete, lane, passed, before)):
                count += deleted
        await self._run(partial(self._writer.execute, "DELETE FROM marks WHERE at < ?", (before,)))
        return count

    def close(self) -> None:
        """Finish the submitted writes and close the file."""
        self._thread.shutdown()
        self._reader.close()
        self._writer.close()

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._translate_errors, work)

    def _translate_errors(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except sqlite3.OperationalError as error:
            if is_disk_error(error):
                raise CannotWrite(f"the journal could not write: {error}") from error
            raise

    def _append(self, lane: Lane, frames: list[Frame]) -> int:
        if not frames:
            raise ValueError("an empty batch cannot be journaled")
        began = perf_counter()
        # One statement is one transaction: stored and synced, or not at all.
        cursor = self._writer.execute(
            "INSERT INTO entries (lane, received, n, frames) VALUES (?, ?, ?, ?)",
            (lane.value, max(frame.received for frame in frames), len(frames), self._encoder.encode(frames)),
        )
        self.observe_append(perf_counter() - began)
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def _adopt(self, entries: list[tuple[int, Lane, Instant, int, bytes]]) -> None:
        rows = [(pos, lane.value, received, n, frames) for pos, lane, received, n, frames in entries]
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            self._writer.executemany(
                "INSERT OR REPLACE INTO entries (pos, lane, received, n, frames) VALUES (?, ?, ?, ?, ?)", rows
            )
        except BaseException:
            self._writer.execute("ROLLBACK")
            raise
        self._writer.execute("COMMIT")

    def _mark(self, kind: MarkKind, at: Instant, detail: str) -> None:
        last = self._writer.execute("SELECT id, kind FROM marks ORDER BY id DESC LIMIT 1").fetchone()
        replaced = last[0] if last and kind is MarkKind.ALIVE and last[1] == MarkKind.ALIVE else None
        self._writer.execute(
            "INSERT OR REPLACE INTO marks (id, kind, at, detail, after_pos)"
            " VALUES (?, ?, ?, ?, (SELECT coalesce(max(pos), 0) FROM entries))",
            (replaced, kind.value, at, detail),
        )

    def _raise_sequence(self, pos: int) -> None:
        # SQLite creates the row of a table's counter with the first insert.
        self._writer.execute(
            "INSERT INTO sqlite_sequence (name, seq) SELECT 'entries', 0"
            " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'entries')"
        )
        self._writer.execute("UPDATE sqlite_sequence SET seq = ?1 WHERE name = 'entries' AND seq < ?1", (pos,))

    def _delete(self, lane: Lane, passed: int, before: Instant) -> int:
        return self._writer.execute(
            "DELETE FROM entries WHERE pos IN (SELECT pos FROM entries WHERE lane = ?1 AND pos <= ?2"
            " AND pos < (SELECT max(pos) FROM entries WHERE lane = ?1) ORDER BY pos LIMIT ?4) AND received < ?3",
            (lane.value, passed, before, _PRUNE_ROWS),
        ).rowcount

    def _entries(self, lane: Lane, after: int, limit: int) -> Iterator[JournalEntry]:
        query = "SELECT pos, frames FROM entries WHERE lane = ? AND pos > ? ORDER BY pos LIMIT ?"
        read_bytes = 0
        for pos, frames in self._reader.execute(query, (lane.value, after, limit)):
            yield JournalEntry(lane, pos, self._decoder.decode(frames))
            read_bytes += len(frames)
            if read_bytes >= _READ_BYTES_MAX:
                return

    def _query(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._reader_lock:
            return self._reader.execute(query, values).fetchall()


def copy_journal(source: Path, target: Path, until: int, after: Mapping[Lane, int] | None = None) -> None:
    """Copy a journal, which may go on being written, to a new file without what was written after position `until`.

    With `after` only the entries of each lane after a position, and its newest one; all marks. Positions that the
    source assigned are not assigned again.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(f"file:{quote(str(target))}", uri=True, isolation_level=None)) as copy:
        copy.executescript(_SCHEMA)
        copy.execute("ATTACH ? AS source", (f"file:{quote(str(source))}?mode=ro",))
        copy.execute("BEGIN")
        for lane in Lane:
            first = 0 if after is None else after.get(lane, 0)
            copy.execute(_COPY_ENTRIES, {"lane": lane.value, "after": first, "until": until})
        copy.execute("INSERT INTO main.marks SELECT * FROM source.marks WHERE after_pos <= ?", (until,))
        copy.execute("DELETE FROM main.sqlite_sequence")
        copy.execute("INSERT INTO main.sqlite_sequence SELECT * FROM source.sqlite_sequence")
        copy.execute("COMMIT")
        copy.execute("DETACH source")


def newest_position(path: Path) -> int:
    """The newest position in a journal file that no service uses."""
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT coalesce(max(pos), 0) FROM entries").fetchone()[0])


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    return connection
