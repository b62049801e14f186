"""`fengshao rules backtest|explain`: the rules over what a DIR remembers, with the engine that judged it on the day.

It reads a stopped DIR, or a copy of one: DuckDB lets one process at a time open a history.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
import msgspec

from app.clock import Clock
from app.rulework import neighbours
from app.shelf import book_files, load_books, load_kinds
from app.stores import HISTORY, JOURNAL, LEDGER
from domain import DAY, MINUTE, Device, Finding, Instant, Reading
from domain.duration import parse_duration
from domain.people import Community, community
from rules.backtest import as_difference, as_lines, difference, needed, tallies
from rules.engine import Engine
from rules.hosts.parallel import judged
from rules.hosts.replay import Deaf, Event, Heard, Scene, play, story
from rules.rulebook import Rulebook
from rules.scope import DEFAULT_ZONE, GROUP
from store.errors import StoreError
from store.history.duck import DuckHistory
from store.journal import MarkKind, SqliteJournal
from store.ledger import registry
from store.ledger.engine import Ledger, sqlite_url

Say = Callable[[str], None]


PIECE_MS = DAY // 4
MANY_DEVICES = 100
"""So many are judged by a process for each processor; for fewer that would take longer to start than to judge."""
AHEAD_MS = 2 * MINUTE
"""A clock further ahead than this is not believed: `at` is then the arrival."""


def _received(reading: Reading) -> Instant:
    return reading.received


class Past:
    """What a DIR remembers: who was there, what was said, when nobody could be heard."""

    def __init__(self, data: Path, history: DuckHistory) -> None:
        self.history = history
        self.devices: list[Device] = []
        self.community: Community = community()
        self.deaf: list[Deaf] = []
        if (data / LEDGER).exists():
            ledger = Ledger(sqlite_url(data / LEDGER))
            self.devices = ledger.run_now(registry.devices)
            self.community = ledger.run_now(registry.community)
            ledger.close()
        if (data / JOURNAL).exists():
            journal = SqliteJournal(data / JOURNAL)
            self.deaf = list(_deaf(journal))
            journal.close()

    def told(self, books: Sequence[Sequence[Rulebook]], since: Instant, until: Instant) -> list[list[Finding]]:
        """What each set of books would have found, with one walk through the past."""
        scene = Scene(books, load_kinds(), self.community, self.devices, since)
        processes = (os.cpu_count() or 1) if len(self.devices) >= MANY_DEVICES else 1
        hidden = not sys.stderr.isatty()
        with (
            _undisturbed(),
            click.progressbar(length=until - since, label="replay", hidden=hidden, file=sys.stderr) as bar,
        ):

            def events() -> Iterator[Event]:
                for event in story(self.walk(since, until), self.outages(since, until)):
                    yield event
                    if isinstance(event, Heard):
                        bar.update(max(min(event.now, until) - since - bar.pos, 0))

            return judged(scene, events(), until, processes)

    def walk(self, since: Instant, until: Instant, devices: Sequence[str] | None = None) -> Iterator[Reading]:
        """Readings in the order in which they were received, a piece at a time: a month need not fit into memory."""
        waiting: list[Reading] = []
        for start in range(since, until, PIECE_MS):
            end = min(start + PIECE_MS, until)
            waiting += self.history.sorted_replay(start, end, devices)
            waiting.sort(key=_received)
            # What is still to be read was measured from `end` on, and no device is heard long before it measures.
            ready = bisect_left(waiting, end - AHEAD_MS, key=_received)
            yield from waiting[:ready]
            del waiting[:ready]
        yield from waiting

    def outages(self, since: Instant, until: Instant) -> list[Deaf]:
        """When nobody could be heard."""
        return [one for one in self.deaf if one.end > since and one.begin < until]


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Millions of readings and no cycles among them: looking for cycles would take a quarter of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _deaf(journal: SqliteJournal) -> Iterator[Deaf]:
    """Times between the last sign of our own life and the next start, and with the link down."""
    alive: Instant | None = None
    down: Instant | None = None
    for mark in journal.marks():
        if mark.kind is MarkKind.LINK_DOWN:
            down = mark.at if down is None else down
        elif mark.kind is MarkKind.LINK_UP and down is not None:
            yield Deaf(down, mark.at)
            down = None
        elif mark.kind is MarkKind.STARTED and alive is not None and mark.at > alive:
            yield Deaf(alive, mark.at)
        alive = mark.at


@contextmanager
def opened(data: Path) -> Iterator[Past]:
    """The past of a DIR. A running service holds it: then one sentence says what to do."""
    if not (data / HISTORY).exists():
        raise click.ClickException(f"{data} has no {HISTORY}: give the --data of a service that has run")
    try:
        history = DuckHistory(data / HISTORY, threads=2)
    except StoreError as error:
        raise click.ClickException(
            f"{data} is held by a running service: stop it, or copy {HISTORY}, ledger.db and journal.db into another"
            f" folder and give that one ({error})"
        ) from error
    try:
        yield Past(data, history)
    finally:
        asyncio.run(history.close())


def backtest(
    book: Path, data: Path, since: str, until: str | None, against: Path | None, as_json: bool, say: Say
) -> None:
    """What a rulebook would have found, and how another would have differed."""
    length_ms = _duration(since)
    days = length_ms / DAY
    kinds = load_kinds()
    files = [book] if against is None else [book, against]
    books = [load_books(kinds, [file])[0] for file in files]
    sets = [needed(one, neighbours(kinds, [file])) for one, file in zip(books, files, strict=True)]
    with opened(data) as past:
        end = _instant(until)
        found = past.told(sets, end - length_ms, end)
    lines = tallies([books[0]], found[0], DEFAULT_ZONE)
    differs = difference(*_of(books, found)) if against is not None else None
    if as_json:
        told = {"days": days, "rules": msgspec.to_builtins(lines), "difference": msgspec.to_builtins(differs)}
        say(json.dumps(told, ensure_ascii=False))
        return
    for line in as_lines(lines, days):
        say(line)
    if differs is not None and against is not None:
        for line in as_difference(differs, {"ours": book.name, "theirs": against.name}):
            say(line)


def _of(books: Sequence[Rulebook], found: Sequence[Sequence[Finding]]) -> list[list[Finding]]:
    """Of each set's findings those of its own book: what it only borrows is no difference."""
    names = [{rule.name for rule in book.rules} for book in books]
    return [[one for one in some if one.rule in own] for own, some in zip(names, found, strict=True)]


