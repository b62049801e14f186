"""Many trials at once, on one engine and both hosts: their devices' readings woven into each other at random, cut into
batches at random, heard twice, with crashes in between. Each trial is told what it is told alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from domain import DAY, Device, Finding, Instant, Reading
from domain.kind import Kind
from domain.people import Community, community
from rules.engine.engine import Engine
from rules.hosts.embedded import EmbeddedHost
from rules.hosts.replay import ReadingBatch, play
from rules.rulebook.model import ANY_KIND, Rulebook
from rules.rulebook.references import referenced_rules
from rules.trials.model import START, Trial, TrialBook
from rules.trials.runner import as_expectations, play_scenario
from rules.trials.scenario import Scenario, build_scenario

pytestmark = pytest.mark.no_cover

BOOKS = Path(__file__).parents[3] / "rules" / "books"
NAMED = ("person", "line", "gateway")
"""Attributes that name somebody or something of the same trial."""


class Part(Struct, frozen=True):
    """One trial with names of its own, so that many fit into one town."""

    book: str
    trial: Trial
    scene: Scenario
    prefix: str

    def told(self, findings: Sequence[Finding]) -> tuple[str, ...]:
        mine = [finding for finding in findings if (finding.device or finding.subject.id).startswith(self.prefix)]
        return as_expectations([finding for finding in mine if finding.now <= self.scene.end], self.trial.rule)


def parts() -> list[Part]:
    """Every trial without an outage: when nobody can be heard concerns everybody."""
    found: list[Part] = []
    for file in sorted(BOOKS.glob("*_test.yaml")):
        book_file = file.with_name(file.name.replace("_test", ""))
        book = Rulebook.model_validate(yaml.safe_load(book_file.read_text("utf-8")))
        for trial in TrialBook.model_validate(yaml.safe_load(file.read_text("utf-8"))).trials:
            rule = next(rule for rule in book.rules if rule.name == trial.rule)
            if trial.outage is None:
                prefix = f"t{len(found)}-"
                kind = ["door"] if ANY_KIND in rule.kinds else rule.kind
                scene = build_scenario(trial, rule.model_copy(update={"kind": kind}))
                found.append(Part(book_file.stem, trial, _renamed(scene, prefix), prefix))
    return found


def _renamed(scene: Scenario, prefix: str) -> Scenario:
    town = scene.community
    places = [
        replace(one, id=prefix + one.id, parent=one.parent and prefix + one.parent, cell=one.cell and prefix + one.cell)
        for one in town.places.values()
    ]
    people = [replace(one, id=prefix + one.id, home=one.home and prefix + one.home) for one in town.people.values()]
    cells = [replace(one, id=prefix + one.id) for one in town.cells.values()]
    batches = tuple(
        (now, tuple(replace(reading, device=prefix + reading.device) for reading in readings))
        for now, readings in scene.batches
    )
    devices = tuple(_device(one, prefix) for one in scene.devices)
    return replace(scene, devices=devices, community=community(places, cells, people), batches=batches)


def _device(device: Device, prefix: str) -> Device:
    attributes = {name: f"{prefix}{of}" if name in NAMED else of for name, of in device.attributes.items()}
    return replace(device, id=prefix + device.id, place=f"{prefix}{device.place}", attributes=attributes)


PARTS = parts()


class Town:
    """Several trials, living in one place."""

    def __init__(self, chosen: Sequence[Part], books: Sequence[Rulebook], kinds: dict[str, Kind]) -> None:
        self.books, self.kinds, self.chosen = books, kinds, chosen
        towns = [part.scene.community for part in chosen]
        self.community: Community = community(
            places=[one for town in towns for one in town.places.values()],
            people=[one for town in towns for one in town.people.values()],
            cells=[one for town in towns for one in town.cells.values()],
        )
        self.devices = [device for part in chosen for device in part.scene.devices]
        self.end = max(part.scene.end for part in chosen)

    def engine(self, born: bytes | None = None) -> Engine:
        engine = Engine(self.books, self.kinds, self.community)
        if born is not None:
            engine.restore(born)
            engine.register(self.devices, START)
        return engine


@pytest.fixture(scope="module")
def all_books(books: dict[str, Rulebook]) -> list[Rulebook]:
    return list(books.values())


_ALONE: dict[str, tuple[str, ...]] = {}


def every_one(events: int) -> frozenset[int]:
    return frozenset(index for index in range(events) if index >= events - 60 or events <= 200 or index % 9 == 0)


def alone(part: Part, books: Sequence[Rulebook], kinds: dict[str, Kind]) -> tuple[str, ...]:
    if part.prefix not in _ALONE:
        _ALONE[part.prefix] = part.told(play_scenario(Engine(books, kinds, part.scene.community), part.scene))
    return _ALONE[part.prefix]


def woven(town: Town, shuffle: Sequence[int], twice: bool) -> Iterator[tuple[Instant, list[Reading]]]:
    """All that is heard, by arrival; what comes at one instant in any order, but each device's own as it was said."""
    heard = [(now, readings) for part in town.chosen for now, readings in part.scene.batches]
    for turn, (now, at_once) in enumerate(groupby(sorted(heard, key=lambda one: one[0]), key=lambda one: one[0])):
        by_device: dict[str, list[Reading]] = {}
        for _, readings in at_once:
            for reading in readings:
                by_device.setdefault(reading.device, []).append(reading)
        order = sorted(by_device, key=lambda name: hash_of(name, shuffle[turn % len(shuffle)]))
        yield now, [one for name in order for reading in by_device[name] for one in (reading,) * (2 if twice else 1)]


