"""Battery forecasts: by the slope over weeks since the last exchange; late and repeated samples."""

from __future__ import annotations

import pytest

from domain import DAY, HOUR, Device, Finding, Reading
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook
from rules.windows.trend import Trend, days_left, update_trend

T0 = 1_767_225_600_000


def trend_of(*samples: tuple[float, float]) -> Trend:
    """Values by day."""
    trend: Trend | None = None
    for day, value in samples:
        trend = update_trend(trend, round(day * DAY), value)
    assert trend is not None
    return trend


def test_a_constant_or_short_trend_has_no_forecast() -> None:
    assert days_left(trend_of((0, 80), (13, 50)), 13 * DAY, 50) is None
    assert days_left(trend_of((0, 80), (20, 80)), 20 * DAY, 80) is None
    assert days_left(trend_of((0, 80), (20, 85)), 20 * DAY, 85) is None
    assert days_left(trend_of((0, 80), (20, 40)), 20 * DAY, 40) == 20


def test_an_exchange_starts_a_new_trend() -> None:
    assert trend_of((0, 80), (20, 20), (20.1, 100)) == Trend(round(20.1 * DAY), 100, *[round(20.1 * DAY), 100] * 2)


def test_late_repeated_and_frequent_samples_are_ignored() -> None:
    trend = trend_of((0, 80), (20, 70))
    assert update_trend(trend, 10 * DAY, 99) is trend
    assert update_trend(trend, 20 * DAY, 70) is trend
    assert update_trend(trend, 20 * DAY + HOUR, 69) is trend


def test_an_old_slope_is_dropped() -> None:
    trend = trend_of(
        *((day, 100 - day / 10) for day in range(60)), *((day, 94 - 2 * (day - 60)) for day in range(60, 90))
    )
    assert 14 * DAY <= 89 * DAY - trend.since <= 28 * DAY
    assert days_left(trend, 89 * DAY, 36) == pytest.approx(18, abs=3)


def test_a_restart_does_not_change_the_forecast(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> None:
    def findings_with(crash: bool) -> list[Finding]:
        engine, findings = Engine([books["device"]], kinds, community()), list[Finding]()
        for day in range(30):
            if crash:
                restored = Engine([books["device"]], kinds, community())
                restored.restore(engine.snapshot())
                engine = restored
            engine.register([Device("d", "door")], T0)
            at = T0 + day * DAY
            findings += engine.feed([Reading("d", "door", at, at, {"battery_pct": 100 - 2 * day})], at)
        return findings

    assert [finding.rule for finding in findings_with(False)] == ["device-battery-forecast"]
    assert findings_with(True) == findings_with(False)
    (finding,) = findings_with(False)
    assert [(line.quantity, line.value, line.unit, line.limit) for line in finding.evidence] == [
        ("battery_pct", 58, "%", 80), ("battery_pct", 29.0, "d", 30),
    ]  # fmt: skip


def test_a_value_that_is_no_number_has_no_trend(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> None:
    engine = Engine([books["device"]], kinds, community())
    for day in range(20):
        at, value = T0 + day * DAY, "full" if day > 17 else 100 - 2 * day
        assert engine.feed([Reading("d", "door", at, at, {"battery_pct": value})], at) == []
    trends = engine.states["d"].trends
    assert trends is not None
    assert trends["battery_pct"].last == 66
