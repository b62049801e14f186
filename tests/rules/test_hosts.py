"""The hosts: the replay agrees with the trials, the embedded host keeps every wake-up on a clock it is given."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from domain import HOUR, MINUTE, Device, Finding, Reading, Value
from domain.kind import Kind
from domain.people import community
from rules.engine import Engine
from rules.hosts.embedded import EmbeddedHost
from rules.hosts.replay import Deaf, Event, Heard, by_arrival, play
from rules.rulebook import ANY_KIND, Rulebook
from rules.trial import START, Stage, TrialBook, played, stage, told

T0 = START


def said(at: int, device: str = "gas-1", **values: Value) -> Reading:
    return Reading(device, "gas_alarm", T0 + at, T0 + at, values)


@pytest.fixture
def engine(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> Engine:
    return Engine(list(books.values()), kinds, community())


# -- replay -------------------------------------------------------------------------------------------------------


def events(scene: Stage) -> Iterator[Event]:
    outage = scene.outage
    for now, readings in scene.batches:
        if outage is not None and now >= outage[1]:
            yield Deaf(*outage)
            outage = None
        yield Heard(now, readings)


def test_every_trial_says_the_same_on_the_replay_host(
    books: dict[str, Rulebook], trials: dict[str, TrialBook], kinds: dict[str, Kind]
) -> None:
    for name, book in books.items():
        for trial in trials[name].trials:
            rule = next(rule for rule in book.rules if rule.name == trial.rule)
            if ANY_KIND in rule.kinds:
                rule = rule.model_copy(update={"kind": sorted(kinds)})
            scene = stage(trial, rule)
            engine = Engine([book], kinds, scene.community)
            findings = [*engine.enrol([scene.device], START), *play(engine, events(scene), scene.end)]
            plain = played(Engine([book], kinds, scene.community), scene)
            assert told(findings, trial.rule) == told(plain, trial.rule), trial.name


def test_a_replay_without_an_end_stops_with_the_last_event(engine: Engine) -> None:
    assert list(play(engine, [Heard(T0, [said(0, lel_pct=15)])])) == []
    assert engine.next_wake() == T0 + 30_000


def test_a_sorted_replay_is_grouped_by_arrival() -> None:
    readings = [said(0), said(0, "gas-2"), said(5)]
    assert [(heard.now - T0, len(heard.readings)) for heard in by_arrival(readings)] == [(0, 2), (5, 1)]
    assert list(by_arrival([])) == []


# -- embedded -----------------------------------------------------------------------------------------------------


class Town:
    """A clock that only moves when told, and the sleeps that wait for it."""

    def __init__(self, engine: Engine) -> None:
        self.now, self.told, self.sleeps = T0, list[Finding](), list[tuple[int, asyncio.Future[None]]]()
        self.heard_until: int | None = None
        self.host = EmbeddedHost(engine, self.deliver, lambda: self.now, heard_until=self.until, sleep=self.sleep)

    def until(self) -> int:
        return self.now if self.heard_until is None else self.heard_until

    async def deliver(self, findings: list[Finding]) -> None:
        self.told += findings

    async def sleep(self, seconds: float) -> None:
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sleeps.append((self.now + round(seconds * 1000), over))
        await over

    async def pass_time(self, to: int) -> None:
        """Moves the clock from sleep to sleep, letting the host run in between."""
        await self.breathe()
        while (due := min((at for at, over in self.sleeps if not over.done()), default=to)) < to:
            await self.ring(max(due, self.now))
        await self.ring(to)

    async def ring(self, now: int) -> None:
        self.now = now
        for at, over in self.sleeps:
            if at <= now and not over.done():
                over.set_result(None)
        self.sleeps = [(at, over) for at, over in self.sleeps if not over.done()]
        await self.breathe()

    async def breathe(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


@asynccontextmanager
async def running(engine: Engine) -> Any:
    town = Town(engine)
    task = asyncio.create_task(town.host.run())
    await town.breathe()
    yield town
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_hold_completes_on_the_hosts_clock_and_bears_its_due_instant(engine: Engine) -> None:
    async with running(engine) as town:
        await town.host.feed([said(0, lel_pct=15)], T0)
        await town.pass_time(T0 + 29_000)
        assert town.told == []
        await town.pass_time(T0 + 35_000)
        assert [(finding.rule, finding.now) for finding in town.told] == [("gas-low", T0 + 30_000)]


async def test_what_a_reading_says_is_delivered_at_once(engine: Engine) -> None:
    async with running(engine) as town:
        assert len(await town.host.feed([said(0, alarm=True)], T0)) == 1
        assert len(town.told) == 1
        assert await town.host.feed([said(1, alarm=True)], T0 + 1) == []


async def test_a_sooner_wake_up_interrupts_a_longer_sleep(engine: Engine) -> None:
    engine.enrol([Device("gas-1", "gas_alarm")], T0)
    async with running(engine) as town:
        await town.pass_time(T0 + 5_000)
        await town.host.feed([said(5_000, lel_pct=30)], T0 + 5_000)
        await town.pass_time(T0 + 15_000)
        assert [finding.rule for finding in town.told] == ["gas-high"]


async def test_devices_enrolled_while_it_sleeps_are_missed_in_time(engine: Engine) -> None:
    async with running(engine) as town:
        engine.enrol([Device("band", "wristband", attributes={"report_every": "1s"})], T0)
        town.host.poke()
        await town.pass_time(T0 + HOUR)
        assert [(finding.rule, finding.now - T0) for finding in town.told] == [("device-offline", 10 * MINUTE + 3000)]


async def test_with_a_backlog_time_stands_still_at_what_was_not_yet_fed(engine: Engine) -> None:
    async with running(engine) as town:
        await town.host.feed([said(0, lel_pct=15)], T0)
        town.heard_until = T0 + 1
        await town.pass_time(T0 + 2 * MINUTE)
        assert town.told == []
        town.heard_until = None
        await town.host.feed([said(20_000, lel_pct=1)], town.now)
        await town.pass_time(T0 + 3 * MINUTE)
        assert town.told == []


async def test_the_host_runs_on_the_real_loop_without_being_given_a_sleep(engine: Engine) -> None:
    told: list[Finding] = []

    async def deliver(findings: list[Finding]) -> None:
        told.extend(findings)

    start = asyncio.get_running_loop().time()
    clock: Callable[[], int] = lambda: T0 + round((asyncio.get_running_loop().time() - start) * 1000)  # noqa: E731
    host = EmbeddedHost(engine, deliver, clock)
    engine.feed([said(-29_950, lel_pct=15)], T0 - 29_950)
    task: Awaitable[None] = asyncio.create_task(host.run())
    async with asyncio.timeout(5):
        while not told:
            await asyncio.sleep(0.01)
    assert told[0].now == T0 + 50
    task.cancel()  # type: ignore[attr-defined]
