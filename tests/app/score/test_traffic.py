"""When a resident's report reaches the service: when it is sent, whatever devices do meanwhile."""

from __future__ import annotations

from pathlib import Path

from app.score.settings import START, Settings
from app.score.traffic import Arrivals, Traffic, TrafficState
from domain import HOUR, SECOND
from tests.support.two_kitchens import tiny

REPORTED_AT = START + HOUR


def arrivals(settings: Settings) -> list[Arrivals]:
    """The first day: each device sends at 00:07 and every four hours, the report is of 01:00."""
    world = tiny(settings, Path())
    incidents = world.sources[0].incidents(world.town, settings.whole, settings.seed, settings.per_week)
    traffic = Traffic(world.town, world.sources, incidents, settings.wire_faults, settings.seed, TrafficState())
    return list(traffic.of_day(settings.day(0)))


def test_a_report_does_not_wait_for_the_next_message_of_a_device() -> None:
    found = arrivals(Settings(seed=7))
    (reported,) = [one for one in found if one.reports]
    assert (reported.at, reported.frames) == (REPORTED_AT + SECOND, [])
    assert [one.at for one in found] == sorted(one.at for one in found)
    assert found[-1].at > REPORTED_AT + 4 * HOUR, "messages came after it"


def test_a_report_arrives_when_every_message_is_lost() -> None:
    (reported,) = arrivals(Settings(seed=7, faults=("missing",), intensity=1_000_000, days=1))[:1]
    assert reported.at == REPORTED_AT + SECOND
    assert [report.category for report in reported.reports] == ["other"]
