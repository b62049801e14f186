"""Sunset and sunrise by location, dates in attributes, times of day."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from domain import DAY, Device, Place, Reading, Value
from domain.days import start_of
from domain.kind import Kind
from domain.people import community
from rules.engine.community_index import CommunityIndex
from rules.engine.context import EvaluationContext
from rules.engine.engine import Engine
from rules.language.compiler import compile_expression
from rules.language.nodes import Constant
from rules.language.parser import parse
from rules.language.sun import elevation_deg, next_change, sun_value
from rules.language.tokens import ExpressionError
from rules.rulebook.check import check
from rules.rulebook.model import Rulebook

Kinds = dict[str, Kind]
SHANGHAI = (31.23, 121.47)


def instant(condition: str) -> int:
    return round(datetime.fromisoformat(condition).timestamp() * 1000)


# Sunset and sunrise as the almanac has them for Shanghai, to the minute.
@pytest.mark.parametrize(
    ("noon", "sunset", "sunrise"),
    [
        ("2026-06-21T12:00+08:00", "2026-06-21T19:02+08:00", "2026-06-22T04:51+08:00"),
        ("2026-12-22T12:00+08:00", "2026-12-22T16:56+08:00", "2026-12-23T06:50+08:00"),
    ],
)
def test_sunset_and_sunrise_agree_with_the_almanac(noon: str, sunset: str, sunrise: str) -> None:
    sunset_at = next_change("is_down", instant(noon), SHANGHAI)
    assert sunset_at is not None
    sunrise_at = next_change("is_down", sunset_at, SHANGHAI)
    assert sunrise_at is not None
    assert abs(sunset_at - instant(sunset)) <= 120_000
    assert abs(sunrise_at - instant(sunrise)) <= 120_000
    dusk = next_change("is_dark", instant(noon), SHANGHAI)
    assert dusk is not None
    assert sunset_at < dusk < sunset_at + 45 * 60_000


def test_the_polar_night_has_no_sunset_and_other_names_are_unknown() -> None:
    assert next_change("is_down", instant("2026-12-22T12:00+00:00"), (78.2, 15.6)) is None
    assert sun_value(0, SHANGHAI, "azimuth") is None
    assert elevation_deg(instant("2026-06-21T12:00+08:00"), SHANGHAI) > 80


def evaluate_at(device: Device, places: list[Place], condition: str, when: str, kinds: Kinds) -> object:
    engine = Engine([], kinds, community(places=places))
    engine.register([device], 0)
    registry_index = CommunityIndex(engine.community, ZoneInfo("Asia/Shanghai"))
    return compile_expression(parse(condition))(
        EvaluationContext(engine.states[device.id], registry_index, instant(when), {})
    )


def test_the_location_of_the_sun_is_that_of_the_device_its_place_or_the_site(kinds: Kinds) -> None:
    evening, urumqi = "2026-06-21T20:00+08:00", (43.8, 87.6)
    far = Place("far", "乌鲁木齐", "road", lat=urumqi[0], lon=urumqi[1])
    near = Place("near", "上海", "road", lat=SHANGHAI[0], lon=SHANGHAI[1])
    assert evaluate_at(Device("d", "lamp_post", place="far"), [near, far], "sun.is_down", evening, kinds) is False
    assert evaluate_at(Device("d", "lamp_post"), [near, far], "sun.is_down", evening, kinds) is True
    own = Device("d", "lamp_post", place="near", attributes={"lat": urumqi[0], "lon": urumqi[1]})
    assert evaluate_at(own, [near], "sun.elevation_deg > 10", evening, kinds) is True
    assert evaluate_at(Device("d", "lamp_post"), [], "sun.is_down", evening, kinds) is None


# -- dates ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("until", "today", "answer"),
    [
        ("2026-05-01", "2026-05-01T23:59+08:00", True),
        ("2026-05-01", "2026-05-02T00:00+08:00", False),
        ("2026/5/1", "2026-05-01T12:00+08:00", True),
        ("2026年5月1日", "2026-05-02T12:00+08:00", False),
        (20260501, "2026-05-01T12:00+08:00", True),
        ("soon", "2026-05-01T12:00+08:00", None),
        (True, "2026-05-01T12:00+08:00", None),
        (None, "2026-05-01T12:00+08:00", None),
    ],
)
def test_an_authorised_day_ends_by_the_local_clock(
    until: Value | None, today: str, answer: bool | None, kinds: Kinds
) -> None:
    device = Device("d", "manhole", attributes={} if until is None else {"authorised_until": until})
    assert evaluate_at(device, [], "time.date <= device.authorised_until", today, kinds) is answer
    assert evaluate_at(device, [], "device.authorised_until >= time.date", today, kinds) is answer


def test_dates_are_subtracted_and_shifted(kinds: Kinds) -> None:
    device = Device("d", "manhole", attributes={"until": "2026-05-20"})
    assert evaluate_at(device, [], "device.until - time.date < 30d", "2026-05-01T12:00+08:00", kinds) is True
    assert evaluate_at(device, [], "time.date + 30d >= device.until", "2026-04-01T12:00+08:00", kinds) is False
    assert (
        evaluate_at(device, [], "default(device.none, '2026-04-01') < time.date", "2026-05-01T12:00+08:00", kinds)
        is True
    )
    assert start_of("1970-01-02T10:00") == DAY
    assert start_of("2026-02-30") is None


def faults(when: str, kinds: Kinds, **more: object) -> list[str]:
    rule = {"name": "r", "title": {"zh": "甲", "en": "x"}, "kind": "manhole", "severity": "high", "source": "s", **more}
    book = Rulebook.model_validate({"hazard": "gas", "rules": [{**rule, "when": when}]})
    return [fault.message for fault in check(book, kinds)]


def test_a_date_is_compared_with_a_date_only(kinds: Kinds) -> None:
    day = "time.date is compared with a day: write time.date <= device.x, or a day as '2026-05-01'"
    for condition in (
        "time.date > 20260501 + 1",
        "time.date > 30d",
        "time.date == 'monday'",
        "time.date - person.x > time.hour",
    ):
        assert faults(f"opened and {condition}", kinds) != [], condition
    assert faults("opened and time.date > 5", kinds) == [day]
    assert faults("opened and time.date > device.until", kinds) == []
    assert faults("opened and time.date >= '2026-10-01' and time.date <= '2026-10-07'", kinds) == []
    assert faults("opened and device.until - time.date < 30d", kinds) == []


# -- times of day ---------------------------------------------------------------------------------------------------


def test_a_time_of_day_is_compared_with_the_minute(kinds: Kinds) -> None:
    assert parse("22:30") == Constant(1350, clock=True)
    device = Device("d", "manhole")
    late = "time.minute >= 22:30 or time.minute < 6:00"
    assert evaluate_at(device, [], late, "2026-05-01T22:30+08:00", kinds) is True
    assert evaluate_at(device, [], late, "2026-05-01T22:29+08:00", kinds) is False
    assert faults(f"opened and ({late})", kinds) == []
    assert "times of day" in faults("opened and time.hour >= 22:30", kinds)[0]
    assert "compare a time of day" in faults("tilt_deg > 22:30", kinds)[0]
    with pytest.raises(ExpressionError, match="'24:10' is no time of day"):
        parse("time.minute > 24:10")


@pytest.mark.parametrize(
    ("condition", "instead"),
    [
        ("time.is_dark", "no time.is_dark: write sun.is_dark"),
        ("time.hours > 3", "no time.hours: write time.hour"),
        ("sun.elevation > 3", "no sun.elevation: write sun.elevation_deg"),
        ("sun.isdown", "no sun.isdown: write sun.is_down"),
        ("sun.xyz", "no sun.xyz: write one of elevation_deg, is_down, is_dark"),
    ],
)
def test_a_misspelt_name_of_the_calendar_or_the_sun_is_corrected(condition: str, instead: str, kinds: Kinds) -> None:
    assert faults(f"opened and {condition}", kinds) == [instead]
    assert faults("opened", kinds, only_if=condition) == [instead]


def test_the_date_and_the_elevation_of_the_sun_are_shown_as_evidence(kinds: Kinds) -> None:
    rule = {"name": "r", "title": {"zh": "甲", "en": "x"}, "kind": "manhole", "severity": "high", "source": "s"}
    when = "opened and time.date > device.until and sun.elevation_deg < 90"
    book = Rulebook.model_validate({"hazard": "gas", "rules": [{**rule, "when": when}]})
    engine = Engine([book], kinds, community(places=[Place("p", "p", "road", lat=31.23, lon=121.47)]))
    engine.register([Device("d", "manhole", place="p", attributes={"until": "2026-05-01"})], 0)
    now = instant("2026-05-02T12:00+08:00")
    (found,) = engine.feed([Reading("d", "manhole", now, now, {"opened": True})], now)
    shown = {line.quantity: (line.value, line.unit, line.limit) for line in found.evidence}
    assert shown["date"] == ("2026-05-02", "", "2026-05-01")
    assert shown["elevation_deg"][1:] == ("deg", 90)