@cache
def hash_of(name: str, salt: int) -> int:
    """Any order, the same at every run."""
    value = salt
    for character in name:
        value = (value * 1_000_003 ^ ord(character)) % 2_147_483_647
    return value


def replayed(town: Town, batches: Sequence[tuple[Instant, list[Reading]]], crashes: frozenset[int]) -> list[Finding]:
    engine = town.engine()
    findings = engine.register(town.devices, START)
    for index, (now, readings) in enumerate(batches):
        if index in crashes:
            engine = town.engine(engine.snapshot())
        findings += play(engine, [ReadingBatch(now, readings)])
    return findings + engine.tick(town.end)


def embedded(town: Town, batches: Sequence[tuple[Instant, list[Reading]]], crashes: frozenset[int]) -> list[Finding]:
    """As a service drives it: between two messages it wakes as often as it is owed."""
    findings: list[Finding] = []

    async def deliver(said: Sequence[Finding]) -> None:
        findings.extend(said)

    async def live() -> None:
        host, now = EmbeddedHost(town.engine(), deliver), START
        findings.extend(host.engine.register(town.devices, START))
        for index, (then, readings) in enumerate([*batches, (town.end + 1, [])]):
            if index in crashes:
                host = EmbeddedHost(town.engine(host.engine.snapshot()), deliver)
            while (due := host.engine.next_timer()) is not None and due < then:
                now = max(due, now)
                await host.run_timers(now)
            await host.feed(readings, then)

    asyncio.run(live())
    return findings


@pytest.mark.parametrize("host", [replayed, embedded])
@settings(max_examples=15, deadline=None)
@given(
    chosen=st.lists(st.sampled_from(range(len(PARTS))), min_size=2, max_size=8, unique=True),
    shuffle=st.lists(st.integers(0, 1_000), min_size=1, max_size=5),
    crashes=st.frozensets(st.integers(0, 60), max_size=6),
    twice=st.booleans(),
)
def test_trials_woven_into_each_other_are_told_what_each_is_told_alone(
    host: object, all_books: list[Rulebook], kinds: dict[str, Kind],
    chosen: list[int], shuffle: list[int], crashes: frozenset[int], twice: bool,
) -> None:  # fmt: skip
    town = Town([PARTS[index] for index in chosen], all_books, kinds)
    findings = host(town, list(woven(town, shuffle, twice)), crashes)  # type: ignore[operator]
    for part in town.chosen:
        assert part.told(findings) == alone(part, all_books, kinds), part.trial.name


LONG_MS = 3 * DAY
"""Trials of minutes and of weeks are two towns: three hundred devices would otherwise be missed for weeks."""


@pytest.mark.parametrize("long", [False, True], ids=["days", "weeks"])
@pytest.mark.parametrize("host", [replayed, embedded])
def test_all_trials_at_once_heard_twice_are_told_what_each_is_told_alone(
    host: object, long: bool, all_books: list[Rulebook], kinds: dict[str, Kind]
) -> None:
    town = Town([part for part in PARTS if (part.scene.end - START > LONG_MS) is long], all_books, kinds)
    assert len(town.chosen) > 20
    findings = host(town, list(woven(town, [7, 1, 12], twice=True)), frozenset({5, 50, 500}))  # type: ignore[operator]
    for part in town.chosen:
        assert part.told(findings) == alone(part, all_books, kinds), part.trial.name


@pytest.mark.parametrize("host", [replayed, embedded])
def test_every_trial_heard_twice_with_a_crash_between_any_two_events_is_told_what_it_is_told_at_once(
    host: object, books: dict[str, Rulebook], kinds: dict[str, Kind]
) -> None:
    """Of the weeks in which a habit is learned only every ninth event, and the last sixty."""
    for part in PARTS:
        seen = {name: kinds[name] for name in sorted({device.kind for device in part.scene.devices} | {"gateway"})}
        book = books[part.book]
        town = Town([part], [book, *referenced_rules(book, [one for one in books.values() if one is not book])], seen)
        batches = list(woven(town, [0], twice=True))
        findings = host(town, batches, every_one(len(batches)))  # type: ignore[operator]
        assert part.told(findings) == part.told(play_scenario(town.engine(), part.scene)), part.trial.name
