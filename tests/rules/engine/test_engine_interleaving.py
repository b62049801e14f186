"""Many trials at once, on one engine and both hosts: readings of all devices interleaved at random, cut into
batches at random, delivered twice, with crashes in between. Each trial gives the findings it gives alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import pytest
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
from tests.support.long_form import examples, share_of
from tests.support.yaml_text import load_yaml

BOOKS = Path(__file__).parents[3] / "rules" / "books"
NAMED = ("person", "line", "gateway")
"""Attributes that name a person or a device of the same trial."""


class RenamedTrial(Struct, frozen=True):
    """One trial with prefixed names, so that many fit into one engine."""

    book: str
    trial: Trial
    scenario: Scenario
    prefix: str

    def expectations_from(self, findings: Sequence[Finding]) -> tuple[str, ...]:
        own = [finding for finding in findings if (finding.device or finding.subject.id).startswith(self.prefix)]
        return as_expectations([finding for finding in own if finding.now <= self.scenario.end], self.trial.rule)


def renamed_trials() -> list[RenamedTrial]:
    """Every trial without an outage: an outage affects all devices."""
    found: list[RenamedTrial] = []
    for file in sorted(BOOKS.glob("*_test.yaml")):
        book_file = file.with_name(file.name.replace("_test", ""))
        book = Rulebook.model_validate(load_yaml(book_file.read_text("utf-8")))
        for trial in TrialBook.model_validate(load_yaml(file.read_text("utf-8"))).trials:
            rule = next(rule for rule in book.rules if rule.name == trial.rule)
            if trial.outage is None:
                prefix = f"t{len(found)}-"
                kind = ["door"] if ANY_KIND in rule.kinds else rule.kind
                scenario = build_scenario(trial, rule.model_copy(update={"kind": kind}))
                found.append(RenamedTrial(book_file.stem, trial, _renamed(scenario, prefix), prefix))
    return found


def _renamed(scenario: Scenario, prefix: str) -> Scenario:
    registry = scenario.community
    places = [
        replace(
            place,
            id=prefix + place.id,
            parent=place.parent and prefix + place.parent,
            cell=place.cell and prefix + place.cell,
        )
        for place in registry.places.values()
    ]
    people = [
        replace(person, id=prefix + person.id, home=person.home and prefix + person.home)
        for person in registry.people.values()
    ]
    cells = [replace(cell, id=prefix + cell.id) for cell in registry.cells.values()]
    batches = tuple(
        (now, tuple(replace(reading, device=prefix + reading.device) for reading in readings))
        for now, readings in scenario.batches
    )
    devices = tuple(_renamed_device(device, prefix) for device in scenario.devices)
    return replace(scenario, devices=devices, community=community(places, cells, people), batches=batches)


def _renamed_device(device: Device, prefix: str) -> Device:
    attributes = {name: f"{prefix}{of}" if name in NAMED else of for name, of in device.attributes.items()}
    return replace(device, id=prefix + device.id, place=f"{prefix}{device.place}", attributes=attributes)


RENAMED_TRIALS = renamed_trials()


class TrialGroup:
    """Several trials in one community."""

    def __init__(self, trials: Sequence[RenamedTrial], books: Sequence[Rulebook], kinds: dict[str, Kind]) -> None:
        self.books, self.kinds, self.trials = books, kinds, trials
        registries = [renamed.scenario.community for renamed in trials]
        self.community: Community = community(
            places=[place for registry in registries for place in registry.places.values()],
            people=[person for registry in registries for person in registry.people.values()],
            cells=[cell for registry in registries for cell in registry.cells.values()],
        )
        self.devices = [device for renamed in trials for device in renamed.scenario.devices]
        self.end = max(renamed.scenario.end for renamed in trials)

    def engine(self, snapshot: bytes | None = None) -> Engine:
        engine = Engine(self.books, self.kinds, self.community)
        if snapshot is not None:
            engine.restore(snapshot)
            engine.register(self.devices, START)
        return engine


@pytest.fixture(scope="module")
def all_books(books: dict[str, Rulebook]) -> list[Rulebook]:
    return list(books.values())


_EXPECTED_ALONE: dict[str, tuple[str, ...]] = {}


def crash_points(events: int) -> frozenset[int]:
    return frozenset(index for index in range(events) if index >= events - 60 or events <= 200 or index % 9 == 0)


def expected_alone(renamed: RenamedTrial, books: Sequence[Rulebook], kinds: dict[str, Kind]) -> tuple[str, ...]:
    if renamed.prefix not in _EXPECTED_ALONE:
        _EXPECTED_ALONE[renamed.prefix] = renamed.expectations_from(
            play_scenario(Engine(books, kinds, renamed.scenario.community), renamed.scenario)
        )
    return _EXPECTED_ALONE[renamed.prefix]


def interleave(group: TrialGroup, shuffle: Sequence[int], twice: bool) -> Iterator[tuple[Instant, list[Reading]]]:
    """All batches by arrival. Readings of one instant come in any order of devices, of one device in order."""
    by_time = itemgetter(0)
    batches = [(now, readings) for renamed in group.trials for now, readings in renamed.scenario.batches]
    for step, (now, at_once) in enumerate(groupby(sorted(batches, key=by_time), key=by_time)):
        by_device: dict[str, list[Reading]] = {}
        for _, readings in at_once:
            for reading in readings:
                by_device.setdefault(reading.device, []).append(reading)
        order = sorted(by_device, key=lambda name: hash_with_salt(name, shuffle[step % len(shuffle)]))
        yield now, [copy for name in order for reading in by_device[name] for copy in (reading,) * (2 if twice else 1)]


@cache
def hash_with_salt(name: str, salt: int) -> int:
    """Any order, the same at every run."""
    value = salt
    for character in name:
        value = (value * 1_000_003 ^ ord(character)) % 2_147_483_647
    return value


def play_replayed(
    group: TrialGroup, batches: Sequence[tuple[Instant, list[Reading]]], crashes: frozenset[int]
) -> list[Finding]:
    engine = group.engine()
    findings = engine.register(group.devices, START)
    for index, (now, readings) in enumerate(batches):
        if index in crashes:
            engine = group.engine(engine.snapshot())
        findings += play(engine, [ReadingBatch(now, readings)])
    return findings + engine.tick(group.end)


def play_embedded(
    group: TrialGroup, batches: Sequence[tuple[Instant, list[Reading]]], crashes: frozenset[int]
) -> list[Finding]:
    """As a service drives it: between two messages it runs every due timer."""
    findings: list[Finding] = []

    async def deliver(emitted: Sequence[Finding]) -> None:
        findings.extend(emitted)

    async def run() -> None:
        host, now = EmbeddedHost(group.engine(), deliver), START
        findings.extend(host.engine.register(group.devices, START))
        for index, (then, readings) in enumerate([*batches, (group.end + 1, [])]):
            if index in crashes:
                host = EmbeddedHost(group.engine(host.engine.snapshot()), deliver)
            while (due := host.engine.next_timer()) is not None and due < then:
                now = max(due, now)
                await host.run_timers(now)
            await host.feed(readings, then)

    asyncio.run(run())
    return findings


@pytest.mark.parametrize("host", [play_replayed, play_embedded])
@settings(max_examples=examples(15, short=4), deadline=None)
@given(
    trials=st.lists(st.sampled_from(range(len(RENAMED_TRIALS))), min_size=2, max_size=8, unique=True),
    shuffle=st.lists(st.integers(0, 1_000), min_size=1, max_size=5),
    crashes=st.frozensets(st.integers(0, 60), max_size=6),
    twice=st.booleans(),
)
def test_interleaved_trials_give_the_findings_of_each_alone(
    host: object, all_books: list[Rulebook], kinds: dict[str, Kind],
    trials: list[int], shuffle: list[int], crashes: frozenset[int], twice: bool,
) -> None:  # fmt: skip
    group = TrialGroup([RENAMED_TRIALS[index] for index in trials], all_books, kinds)
    findings = host(group, list(interleave(group, shuffle, twice)), crashes)  # type: ignore[operator]
    for renamed in group.trials:
        assert renamed.expectations_from(findings) == expected_alone(renamed, all_books, kinds), renamed.trial.name


LONG_MS = 3 * DAY
"""Trials of minutes and of weeks are two groups: three hundred devices would otherwise be absent for weeks."""


@pytest.mark.parametrize(
    ("host", "long"),
    [
        pytest.param(play_replayed, False, id="replayed-days", marks=pytest.mark.thorough),
        pytest.param(play_replayed, True, id="replayed-weeks"),
        pytest.param(play_embedded, False, id="embedded-days"),
        pytest.param(play_embedded, True, id="embedded-weeks", marks=pytest.mark.thorough),
    ],
)
def test_all_trials_at_once_delivered_twice_give_the_findings_of_each_alone(
    host: object, long: bool, all_books: list[Rulebook], kinds: dict[str, Kind]
) -> None:
    group = TrialGroup(
        [renamed for renamed in RENAMED_TRIALS if (renamed.scenario.end - START > LONG_MS) is long], all_books, kinds
    )
    assert len(group.trials) > 20
    findings = host(  # type: ignore[operator]
        group, list(interleave(group, [7, 1, 12], twice=True)), frozenset({5, 50, 500})
    )
    for renamed in group.trials:
        assert renamed.expectations_from(findings) == expected_alone(renamed, all_books, kinds), renamed.trial.name


@pytest.mark.long_form
@pytest.mark.parametrize("host", [play_replayed, play_embedded])
def test_every_trial_delivered_twice_with_crashes_gives_the_same_findings(
    host: object, books: dict[str, Rulebook], kinds: dict[str, Kind]
) -> None:
    """In the weeks in which a baseline is learned, only at every ninth event, and at the last sixty."""
    for renamed in share_of(RENAMED_TRIALS, host is play_embedded, 8):
        seen = {
            name: kinds[name] for name in sorted({device.kind for device in renamed.scenario.devices} | {"gateway"})
        }
        book = books[renamed.book]
        group = TrialGroup(
            [renamed], [book, *referenced_rules(book, [other for other in books.values() if other is not book])], seen
        )
        batches = list(interleave(group, [0], twice=True))
        findings = host(group, batches, crash_points(len(batches)))  # type: ignore[operator]
        assert renamed.expectations_from(findings) == renamed.expectations_from(
            play_scenario(group.engine(), renamed.scenario)
        ), renamed.trial.name
