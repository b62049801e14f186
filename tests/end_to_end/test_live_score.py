"""A score in real time: `fengshao up` in a process with a real broker, leaks over MQTT, texts over HTTP to phones."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from msgspec import structs

from app.clock import Clock
from app.score.live import run_live
from app.score.matching import Status
from app.score.settings import Settings, World
from domain import HOUR, MINUTE, SECOND, Device, Instant, Place
from simulators.events import Incident, Measurement, TimedEvent
from simulators.town.town import Period, Town
from tests.support.two_kitchens import PLACES, QUIET, TOWN

EVERY_MS = 10 * SECOND
PLAYED_MIN = 0.4
"""24 s, so that a leak that is due within ten seconds begins in them."""
LEAKS = 60
"""For ten minutes from now: the service is ready within three."""
DOORS = [f"{number}" for number in range(501, 501 + LEAKS)]


class Leaks:
    """A leak behind another door every ten seconds from now on, of which the alarm tells at once."""

    kinds = frozenset({"gas_alarm"})

    def __init__(self, now: Instant) -> None:
        self._now = now

    def incidents(self, _town: Town, _period: Period, _seed: int, _per_week: float) -> Sequence[Incident]:
        return [
            Incident(
                id=f"leak-{door}",
                kind="leak",
                title="漏气",
                hazard="gas",
                begin=self._now + number * EVERY_MS,
                end=self._now + number * EVERY_MS + 15 * MINUTE,
                devices=(f"gas-{door}",),
                notify_by=self._now + (number + 1) * EVERY_MS,
                life_safety=True,
            )
            for number, door in enumerate(DOORS)
        ]

    def events(self, _town: Town, incidents: Sequence[Incident], _period: Period, _seed: int) -> Iterator[TimedEvent]:
        for leak in incidents:
            yield TimedEvent(leak.begin, Measurement(leak.devices[0], {**QUIET, "alarm": True}, urgent=True))


def many_kitchens() -> Town:
    """Each in a building of its own: several alarms in one are one danger."""
    houses = [Place(f"b{door}", f"{door}栋", "building", "yard") for door in DOORS]
    flats = [Place(f"h{door}", "101", "household", f"b{door}") for door in DOORS]
    alarms = [Device(f"gas-{door}", "gas_alarm", place=f"h{door}") for door in DOORS]
    return structs.replace(TOWN, places=(*PLACES, *houses, *flats), devices=tuple(alarms))


@pytest.mark.thorough
def test_people_are_notified_in_time_of_a_leak_of_today_over_broker_service_and_provider(tmp_path: Path) -> None:
    now = Clock()()
    settings, world = Settings(seed=7, start=now - HOUR), World(many_kitchens(), [Leaks(now)])
    result, counts = run_live(settings, world, tmp_path / "run", PLAYED_MIN)
    assert counts.published >= 2
    assert (counts.pushed, counts.refused) == (0, 0)
    outcomes = result.matches.outcomes
    assert outcomes
    assert {outcome.status for outcome in outcomes} == {Status.IN_TIME}
    assert all("燃气泄漏" in outcome.text.text for outcome in outcomes if outcome.text is not None)
    with sqlite3.connect(tmp_path / "run" / "live" / "ledger.db") as database:
        rows = database.execute(
            "SELECT DISTINCT provider FROM deliveries WHERE channel = 'sms' AND state = 'delivered'"
        ).fetchall()
    assert rows == [("aliyun",)], "the receipts came back over HTTP"
