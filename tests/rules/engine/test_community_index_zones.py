"""By whose clock: the site's, or the one written of a device or a place; summer time, and hours lived twice."""

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


def engine(kinds: dict[str, Kind], rule: Mapping[str, object], zone: ZoneInfo, town: Community | None = None) -> Engine:
    book = Rulebook.model_validate({"hazard": "person", "rules": [rule]})
    return Engine([book], kinds, town or community(), zone=zone)


def opened_at(engine: Engine, device: Device, now: Instant) -> bool:
    engine.register([device], now)
    found = engine.feed([Reading(device.id, "door", now, now, {"opened": True})], now)
    engine.unregister([device.id], now)
    return bool(found)


def test_night_is_night_by_the_clock_of_the_site(kinds: dict[str, Kind]) -> None:
    door = Device("d", "door")
    evening = at(BERLIN, 2026, 7, 1, 23, 30)
    assert opened_at(engine(kinds, NIGHT, BERLIN), door, evening)
    assert not opened_at(engine(kinds, NIGHT, SHANGHAI), door, evening)


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
def test_what_is_written_of_a_device_or_of_a_place_around_it_comes_before_the_site(
    kinds: dict[str, Kind], attributes: dict[str, Attribute], place: str | None, night: bool
) -> None:
    house = Place("house", "别墅", "building", attributes={"timezone": "Europe/Berlin"})
    people = [Person("li", "李奶奶", home="room")]
    town = community(places=[house, Place("room", "1", "household", parent="house")], people=people)
    door = Device("d", "door", place=place, attributes=attributes)
    assert opened_at(engine(kinds, NIGHT, SHANGHAI, town), door, at(BERLIN, 2026, 1, 5, 23, 30)) is night


def test_the_clock_of_the_site_holds_where_nobody_wrote_another() -> None:
    near = CommunityIndex(community(), BERLIN)
    assert near.zone_of(Device("d", "door")) is BERLIN


@pytest.mark.parametrize("day", [(2026, 3, 29), (2026, 10, 25)])
def test_clocks_that_change_move_the_habit_with_them(kinds: dict[str, Kind], day: tuple[int, int, int]) -> None:
    """Learned over weeks before the change: at the same hour of the local clock it is still known, an hour off not."""
    monday = at(BERLIN, *day) - 27 * DAY
    bands = [engine(kinds, FAST, BERLIN)]
    bands[0].register([Device("b", "wristband")], monday)
    for hour in range(27 * 24):
        now = monday + hour * HOUR
        local = datetime.fromtimestamp(now / 1000, BERLIN).hour
        assert bands[-1].feed([said(now, heart_rate_bpm=60 if local < 8 else 90)], now) == []
    bands.append(engine(kinds, FAST, BERLIN))
    bands[-1].restore(bands[0].snapshot())
    seven = at(BERLIN, *day[:2], day[2] + 1, 7, 30)
    for band in bands:
        assert [finding.rule for finding in band.feed([said(seven, heart_rate_bpm=95)], seven)] == ["fast"]
        eight = seven + HOUR
        assert [finding.phase.value for finding in band.feed([said(eight, heart_rate_bpm=95)], eight)][-1] == "ended"


def said(now: Instant, **values: Value) -> Reading:
    return Reading("b", "wristband", now, now, values)


def learned(zone: ZoneInfo, first: Instant, hours: int, usual: HourlyBaseline | None = None) -> HourlyBaseline:
    """A counter that grows by one an hour, in two steps."""
    usual = usual or HourlyBaseline(counter=True)
    for half in range(2 * hours + 1):
        now = first + half * 30 * MINUTE
        usual.update(now, 100 + half / 2, utc_offset_ms(now, zone))
    return usual


def test_an_hour_that_is_lived_twice_counts_as_two_hours() -> None:
    first = at(BERLIN, 2026, 9, 27, 0)
    assert first % HOUR == 0
    usual = learned(BERLIN, first, 5 * 7 * 24 + 3)
    twice = at(BERLIN, 2026, 10, 25, 2, 30), at(BERLIN, 2026, 10, 25, 2, 30, fold=1)
    assert twice[1] - twice[0] == HOUR
    assert [usual.expected_at(now, utc_offset_ms(now, BERLIN)) for now in twice] == [1.0, 1.0]


def test_hours_begin_with_the_local_hour_where_clocks_are_half_an_hour_off() -> None:
    usual = HourlyBaseline(counter=False)
    for week in range(3):
        nine = at(KOLKATA, 2026, 1, 5 + 7 * week, 9)
        for minute, value in ((0, 10.0), (59, 10.0), (60, 70.0), (119, 70.0), (120, 0.0)):
            now = nine + minute * MINUTE
            usual.update(now, value, utc_offset_ms(now, KOLKATA))
    nine = at(KOLKATA, 2026, 1, 26, 9)
    asked = [usual.expected_at(nine + minute * MINUTE, utc_offset_ms(nine, KOLKATA)) for minute in (0, 59, 60)]
    assert asked == [10.0, 10.0, 70.0]


def test_what_was_learned_before_slots_were_written_down_loses_only_the_hour_going_on() -> None:
    usual = learned(SHANGHAI, at(SHANGHAI, 2026, 1, 5), 3 * 7 * 24)
    old = usual.snapshot()
    old.slot = None
    again = HourlyBaseline(True, old)
    now = old.at + HOUR
    again.update(now, old.value + 1, utc_offset_ms(now, SHANGHAI))
    assert again.expected_at(now, utc_offset_ms(now, SHANGHAI)) == 1.0
