"""Time zones: of the site, or of the device or place; daylight saving time, and hours that occur twice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from domain import DAY, HOUR, MINUTE, Attribute, Device, Instant, Person, Place, Reading, Value
from domain.kind import Kind
from domain.people import Community, community
from rules.engine.community_index import CommunityIndex
from rules.engine.engine import Engine
from rules.language.local_calendar import utc_offset_ms
from rules.rulebook.model import Rulebook
from rules.windows.baseline import HourlyBaseline

BERLIN, SHANGHAI, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai"), ZoneInfo("Asia/Kolkata")
NIGHT = {
    "name": "night-door", "title": {"zh": "夜间开门", "en": "Door at night"}, "kind": "door", "severity": "low",
    "when": "opened", "only_if": "time.hour >= 23 or time.hour < 5", "release": "1m", "source": "test",
}  # fmt: skip
FAST = {
    "name": "fast", "title": {"zh": "心率", "en": "Heart"}, "kind": "wristband", "severity": "low",
    "when": "heart_rate_bpm > usual(heart_rate_bpm) + 30", "source": "test",
}  # fmt: skip


def at(zone: ZoneInfo, *local: int, fold: int = 0) -> Instant:
    return int(datetime(*local).replace(tzinfo=zone, fold=fold).timestamp() * 1000)  # type: ignore[arg-type]  # noqa: DTZ001


def engine_with(
    kinds: dict[str, Kind], rule: Mapping[str, object], zone: ZoneInfo, registry: Community | None = None
) -> Engine:
    book = Rulebook.model_validate({"hazard": "person", "rules": [rule]})
    return Engine([book], kinds, registry or community(), zone=zone)


def opened_at(engine: Engine, device: Device, now: Instant) -> bool:
    engine.register([device], now)
    found = engine.feed([Reading(device.id, "door", now, now, {"opened": True})], now)
    engine.unregister([device.id], now)
    return bool(found)


def test_night_is_by_the_time_zone_of_the_site(kinds: dict[str, Kind]) -> None:
    door = Device("d", "door")
    evening = at(BERLIN, 2026, 7, 1, 23, 30)
    assert opened_at(engine_with(kinds, NIGHT, BERLIN), door, evening)
    assert not opened_at(engine_with(kinds, NIGHT, SHANGHAI), door, evening)


@pytest.mark.parametrize(
    ("attributes", "place", "night"),
    [
        ({}, None, False),
        ({"timezone": "Europe/Berlin"}, None, True),
        ({}, "room", True),
        ({"timezone": "Asia/Shanghai"}, "room", False),
        ({"timezone": "Mars/Olympus"}, "room", True),
        ({"timezone": "../etc"}, None, False),
        ({"person": "li"}, None, True),
        ({"person": "nobody"}, None, False),
    ],
)
def test_the_time_zone_of_a_device_or_a_place_precedes_that_of_the_site(
    kinds: dict[str, Kind], attributes: dict[str, Attribute], place: str | None, night: bool
) -> None:
    villa = Place("house", "别墅", "building", attributes={"timezone": "Europe/Berlin"})
    people = [Person("li", "李奶奶", home="room")]
    registry = community(places=[villa, Place("room", "1", "household", parent="house")], people=people)
    door = Device("d", "door", place=place, attributes=attributes)
    assert opened_at(engine_with(kinds, NIGHT, SHANGHAI, registry), door, at(BERLIN, 2026, 1, 5, 23, 30)) is night


def test_the_time_zone_of_the_site_is_the_default() -> None:
    registry_index = CommunityIndex(community(), BERLIN)
    assert registry_index.zone_of(Device("d", "door")) is BERLIN


@pytest.mark.parametrize("day", [(2026, 3, 29), (2026, 10, 25)])
def test_daylight_saving_time_moves_the_learned_hours(kinds: dict[str, Kind], day: tuple[int, int, int]) -> None:
    """Learned over weeks before the change: still valid at the same local hour, and not an hour off."""
    monday = at(BERLIN, *day) - 27 * DAY
    engines = [engine_with(kinds, FAST, BERLIN)]
    engines[0].register([Device("b", "wristband")], monday)
    for hour in range(27 * 24):
        now = monday + hour * HOUR
        local = datetime.fromtimestamp(now / 1000, BERLIN).hour
        assert engines[-1].feed([reading_at(now, heart_rate_bpm=60 if local < 8 else 90)], now) == []
    engines.append(engine_with(kinds, FAST, BERLIN))
    engines[-1].restore(engines[0].snapshot())
    seven = at(BERLIN, *day[:2], day[2] + 1, 7, 30)
    for engine in engines:
        assert [finding.rule for finding in engine.feed([reading_at(seven, heart_rate_bpm=95)], seven)] == ["fast"]
        eight = seven + HOUR
        assert [finding.phase.value for finding in engine.feed([reading_at(eight, heart_rate_bpm=95)], eight)][
            -1
        ] == "ended"


def reading_at(now: Instant, **values: Value) -> Reading:
    return Reading("b", "wristband", now, now, values)


def baseline_of(zone: ZoneInfo, first: Instant, hours: int, baseline: HourlyBaseline | None = None) -> HourlyBaseline:
    """A counter that grows by one an hour, in two steps."""
    baseline = baseline or HourlyBaseline(counter=True)
    for half in range(2 * hours + 1):
        now = first + half * 30 * MINUTE
        baseline.update(now, 100 + half / 2, utc_offset_ms(now, zone))
    return baseline


def test_an_hour_that_occurs_twice_counts_as_two_hours() -> None:
    first = at(BERLIN, 2026, 9, 27, 0)
    assert first % HOUR == 0
    baseline = baseline_of(BERLIN, first, 5 * 7 * 24 + 3)
    twice = at(BERLIN, 2026, 10, 25, 2, 30), at(BERLIN, 2026, 10, 25, 2, 30, fold=1)
    assert twice[1] - twice[0] == HOUR
    assert [baseline.expected_at(now, utc_offset_ms(now, BERLIN)) for now in twice] == [1.0, 1.0]


def test_hours_begin_with_the_local_hour_in_zones_of_half_hours() -> None:
    baseline = HourlyBaseline(counter=False)
    for week in range(3):
        nine = at(KOLKATA, 2026, 1, 5 + 7 * week, 9)
        for minute, value in ((0, 10.0), (59, 10.0), (60, 70.0), (119, 70.0), (120, 0.0)):
            now = nine + minute * MINUTE
            baseline.update(now, value, utc_offset_ms(now, KOLKATA))
    nine = at(KOLKATA, 2026, 1, 26, 9)
    asked = [baseline.expected_at(nine + minute * MINUTE, utc_offset_ms(nine, KOLKATA)) for minute in (0, 59, 60)]
    assert asked == [10.0, 10.0, 70.0]


def test_a_baseline_saved_without_slots_loses_only_the_current_hour() -> None:
    baseline = baseline_of(SHANGHAI, at(SHANGHAI, 2026, 1, 5), 3 * 7 * 24)
    old = baseline.snapshot()
    old.slot = None
    again = HourlyBaseline(True, old)
    now = old.at + HOUR
    again.update(now, old.value + 1, utc_offset_ms(now, SHANGHAI))
    assert again.expected_at(now, utc_offset_ms(now, SHANGHAI)) == 1.0
