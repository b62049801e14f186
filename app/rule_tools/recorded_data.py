"""Reads devices, readings, outages and latch resets of a data directory, for `rules backtest` and `rules explain`.

DuckDB lets one process at a time open a history: DIR is that of a stopped service, a copy of one, or the readings are
an export of a running service's history.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import tzinfo
from pathlib import Path

import msgspec

from app.config.catalog import load_kinds
from app.config.site import site_zone
from app.datadir.stores import HISTORY_FILE, JOURNAL_FILE, existing_database
from app.errors import UserError
from app.pipeline.latch_resets import ResetMark
from app.rule_tools.requests import Progress, no_progress
from domain import DAY, Device, Finding, Instant, Reading
from domain.kind import Kind
from domain.people import Community, community
from rules.engine.community_index import DEFAULT_ZONE
from rules.hosts.parallel import run_replay
from rules.hosts.replay import Event, Outage, ReadingBatch, ReplayJob, Reset, chunk_events
from rules.rulebook.model import Rulebook
from store.database import registry
from store.database.alerts.statistics import dispositions
from store.errors import StoreError
from store.history.duckdb.history import DuckDbHistory
from store.journal import MarkKind, SqliteJournal

CHUNK_MS = DAY // 4
PARALLEL_DEVICES_MIN = 100
"""From this number on a replay is spread over one process per processor; below, starting them takes longer."""


class RecordedData:
    """The recorded data of one data directory: registry, readings, outages, latch resets."""

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
        self.dispositions: dict[str, dict[str, int]] = {}
        database = existing_database(data)
        if database is not None:
            with closing(database):
                self.devices = database.write_blocking(registry.all_devices)
                self.dispositions = database.write_blocking(lambda tx: dispositions(tx, "rule", None, None))
                self.community = database.write_blocking(registry.community)
        if (data / JOURNAL_FILE).exists():
            with closing(SqliteJournal(data / JOURNAL_FILE)) as journal:
                self.outages, self.resets = list(_outages(journal)), list(_resets(journal))

    def backtest(
        self,
        variants: Sequence[Sequence[Rulebook]],
        since: Instant,
        until: Instant,
        progress: Progress = no_progress,
        processes: int | None = None,
    ) -> list[list[Finding]]:
        """Findings of each set of rulebooks, from one replay of the readings between `since` and `until`."""
        job = ReplayJob(variants, self.kinds, self.community, self.devices, since, self.zone)
        if processes is None:
            processes = (os.cpu_count() or 1) if len(self.devices) >= PARALLEL_DEVICES_MIN else 1

        def events() -> Iterator[Event]:
            for event in chunk_events(self.readings(since, until), self.interruptions(since, until)):
                yield event
                if isinstance(event, ReadingBatch):
                    progress(min(max((event.now - since) / (until - since), 0.0), 1.0))

        with _gc_paused():
            return run_replay(job, events(), until, processes)

    def readings(self, since: Instant, until: Instant, devices: Sequence[str] | None = None) -> Iterator[Reading]:
        """Readings in order of reception, loaded in chunks of six hours: a month need not fit into memory."""
        for start in range(since, until, CHUNK_MS):
            yield from list(self.history.sorted_replay(start, min(start + CHUNK_MS, until), devices))

    def interruptions(self, since: Instant, until: Instant) -> list[Outage | Reset]:
        """Outages of the service and resets of latched rules in this period."""
        outages = [outage for outage in self.outages if outage.end > since and outage.begin < until]
        return [*outages, *(reset for reset in self.resets if since <= reset.now < until)]


@contextmanager
def _gc_paused() -> Iterator[None]:
    """Pause garbage collection: millions of readings without reference cycles, a quarter of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _outages(journal: SqliteJournal) -> Iterator[Outage]:
    """Periods without intake: from the last heartbeat to the next start, and with the broker disconnected."""
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
            reset = msgspec.json.decode(mark.detail, type=ResetMark)
            yield Reset(mark.at, reset.rule, reset.device)


def clip_start(history: DuckDbHistory, requested: Instant) -> Instant:
    """The later of `requested` and the first reading: a device was not silent before anything was recorded."""
    first = history.first_received()
    return requested if first is None else max(requested, first)


@contextmanager
def open_recorded_data(
    data: Path, site: Path | None, history: Path | None = None, threads: int = 2
) -> Iterator[RecordedData]:
    """Open the recorded data of DIR, readings from the file `history` where given.

    Raises UserError when DIR has no history or another process has it open.
    """
    file = history or data / HISTORY_FILE
    if not file.exists():
        raise UserError(f"{data} has no {HISTORY_FILE}: give the --data of a service that has run")
    try:
        readings = DuckDbHistory(file, threads=threads)
    except StoreError as error:
        raise UserError(
            f"{data} is held by another program: end it, or copy {HISTORY_FILE}, ledger.db and journal.db into another"
            f" folder and give that one ({error})"
        ) from error
    try:
        yield RecordedData(data, readings, load_kinds(site), site_zone(site))
    finally:
        asyncio.run(readings.close())
