"""The hosts: replay and embedded host give the findings of the trials; the embedded host delivers before it returns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from domain import MINUTE, Finding, Reading, Value
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.hosts.embedded import EmbeddedHost
from rules.hosts.replay import Event, Outage, ReadingBatch, by_arrival, play
from rules.rulebook.model import Rulebook
from rules.trials.model import START, TrialBook
from rules.trials.runner import as_expectations, play_scenario
from rules.trials.scenario import Scenario
from tests.rules.trials.test_runner_books import scenarios

T0 = START
LONGEST_SLEEP_S = 3_600.0
"""Of a host without timers that are due earlier: trials last for weeks."""


def reading_at(at: int, device: str = "gas-1", **values: Value) -> Reading:
    return Reading(device, "gas_alarm", T0 + at, T0 + at, values)


@pytest.fixture
def engine(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> Engine:
    return Engine(list(books.values()), kinds, community())


# -- replay -------------------------------------------------------------------------------------------------------


def events(scenario: Scenario) -> Iterator[Event]:
    outage = scenario.outage
    for now, readings in scenario.batches:
        if outage is not None and now >= outage[1]:
            yield Outage(*outage)
            outage = None
        yield ReadingBatch(now, readings)


def test_a_replay_without_an_end_stops_with_the_last_event(engine: Engine) -> None:
    assert list(play(engine, [ReadingBatch(T0, [reading_at(0, lel_pct=15)])])) == []
    assert engine.next_timer() == T0 + 30_000


def test_a_sorted_replay_is_grouped_by_arrival() -> None:
    readings = [reading_at(0), reading_at(0, "gas-2"), reading_at(5)]
    assert [(batch.now - T0, len(batch.readings)) for batch in by_arrival(readings)] == [(0, 2), (5, 1)]
    assert list(by_arrival([])) == []


# -- embedded -----------------------------------------------------------------------------------------------------


class Driver:
    """Drives the embedded host as a service would: batches, and the timers due between them."""

    def __init__(self, engine: Engine) -> None:
        self.findings: list[Finding] = []
        self.host = EmbeddedHost(engine, self.deliver)

    async def deliver(self, findings: Sequence[Finding]) -> None:
        self.findings += findings

    async def pass_time(self, now: int, to: int) -> None:
        """Sleeps as long as the host asks for, until `to`."""
        while now < to:
            now = min(now + max(round(self.host.seconds_until_timer(now, LONGEST_SLEEP_S) * 1000), 1), to)
            await self.host.run_timers(now)

    async def play(self, scenario: Scenario) -> None:
        now = START
        for event in events(scenario):
            if isinstance(event, Outage):
                await self.pass_time(now, event.begin)
                self.host.engine.outage(event.begin, event.end)
                now = event.begin
                continue
            await self.pass_time(now, event.now - 1)
            await self.host.feed(event.readings, event.now)
            now = event.now
        await self.pass_time(now, scenario.end)


async def test_every_trial_gives_the_same_findings_on_both_hosts(
    books: dict[str, Rulebook], trials: dict[str, TrialBook], kinds: dict[str, Kind]
) -> None:
    for own, trial, scenario in scenarios(books, trials, kinds):
        seen = {name: kinds[name] for name in {device.kind for device in scenario.devices} | {"gateway"}}

        def new_engine(
            own: list[Rulebook] = own, seen: dict[str, Kind] = seen, scenario: Scenario = scenario
        ) -> Engine:
            return Engine(own, seen, scenario.community)

        plain = as_expectations(play_scenario(new_engine(), scenario), trial.rule)
        engine = new_engine()
        replayed = [*engine.register(scenario.devices, START), *play(engine, events(scenario), scenario.end)]
        assert as_expectations(replayed, trial.rule) == plain, trial.name
        driver = Driver(new_engine())
        driver.findings += driver.host.engine.register(scenario.devices, START)
        await driver.play(scenario)
        assert as_expectations(driver.findings, trial.rule) == plain, trial.name


async def test_a_hold_completes_when_due_and_has_its_due_time(engine: Engine) -> None:
    driver = Driver(engine)
    await driver.host.feed([reading_at(0, lel_pct=15)], T0)
    assert driver.host.seconds_until_timer(T0, 60.0) == 30.0

    await driver.host.run_timers(T0 + 29_999)
    assert driver.findings == []
    await driver.host.run_timers(T0 + 35_000)
    assert [(finding.rule, finding.now) for finding in driver.findings] == [("gas-low", T0 + 30_000)]


async def test_findings_of_a_reading_are_delivered_before_feed_returns(engine: Engine) -> None:
    driver = Driver(engine)
    await driver.host.feed([reading_at(0, alarm=True)], T0)
    assert len(driver.findings) == 1
    await driver.host.feed([reading_at(1, alarm=True)], T0 + 1)
    assert len(driver.findings) == 1


async def test_without_timers_the_host_sleeps_for_the_maximum(engine: Engine) -> None:
    assert Driver(engine).host.seconds_until_timer(T0, 60.0) == 60.0


async def test_with_a_backlog_timers_do_not_run_beyond_the_watermark(engine: Engine) -> None:
    driver = Driver(engine)
    await driver.host.feed([reading_at(0, lel_pct=15)], T0)
    await driver.host.feed([reading_at(MINUTE, "gas-2", alarm=True)], T0 + MINUTE, watermark=T0 + 1)
    assert [finding.device for finding in driver.findings] == ["gas-2"]

    await driver.host.feed([reading_at(20_000, lel_pct=1)], T0 + MINUTE)
    await driver.host.run_timers(T0 + 3 * MINUTE)
    assert [finding.device for finding in driver.findings] == ["gas-2"]
