"""The hosts: the replay agrees with the trials, and so does the embedded host, which delivers before it returns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from domain import MINUTE, Finding, Reading, Value
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.hosts.embedded import EmbeddedHost
from rules.hosts.replay import Event, Outage, ReadingBatch, by_arrival, play
from rules.rulebook.model import ANY_KIND, Rulebook
from rules.rulebook.references import referenced_rules
from rules.trials.model import START, TrialBook
from rules.trials.runner import as_expectations, play_scenario
from rules.trials.scenario import Scenario, build_scenario

T0 = START


def said(at: int, device: str = "gas-1", **values: Value) -> Reading:
    return Reading(device, "gas_alarm", T0 + at, T0 + at, values)


@pytest.fixture
def engine(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> Engine:
    return Engine(list(books.values()), kinds, community())


def others(books: dict[str, Rulebook], name: str) -> list[Rulebook]:
    return [book for other, book in books.items() if other != name]


# -- replay -------------------------------------------------------------------------------------------------------


def events(scene: Scenario) -> Iterator[Event]:
    outage = scene.outage
    for now, readings in scene.batches:
        if outage is not None and now >= outage[1]:
            yield Outage(*outage)
            outage = None
        yield ReadingBatch(now, readings)


def test_every_trial_says_the_same_on_the_replay_host(
    books: dict[str, Rulebook], trials: dict[str, TrialBook], kinds: dict[str, Kind]
) -> None:
    for name, book in books.items():
        for trial in trials[name].trials:
            rule = next(rule for rule in book.rules if rule.name == trial.rule)
            if ANY_KIND in rule.kinds:
                rule = rule.model_copy(update={"kind": sorted(kinds)})
            scene = build_scenario(trial, rule)
            engine = Engine([book, *referenced_rules(book, others(books, name))], kinds, scene.community)
            findings = [*engine.register(scene.devices, START), *play(engine, events(scene), scene.end)]
            plain = play_scenario(
                Engine([book, *referenced_rules(book, others(books, name))], kinds, scene.community), scene
            )
            assert as_expectations(findings, trial.rule) == as_expectations(plain, trial.rule), trial.name


def test_a_replay_without_an_end_stops_with_the_last_event(engine: Engine) -> None:
    assert list(play(engine, [ReadingBatch(T0, [said(0, lel_pct=15)])])) == []
    assert engine.next_timer() == T0 + 30_000


def test_a_sorted_replay_is_grouped_by_arrival() -> None:
    readings = [said(0), said(0, "gas-2"), said(5)]
    assert [(heard.now - T0, len(heard.readings)) for heard in by_arrival(readings)] == [(0, 2), (5, 1)]
    assert list(by_arrival([])) == []


# -- embedded -----------------------------------------------------------------------------------------------------


class Driver:
    """Drives the embedded host through a story, as a service would: what came, and in between what is owed."""

    def __init__(self, engine: Engine) -> None:
        self.told: list[Finding] = []
        self.host = EmbeddedHost(engine, self.deliver)

    async def deliver(self, findings: Sequence[Finding]) -> None:
        self.told += findings

    async def pass_time(self, now: int, to: int) -> None:
        """Sleeps exactly as long as the host says, again and again."""
        while now < to:
            now = min(now + max(round(self.host.seconds_until_timer(now, 60.0) * 1000), 1), to)
            await self.host.run_timers(now)

    async def play(self, scene: Scenario) -> None:
        now = START
        for event in events(scene):
            if isinstance(event, Outage):
                await self.pass_time(now, event.begin)
                self.host.engine.outage(event.begin, event.end)
                now = event.begin
                continue
            await self.pass_time(now, event.now - 1)
            await self.host.feed(event.readings, event.now)
            now = event.now
        await self.pass_time(now, scene.end)


async def test_every_trial_says_the_same_on_the_embedded_host(
    books: dict[str, Rulebook], trials: dict[str, TrialBook], kinds: dict[str, Kind]
) -> None:
    for name, book in books.items():
        for trial in trials[name].trials:
            rule = next(rule for rule in book.rules if rule.name == trial.rule)
            if ANY_KIND in rule.kinds:
                rule = rule.model_copy(update={"kind": sorted(kinds)})
            scene = build_scenario(trial, rule)
            driver = Driver(Engine([book, *referenced_rules(book, others(books, name))], kinds, scene.community))
            driver.told += driver.host.engine.register(scene.devices, START)
            await driver.play(scene)
            plain = play_scenario(
                Engine([book, *referenced_rules(book, others(books, name))], kinds, scene.community), scene
            )
            assert as_expectations(driver.told, trial.rule) == as_expectations(plain, trial.rule), trial.name


async def test_a_hold_completes_when_it_is_owed_and_bears_its_due_instant(engine: Engine) -> None:
    driver = Driver(engine)
    await driver.host.feed([said(0, lel_pct=15)], T0)
    assert driver.host.seconds_until_timer(T0, 60.0) == 30.0

    await driver.host.run_timers(T0 + 29_999)
    assert driver.told == []
    await driver.host.run_timers(T0 + 35_000)
    assert [(finding.rule, finding.now) for finding in driver.told] == [("gas-low", T0 + 30_000)]


async def test_what_a_reading_says_is_delivered_before_feed_returns(engine: Engine) -> None:
    driver = Driver(engine)
    await driver.host.feed([said(0, alarm=True)], T0)
    assert len(driver.told) == 1
    await driver.host.feed([said(1, alarm=True)], T0 + 1)
    assert len(driver.told) == 1


async def test_with_nothing_owed_it_rests_as_long_as_it_may(engine: Engine) -> None:
    assert Driver(engine).host.seconds_until_timer(T0, 60.0) == 60.0


async def test_with_a_backlog_time_stands_still_at_what_was_not_yet_fed(engine: Engine) -> None:
    driver = Driver(engine)
    await driver.host.feed([said(0, lel_pct=15)], T0)
    await driver.host.feed([said(MINUTE, "gas-2", alarm=True)], T0 + MINUTE, watermark=T0 + 1)
    assert [finding.device for finding in driver.told] == ["gas-2"]

    await driver.host.feed([said(20_000, lel_pct=1)], T0 + MINUTE)
    await driver.host.run_timers(T0 + 3 * MINUTE)
    assert [finding.device for finding in driver.told] == ["gas-2"]
