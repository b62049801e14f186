"""How long a battery lasts: by the slope of weeks, from its own exchange on, whatever comes late or twice."""

from __future__ import annotations

import pytest

from domain import DAY, HOUR, Device, Finding, Reading
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook
from rules.windows.trend import Trend, days_left, update_trend

T0 = 1_767_225_600_000


def after(*said: tuple[float, float]) -> Trend:
    """Values by day."""
    trend: Trend | None = None
    for day, value in said:
        trend = update_trend(trend, round(day * DAY), value)
    assert trend is not None
    return trend


def test_what_stays_or_was_not_seen_for_two_weeks_is_not_foretold() -> None:
    assert days_left(after((0, 80), (13, 50)), 13 * DAY, 50) is None
    assert days_left(after((0, 80), (20, 80)), 20 * DAY, 80) is None
    assert days_left(after((0, 80), (20, 85)), 20 * DAY, 85) is None
    assert days_left(after((0, 80), (20, 40)), 20 * DAY, 40) == 20


def test_an_exchange_begins_anew() -> None:
    assert after((0, 80), (20, 20), (20.1, 100)) == Trend(round(20.1 * DAY), 100, *[round(20.1 * DAY), 100] * 2)


def test_what_comes_late_or_twice_or_within_hours_teaches_nothing() -> None:
    trend = after((0, 80), (20, 70))
    assert update_trend(trend, 10 * DAY, 99) is trend
    assert update_trend(trend, 20 * DAY, 70) is trend
    assert update_trend(trend, 20 * DAY + HOUR, 69) is trend


def test_a_slope_of_long_ago_is_let_go() -> None:
    trend = after(*((day, 100 - day / 10) for day in range(60)), *((day, 94 - 2 * (day - 60)) for day in range(60, 90)))
    assert 14 * DAY <= 89 * DAY - trend.since <= 28 * DAY
    assert days_left(trend, 89 * DAY, 36) == pytest.approx(18, abs=3)


def test_a_restart_in_between_foretells_the_same(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> None:
    def story(crash: bool) -> list[Finding]:
        engine, told = Engine([books["device"]], kinds, community()), list[Finding]()
        for day in range(30):
            if crash:
                restored = Engine([books["device"]], kinds, community())
                restored.restore(engine.snapshot())
                engine = restored
            engine.register([Device("d", "door")], T0)
            at = T0 + day * DAY
            told += engine.feed([Reading("d", "door", at, at, {"battery_pct": 100 - 2 * day})], at)
        return told

    assert [finding.rule for finding in story(False)] == ["device-battery-forecast"]
    assert story(True) == story(False)
    (told,) = story(False)
    assert [(line.quantity, line.value, line.unit, line.limit) for line in told.evidence] == [
        ("battery_pct", 58, "%", 80), ("battery_pct", 29.0, "d", 30),
    ]  # fmt: skip


def test_what_is_no_number_is_not_followed(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> None:
    engine = Engine([books["device"]], kinds, community())
    for day in range(20):
        at, said = T0 + day * DAY, "full" if day > 17 else 100 - 2 * day
        assert engine.feed([Reading("d", "door", at, at, {"battery_pct": said})], at) == []
    trends = engine.states["d"].trends
    assert trends is not None
    assert trends["battery_pct"].last == 66
