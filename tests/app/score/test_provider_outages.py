"""A gas leak while a provider is down: by the other, people are called in time; with both down, when one is back."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx2
import pytest

from app.score.matching import Status
from app.score.provider_outages import SometimesDown
from app.score.run import Result, simulate
from app.score.settings import START, Settings, World
from app.score.sms_providers import IN_PROCESS
from domain import DAY, HOUR, MINUTE, SECOND, Instant
from simulators.events import Incident, Measurement, TimedEvent
from simulators.faults.people import PeopleFaults
from simulators.town.town import Period, Town
from tests.support.two_kitchens import QUIET, TOWN

PROVIDERS = tuple(IN_PROCESS)
BEGINS_AFTER_MS = 20 * SECOND


class Leak:
    """One leak of gas at a given time."""

    kinds = frozenset({"gas_alarm"})

    def __init__(self, at: Instant) -> None:
        self._at = at

    def incidents(self, _town: Town, _period: Period, _seed: int, _per_week: float) -> Sequence[Incident]:
        end, notify_by = self._at + 15 * MINUTE, self._at + MINUTE
        return [Incident("leak", "leak", "漏气", "gas", self._at, end, ("gas-402",), notify_by, life_safety=True)]

    def events(self, _town: Town, incidents: Sequence[Incident], _period: Period, _seed: int) -> Iterator[TimedEvent]:
        (leak,) = incidents
        alarm = Measurement("gas-402", {**QUIET, "alarm": True}, urgent=True)
        yield TimedEvent(leak.begin, alarm)
        yield TimedEvent(leak.end, Measurement("gas-402", QUIET, urgent=True))


def settings(seed: int) -> Settings:
    """An outage of one provider on every day, of both on every second one."""
    return Settings(seed=seed, faults=("provider_down",), intensity=25)


def outages(down: frozenset[str], lasts_ms: Instant) -> tuple[Settings, Instant, Instant]:
    """A run in which exactly these providers are down for that long, and from when until when."""
    for seed in range(100):
        faults = PeopleFaults(settings(seed).people_faults, seed)
        for at in range(START, START + DAY - HOUR, 10 * SECOND):
            ends = {name: faults.provider_down_until(name, PROVIDERS, at) for name in PROVIDERS}
            found = {name: end for name, end in ends.items() if end is not None}
            if found.keys() == down and min(found.values()) - at >= lasts_ms:
                return settings(seed), at, max(found.values())
    raise AssertionError("no such outage")


def run(case: Settings, leak_at: Instant, folder: Path) -> tuple[Result, set[str]]:
    """The run, and the providers that carried the calls."""
    result = simulate(case, folder, build=lambda _settings, _data: World(TOWN, [Leak(leak_at)]))
    with sqlite3.connect(folder / "live" / "ledger.db") as database:
        rows = database.execute("SELECT DISTINCT provider FROM deliveries WHERE kind = 'alert' AND state = 'delivered'")
        return result, {provider for (provider,) in rows}


@pytest.mark.parametrize(("down", "carries"), [("aliyun", "tencent"), ("tencent", "aliyun")])
def test_with_one_provider_down_people_are_called_in_time_over_the_other(down: str, carries: str, tmp_path: Path):
    case, begin, _ = outages(frozenset({down}), 10 * MINUTE)
    result, carried = run(case, begin + BEGINS_AFTER_MS, tmp_path / "run")
    (outcome,) = result.matches.outcomes
    assert outcome.status is Status.IN_TIME
    assert carried == {carries}
    assert {"owned", "verify"} <= {text.kind for text in result.texts}, "he took it, arrived and dealt with it"


def test_with_both_down_people_are_called_when_one_is_back(tmp_path: Path):
    case, begin, end = outages(frozenset(PROVIDERS), 2 * MINUTE)
    result, _ = run(case, begin + BEGINS_AFTER_MS, tmp_path / "run")
    (outcome,) = result.matches.outcomes
    assert outcome.text is not None
    assert end < outcome.text.at < end + 45 * SECOND
    assert outcome.status is Status.LATE


async def test_an_address_of_no_provider_is_not_reached():
    async with httpx2.AsyncClient(transport=SometimesDown({}, PeopleFaults({}, 1), lambda: START)) as client:
        with pytest.raises(httpx2.ConnectError, match=r"no provider has the address elsewhere\.example"):
            await client.get("http://elsewhere.example/")
