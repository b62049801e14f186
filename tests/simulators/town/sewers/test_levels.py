"""Levels between the kept steps, in rain and behind a blocked pipe."""

from datetime import date

from domain import HOUR, MINUTE
from simulators.events import Incident
from simulators.town.calendar_days import Calendar
from simulators.town.hydraulics.days import FORMAT, LineLevels, TownDays
from simulators.town.sewers.levels import DRAINS_IN_MS, STORM_MS, Levels, Spell, Weather, interpolated, storm_id

CALENDAR = Calendar("Asia/Shanghai")
DAY = CALENDAR.day(date(2026, 7, 6))
MIDNIGHT = DAY.midnight
STORM = tuple(range(0, 720, 10))
LINE = LineLevels("l1", ("m1",), ((5,) * 24,), {"light": (STORM,)}, "m1", (tuple(range(0, 5760, 10)),))
OTHER = LineLevels("l2", ("m2",), ((7,) * 24,), {"light": (STORM,)}, "m2", ((9,) * 576,))
DAYS = TownDays(FORMAT, "small", 1, "f", (), (LINE, OTHER))
WELLS = {"m1": (2000, True), "m2": (2000, False)}


def test_between_two_steps_the_level_is_between_theirs() -> None:
    assert [interpolated((0, 100, 200), minutes * MINUTE) for minutes in (0, 5, 12, 15, 19, 20)] == [
        0,
        0,
        140,
        200,
        200,
        0,
    ]


def test_a_storm_is_on_all_lines_and_over_after_six_hours() -> None:
    id_ = storm_id("sewer_flooding", "light", MIDNIGHT, "l1")
    storm = Incident(id_, "sewer_flooding", "", "manhole", MIDNIGHT, MIDNIGHT + STORM_MS, ("m1",), None)
    levels = Levels(DAYS, WELLS, [storm])
    assert levels.at("m2", MIDNIGHT, MIDNIGHT + HOUR, ()) == 110
    assert levels.at("m1", MIDNIGHT, MIDNIGHT + 8 * HOUR, ()) == 5
    assert [spell.storm for spell in levels.spells_of("m2", MIDNIGHT, MIDNIGHT + HOUR)] == ["light"]


def test_a_blocked_pipe_fills_its_own_line_and_drains_within_an_hour() -> None:
    end = MIDNIGHT + 10 * HOUR
    blocked = Incident("sewer_blockage-1/l1", "sewer_blockage", "", "manhole", MIDNIGHT, end, ("m1",), None)
    levels = Levels(DAYS, WELLS, [blocked])
    assert levels.at("m1", MIDNIGHT, end - 1, ()) > 1100
    assert 500 < levels.at("m1", MIDNIGHT, end + DRAINS_IN_MS // 2, ()) < 700
    assert (levels.at("m1", MIDNIGHT, end + DRAINS_IN_MS, ()), levels.at("m2", MIDNIGHT, end - 1, ())) == (5, 7)
    assert levels.spells_of("m2", MIDNIGHT, end) == []


def test_ordinary_rain_is_added_and_other_incidents_change_no_level() -> None:
    shake = Incident("vehicle_pass-1", "vehicle_pass", "", "manhole", MIDNIGHT, MIDNIGHT + HOUR, ("m1",), None)
    levels = Levels(DAYS, WELLS, [shake])
    rain = [Spell(MIDNIGHT, MIDNIGHT + STORM_MS, "light")]
    assert levels.spells == []
    assert levels.at("m1", MIDNIGHT, MIDNIGHT + HOUR, rain) == 110


def test_rain_of_the_evening_runs_off_on_the_next_day_and_dry_days_are_counted() -> None:
    weather = Weather(CALENDAR, 1)
    days = [CALENDAR.next(DAY, number) for number in range(200)]
    rained = [day for day in days if weather.rain_on(day)]
    late = next(day for day in rained if weather.rain_on(day)[0].begin > day.midnight + 18 * HOUR)
    (rain,) = weather.rain_on(late)
    assert rain.begin in {spell.begin for spell in weather.spells(CALENDAR.next(late))}
    assert weather.dry_days(CALENDAR.next(rained[0])) == 0
    assert max(weather.dry_days(day) for day in days) <= 14
