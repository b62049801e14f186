"""What a DIR remembers, judged again with the engine of the day: for `rules backtest` and `rules explain`.

It reads a stopped DIR, a copy of one, or what a running service took out of its history: DuckDB lets one process at a
time open a history.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from app.config.catalog import load_kinds
from app.config.settings import SiteSettings
from app.config.yaml_files import read_model
from app.datadir.stores import DATABASE_FILE, HISTORY_FILE, JOURNAL_FILE
from app.errors import UserError
from app.pipeline.latch_resets import ResetMark
from domain import DAY, Device, Finding, Instant, Reading
from domain.kind import Kind
from domain.people import Community, community
from rules.engine.community_index import DEFAULT_ZONE
from rules.hosts.parallel import run_replay
from rules.hosts.replay import Event, Outage, ReadingBatch, ReplayJob, Reset, chunk_events
from rules.rulebook.model import Rulebook
from store.database import registry
from store.database.database import Database, sqlite_url
from store.errors import StoreError
from store.history.duckdb.history import DuckDbHistory
from store.journal import MarkKind, SqliteJournal

CHUNK_MS = DAY // 4
PARALLEL_DEVICES_MIN = 100
"""So many are judged by a process for each processor; for fewer that would take longer to start than to judge."""

Progress = Callable[[float], None]
"""Hears how much is done, from 0 to 1."""


def no_progress(_part: float) -> None:
    """Nobody waits for it."""


class RecordedData:
    """What a DIR remembers: who was there, what was said, when nobody could be heard."""

    def __init__(
        self,
        data: Path,
        history: DuckDbHistory,
        kinds: Mapping[str, Kind] | None = None,
        zone: tzinfo = DEFAULT_ZONE,
    ) -> None:
        self.history, self.kinds, self.zone = history, kinds or load_kinds(), zone
        self.devices: list[Device] = []
        self.community: Community = community()
        self.outages: list[Outage] = []
        self.resets: list[Reset] = []
        if (data / DATABASE_FILE).exists():
            ledger = Database(sqlite_url(data / DATABASE_FILE))
            self.devices = ledger.write_blocking(registry.all_devices)
            self.community = ledger.write_blocking(registry.community)
            ledger.close()
        if (data / JOURNAL_FILE).exists():
            journal = SqliteJournal(data / JOURNAL_FILE)
            self.outages, self.resets = list(_outages(journal)), list(_resets(journal))
            journal.close()

    def backtest(
        self,
        books: Sequence[Sequence[Rulebook]],
        since: Instant,
        until: Instant,
        progress: Progress = no_progress,
        processes: int | None = None,
    ) -> list[list[Finding]]:
        """What each set of books would have found, with one walk through the past."""
        scene = ReplayJob(books, self.kinds, self.community, self.devices, since, self.zone)
        if processes is None:
            processes = (os.cpu_count() or 1) if len(self.devices) >= PARALLEL_DEVICES_MIN else 1

        def events() -> Iterator[Event]:
            for event in chunk_events(self.readings(since, until), self.interruptions(since, until)):
                yield event
                if isinstance(event, ReadingBatch):
                    progress(min(max((event.now - since) / (until - since), 0.0), 1.0))

        with _gc_paused():
            return run_replay(scene, events(), until, processes)

    def readings(self, since: Instant, until: Instant, devices: Sequence[str] | None = None) -> Iterator[Reading]:
        """Readings in the order in which they were received, a piece at a time: a month need not fit into memory."""
        for start in range(since, until, CHUNK_MS):
            yield from list(self.history.sorted_replay(start, min(start + CHUNK_MS, until), devices))

    def clip_start(self, asked: Instant) -> Instant:
        """From when on something is remembered: before that, nobody was silent."""
        return clip_start(self.history, asked)

    def interruptions(self, since: Instant, until: Instant) -> list[Outage | Reset]:
        """When nobody could be heard, and which latched rules people reset."""
        deaf = [one for one in self.outages if one.end > since and one.begin < until]
        return [*deaf, *(one for one in self.resets if since <= one.now < until)]


@contextmanager
def _gc_paused() -> Iterator[None]:
    """Millions of readings and no cycles among them: looking for cycles would take a quarter of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _outages(journal: SqliteJournal) -> Iterator[Outage]:
    """Times between the last sign of our own life and the next start, and with the link down."""
    alive: Instant | None = None
    down: Instant | None = None
    for mark in journal.marks():
        if mark.kind is MarkKind.LINK_DOWN:
            down = mark.at if down is None else down
        elif mark.kind is MarkKind.LINK_UP and down is not None:
            yield Outage(down, mark.at)
            down = None
        elif mark.kind is MarkKind.STARTED and alive is not None and mark.at > alive:
            yield Outage(alive, mark.at)
        alive = mark.at


def _resets(journal: SqliteJournal) -> Iterator[Reset]:
    for mark in journal.marks():
        if mark.kind is MarkKind.RESET:
            written = msgspec.json.decode(mark.detail, type=ResetMark)
            yield Reset(mark.at, written.rule, written.device)


def clip_start(history: DuckDbHistory, asked: Instant) -> Instant:
    """From when on something is remembered."""
    first = history.first_received()
    return asked if first is None else max(asked, first)


def site_zone(site: Path | None) -> ZoneInfo:
    """By whose clock a site lives."""
    settings = site / "site.yaml" if site is not None else None
    return (read_model(settings, SiteSettings) if settings is not None and settings.exists() else SiteSettings()).zone


@contextmanager
def open_recorded_data(
    data: Path, site: Path | None, history: Path | None = None, threads: int = 2
) -> Iterator[RecordedData]:
    """The past of a DIR, its readings from `history` where they lie elsewhere. A held one: one sentence says why."""
    file = history or data / HISTORY_FILE
    if not file.exists():
        raise UserError(f"{data} has no {HISTORY_FILE}: give the --data of a service that has run")
    try:
        held = DuckDbHistory(file, threads=threads)
    except StoreError as error:
        raise UserError(
            f"{data} is held by another program: end it, or copy {HISTORY_FILE}, ledger.db and journal.db into another"
            f" folder and give that one ({error})"
        ) from error
    try:
        yield RecordedData(data, held, load_kinds(site), site_zone(site))
    finally:
        asyncio.run(held.close())
