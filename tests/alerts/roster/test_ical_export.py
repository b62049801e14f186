"""Calendars of shifts: what they hold, what they do not, and that they can be imported again."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from msgspec.structs import replace

from alerts.roster.ical_export import calendar_turns, write_calendar
from alerts.roster.ical_import import ImportSettings, read_calendar
from alerts.roster.on_duty import on_duty_ranked
from alerts.roster.schedule import RosterSchedule
from domain import DAY, HOUR, MINUTE, Duty
from domain.people import Community
from domain.rosters import Override, OverrideKind, Shift
from tests.alerts.roster.roster_builders import EARLY, LATE, MIDDLE, TZ, at, layer, override, rotation, site

NOW = at(11, 30)
ROLES = {"worker": "网格员", "lead": "网格长"}
TURNS = rotation(layer("abcd", EARLY, MIDDLE, LATE), layer("e", rank=1))


def export(community: Community, days: int = 3, zone: ZoneInfo = TZ, person: str | None = None) -> bytes:
    schedule = RosterSchedule(community, NOW, NOW + days * DAY, zone)
    turns = calendar_turns(schedule, sorted(schedule.roles), lambda one: person in (None, one.person.id))
    return write_calendar("值班", turns, community, lambda role: ROLES[role], zone, NOW)


def test_an_event_names_person_cell_role_shift_and_reason_and_holds_no_telephone_number() -> None:
    cover = override("1", "b", "c", at(12, 1), at(12, 2))
    data = export(site(rotations=[TURNS], overrides=[cover]))
    assert b"19900000001" not in data
    events = Calendar.from_ical(data).walk("VEVENT")
    summaries = {str(event["SUMMARY"]) for event in events}
    assert {"a师傅 值班 第一网格网格员（早）", "e师傅 值班 第一网格网格员（替补）"} <= summaries
    (instead,) = [event for event in events if "DESCRIPTION" in event]
    assert str(instead["DESCRIPTION"]) == "代 b师傅（顶班）"
    assert instead["DTSTART"].params["TZID"] == "Asia/Shanghai"
    assert b"BEGIN:VTIMEZONE" in data
    assert b"TZID:Asia/Shanghai" in data


def test_uids_stay_when_the_roster_is_exported_later_and_when_a_turn_ends_earlier() -> None:
    community = site(rotations=[TURNS])
    cut = site(rotations=[TURNS], overrides=[override("1", "a", "e", at(11, 30, 12), at(11, 30, 16))])

    def uids(found: Community) -> dict[str, str]:
        events = Calendar.from_ical(export(found)).walk("VEVENT")
        return {str(event["UID"]): str(event["SUMMARY"]) for event in events}

    assert uids(community) == uids(community)
    early = next(uid for uid, summary in uids(community).items() if summary.startswith("a师傅") and "早" in summary)
    assert early in uids(cut)


def test_the_calendar_of_one_person_holds_turns_of_that_person_only() -> None:
    events = Calendar.from_ical(export(site(rotations=[TURNS]), person="e")).walk("VEVENT")
    assert [str(event["X-FENGSHAO-PERSON"]) for event in events] == ["e"]
    assert events[0]["DTEND"].dt - events[0]["DTSTART"].dt == datetime(2026, 1, 4, tzinfo=UTC) - datetime(
        2026, 1, 1, tzinfo=UTC
    )


duties = st.lists(
    st.builds(
        Duty,
        st.uuids().map(str),
        st.sampled_from(("g1", "c")),
        st.just("worker"),
        st.sampled_from("abc"),
        rank=st.integers(0, 1),
        from_minute=st.integers(0, 1439),
        to_minute=st.integers(0, 1439),
        weekdays=st.sampled_from(((), (1,), (2, 3))),
    ),
    max_size=4,
)
changes = st.lists(
    st.builds(
        lambda who, to, begin, kind: override(
            f"{who}{begin}", who, to, NOW + begin * HOUR, NOW + (begin + 9) * HOUR, kind
        ),
        st.sampled_from("abc"),
        st.none() | st.sampled_from("de"),
        st.integers(-5, 60),
        st.sampled_from(OverrideKind),
    ),
    max_size=3,
)


@settings(max_examples=25)
@given(duties, changes, st.lists(st.integers(0, 3 * 1440 - 1), min_size=5, max_size=10))
def test_an_exported_roster_that_is_imported_again_has_the_same_people_on_duty(
    lines: list[Duty], overrides: list[Override], when: list[int]
) -> None:
    turns = rotation(layer("ab", Shift("夜", 1300, 500)))
    before = site(*lines, rotations=[turns], overrides=overrides)
    imported = read_calendar(export(before), before, ImportSettings(TZ, NOW, ROLES))
    after = replace(before, duties=imported.duties, rotations=(), overrides_of={})
    for minute in when:
        now = NOW + minute * MINUTE
        for cell in ("g1", "c"):
            assert on_duty_ranked(after, cell, "worker", now, TZ) == on_duty_ranked(before, cell, "worker", now, TZ)


def test_a_calendar_in_a_zone_with_daylight_saving_time_is_imported_at_the_same_instants() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    night = at(3, 28, 23, zone=berlin)
    community = site(Duty("1", "g1", "worker", "a", from_minute=1380, to_minute=360))
    schedule = RosterSchedule(community, night - HOUR, night + DAY, berlin)
    turns = list(calendar_turns(schedule, [("g1", "worker")], lambda _one: True))
    data = write_calendar("值班", turns, community, lambda role: ROLES[role], berlin, NOW)
    imported = read_calendar(data, community, ImportSettings(TZ, night, ROLES))
    assert [(duty.since, duty.until) for duty in imported.duties] == [(turn.begin, turn.end) for turn in turns]
    assert turns[0].end - turns[0].begin == 6 * HOUR