def _duration(written: str) -> int:
    try:
        return parse_duration(written)
    except ValueError as error:
        raise click.ClickException(f"--since is {error}") from error


def explain_to(
    rule: str, device: str, at: str | None, data: Path, since: str, site: Path | None, as_json: bool, say: Say
) -> None:
    """Where a rule stood with a device at an instant, and why: the past is judged again up to then."""
    books = load_books(load_kinds(site), book_files(site))
    if rule not in [one.name for book in books for one in book.rules]:
        raise click.ClickException(f"no rule {rule} in the active rulebooks")
    with opened(data) as past:
        story = _explained(past, rule, device, _instant(at), _duration(since), books)
    if as_json:
        say(json.dumps(story, ensure_ascii=False, default=str))
        return
    for name, value in story.items():
        shown = _local(value) if name in _INSTANTS and isinstance(value, int) else value
        for line in shown if isinstance(shown, list) else [shown]:
            say(f"{name}: {line}")


_INSTANTS = ("heard", "newest", "since", "begin", "wake_at", "said_at", "at")


def _explained(
    past: Past, rule: str, device: str, at: Instant, length_ms: int, books: Sequence[Rulebook]
) -> dict[str, object]:
    engine = Engine(books, load_kinds(), past.community, tells_shadows=True)
    engine.enrol(past.devices, at - length_ms)
    # A group is judged by all its devices; a device by what it said itself.
    only = None if GROUP in device else [device]
    said = past.walk(at - length_ms, at + 1, only)
    heard = (one for one in said if one.received <= at)
    last: Reading | None = None
    for event in story(heard, past.outages(at - length_ms, at), chunk=1):
        for _ in play(engine, [event]):
            continue
        last = event.readings[-1] if isinstance(event, Heard) and only is not None else last
    engine.tick(at)
    return {**engine.explain(rule, device, last), "at": at}


def _instant(written: str | None) -> Instant:
    if written is None:
        return Clock()()
    try:
        read = datetime.fromisoformat(written)
    except ValueError as error:
        raise click.ClickException(f"this is no RFC 3339 time: {written!r} (2026-11-21T22:05:00+08:00)") from error
    return int((read if read.tzinfo else read.replace(tzinfo=DEFAULT_ZONE)).timestamp() * 1000)


def _local(at: Instant) -> str:
    return datetime.fromtimestamp(at / 1000, DEFAULT_ZONE).isoformat(timespec="seconds")
