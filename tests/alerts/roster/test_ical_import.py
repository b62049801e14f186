"""Calendars of the office become roster lines and leaves; every fault has its line."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from alerts.roster.ical_import import OCCURRENCES_MAX, CalendarImport, ImportSettings, read_calendar
from alerts.roster.ical_lines import BYTES_MAX, EVENTS_MAX, BadCalendar
from domain import DAY, Duty
from domain.rosters import OverrideKind
from tests.alerts.roster.roster_builders import TZ, at, site

NOW = at(11, 29)
ROLES = {"worker": "网格员", "lead": "网格长"}
SHIFT = "DTSTART;TZID=Asia/Shanghai:20261201T080000\nDTEND;TZID=Asia/Shanghai:20261201T200000"
WHO = "SUMMARY:a师傅 网格员\nLOCATION:第一网格"


def calendar(*events: str, head: str = "BEGIN:VCALENDAR\nVERSION:2.0") -> bytes:
    body = "\n".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT" for event in events)
    return f"{head}\n{body}\nEND:VCALENDAR\n".encode()


def read(*events: str, data: bytes | None = None, zone: ZoneInfo = TZ, **given: str) -> CalendarImport:
    community = site(Duty("1", "g1", "worker", "a"), Duty("2", "g1", "worker", "b"))
    settings = ImportSettings(zone, NOW, ROLES, **given)
    return read_calendar(calendar(*events) if data is None else data, community, settings)


def spans(found: CalendarImport) -> list[tuple[str, str]]:
    times = [(duty.since or 0, duty.until or 0) for duty in found.duties]
    return [
        (f"{datetime.fromtimestamp(begin / 1000, TZ):%m-%d %H}", f"{datetime.fromtimestamp(end / 1000, TZ):%m-%d %H}")
        for begin, end in sorted(times)
    ]


def faults(*events: str, data: bytes | None = None) -> list[str]:
    with pytest.raises(BadCalendar) as raised:
        read(*events, data=data)
    return [str(fault) for fault in raised.value.faults]


def test_an_event_becomes_a_line_of_the_person_cell_and_role_it_names() -> None:
    (duty,) = read(f"UID:1\n{SHIFT}\n{WHO}").duties
    assert (duty.person, duty.cell, duty.role, duty.rank) == ("a", "g1", "worker", 0)
    assert (duty.since, duty.until, duty.from_minute, duty.to_minute) == (at(12, 1, 8), at(12, 1, 20), 0, 1440)


def test_own_properties_come_before_names_and_options_fill_what_is_missing() -> None:
    own = "X-FENGSHAO-PERSON:c\nX-FENGSHAO-CELL:g2\nX-FENGSHAO-ROLE:lead\nX-FENGSHAO-RANK:1"
    (duty,) = read(f"UID:1\n{SHIFT}\n{WHO}\n{own}").duties
    assert (duty.person, duty.cell, duty.role, duty.rank) == ("c", "g2", "lead", 1)
    (duty,) = read(f"UID:1\n{SHIFT}\nSUMMARY:白班", person="d", cell="g2", role="lead").duties
    assert (duty.person, duty.cell, duty.role) == ("d", "g2", "lead")
    attendee = 'ATTENDEE;CN="b师傅":mailto:b@example.org'
    assert read(f"UID:1\n{SHIFT}\n{attendee}", cell="g1", role="worker").duties[0].person == "b"


def test_a_weekly_night_shift_with_an_exception_and_a_moved_occurrence() -> None:
    night = "DTSTART;TZID=Asia/Shanghai:20261130T220000\nDURATION:PT8H\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=5"
    master = f"UID:n\n{night}\nEXDATE;TZID=Asia/Shanghai:20261202T220000\n{WHO}"
    moved = (
        "UID:n\nRECURRENCE-ID;TZID=Asia/Shanghai:20261207T220000\nDTSTART;TZID=Asia/Shanghai:20261208T210000\n"
        f"DURATION:PT8H\n{WHO}"
    )
    assert spans(read(master, moved)) == [
        ("11-30 22", "12-01 06"), ("12-08 21", "12-09 05"), ("12-09 22", "12-10 06"), ("12-14 22", "12-15 06"),
    ]  # fmt: skip
    cancelled = moved + "\nSTATUS:CANCELLED"
    assert ("12-08 21", "12-09 05") not in spans(read(master, cancelled))
    added = master + "\nRDATE;TZID=Asia/Shanghai:20261220T220000,20261221T220000"
    assert spans(read(added))[-2:] == [("12-20 22", "12-21 06"), ("12-21 22", "12-22 06")]


def test_an_endless_rule_is_imported_for_the_next_400_days() -> None:
    found = read(f"UID:1\n{SHIFT}\nRRULE:FREQ=DAILY\n{WHO}")
    assert 395 <= len(found.duties) <= 400
    until = read(f"UID:1\n{SHIFT}\nRRULE:FREQ=DAILY;UNTIL=20261203\n{WHO}")
    assert spans(until)[-1] == ("12-03 08", "12-03 20")
    before = read(f"UID:1\n{SHIFT}\nRRULE:FREQ=DAILY;UNTIL=20261202T235959Z\n{WHO}")
    assert len(before.duties) == 2
    exact = read(f"UID:1\n{SHIFT}\nRRULE:FREQ=DAILY;UNTIL=20261203T000000Z\n{WHO}")
    assert len(exact.duties) == 3  # 08:00 of 3 December in Shanghai is 00:00 UTC


def test_a_whole_day_of_leave_is_a_leave_of_the_person() -> None:
    found = read("UID:1\nDTSTART;VALUE=DATE:20261201\nDTEND;VALUE=DATE:20261204\nSUMMARY:a师傅 年假")
    (leave,) = found.overrides
    assert (leave.kind, leave.person, leave.leave) == (OverrideKind.LEAVE, "a", "年假")
    assert (leave.since, leave.until, leave.substitute) == (at(12, 1), at(12, 4), None)
    one_day = read("UID:1\nDTSTART;VALUE=DATE:20261201\nSUMMARY:病假", person="b").overrides[0]
    assert (one_day.until - one_day.since, one_day.leave) == (DAY, "病假")


def test_time_zones_by_iana_and_windows_name_utc_and_local_time() -> None:
    for start in (
        "DTSTART:20261201T000000Z",
        "DTSTART:20261201T080000",
        'DTSTART;TZID="China Standard Time":20261201T080000',
        "DTSTART;TZID=Asia/Tokyo:20261201T090000",
    ):
        assert read(f"UID:1\n{start}\nDURATION:PT1H\n{WHO}").duties[0].since == at(12, 1, 8)


def test_the_same_event_has_the_same_lines_in_every_import_and_what_it_lost_is_outdated() -> None:
    rule = "RRULE:FREQ=DAILY;COUNT=3"
    first, again = read(f"UID:1\n{SHIFT}\n{rule}\n{WHO}"), read(f"UID:1\n{SHIFT}\n{rule}\n{WHO}")
    assert first == again
    shorter = read(f"UID:1\n{SHIFT}\n{WHO}")
    own = Duty("d-1", "grid-1", "worker", "w1")
    assert shorter.outdated([*first.duties, own]) == [duty.id for duty in first.duties[1:]]


def test_folded_lines_alarms_a_byte_order_mark_and_crlf_are_read() -> None:
    alarm = "BEGIN:VALARM\nTRIGGER:-PT15M\nDTSTART:19700101T000000\nEND:VALARM"
    event = f"UID:1\n{alarm}\n{SHIFT}\nSUMMARY:a师\n 傅 网格员\nLOCATION:第一\n\t网格"
    data = b"\xef\xbb\xbf" + calendar(event).replace(b"\n", b"\r\n")
    assert read(data=data).duties[0].person == "a"


@pytest.mark.parametrize(
    ("event", "fault"),
    [
        (f"{SHIFT}\n{WHO}", "3: UID: is missing: every event needs one of its own"),
        (f"UID:1\nDTEND:20261201T080000\n{WHO}", "3: DTSTART: is missing: write DTSTART;TZID=Asia/Shanghai"),
        (f"UID:1\nDTSTART:tomorrow\n{WHO}", "5: DTSTART: 'tomorrow' is no time: write 20261130T080000"),
        (f"UID:1\nDTSTART:00010101T080000\nDURATION:PT1H\n{WHO}", "5: DTSTART: '00010101T080000' is no time"),
        (f"UID:1\nDTSTART:20261201T080000\n{WHO}", "3: DTEND: is missing: write DTEND or DURATION"),
        (f"UID:1\nDTSTART:20261201T080000\nDTEND:20261201T080000\n{WHO}", "6: DTEND: is not after DTSTART"),
        (f"UID:1\nDTSTART:20261201T080000\nDURATION:long\n{WHO}", "6: DURATION: "),
        (f"UID:1\nDTSTART;TZID=Mars/Base:20261201T080000\n{WHO}", "5: DTSTART: the time zone 'Mars/Base' is not known"),
        (f"UID:1\n{SHIFT}\nRRULE:FREQ=SECONDLY\n{WHO}", "7: RRULE: FREQ=SECONDLY is not supported: write one of DAILY"),
        (f"UID:1\n{SHIFT}\nRRULE:FREQ=DAILY;UNTIL=soon\n{WHO}", "7: RRULE: 'SOON' is no time"),
        (f"UID:1\n{SHIFT}\nEXDATE:never\n{WHO}", "7: EXDATE: 'never' is no time"),
        (
            f"UID:1\n{SHIFT}\nSUMMARY:网格员\nLOCATION:第一网格",
            "7: SUMMARY: '网格员' names no, or more than one",
        ),
        (f"UID:1\n{SHIFT}\nSUMMARY:a师傅b师傅 网格员\nLOCATION:第一网格", "7: SUMMARY: 'a师傅b师傅 网格员' names no"),
        (f"UID:1\n{SHIFT}\nSUMMARY:a师傅\nLOCATION:第一网格", "7: SUMMARY: 'a师傅' does not name the role"),
        (f"UID:1\n{SHIFT}\nSUMMARY:a师傅 网格员\nLOCATION:月球", "8: LOCATION: '月球' is not a cell"),
        (f"UID:1\n{SHIFT}\nSUMMARY:a师傅 网格员", "3: LOCATION: '' is not a cell"),
        (f"UID:1\n{SHIFT}\n{WHO}\nX-FENGSHAO-PERSON:z", "7: SUMMARY: 'a师傅 网格员' names no"),
        (f"UID:1\n{SHIFT}\n{WHO}\nX-FENGSHAO-CELL:z", "8: LOCATION: '第一网格' is not a cell"),
        (f"UID:1\n{SHIFT}\n{WHO}\nX-FENGSHAO-ROLE:z", "7: SUMMARY: 'a师傅 网格员' does not name the role"),
        (f"UID:1\n{SHIFT}\n{WHO}\nX-FENGSHAO-RANK:first", "9: X-FENGSHAO-RANK: 'first' is no rank"),
        (f"UID:1\n{SHIFT}\nno colon here\n{WHO}", "7: : is no content line"),
    ],
)
def test_faults_have_their_line_and_a_correction(event: str, fault: str) -> None:
    assert any(line.startswith(fault) for line in faults(event)), faults(event)


def test_files_that_are_no_calendar_are_refused() -> None:
    assert faults(data=b"") == ["1: : is no iCalendar file: the first line must be BEGIN:VCALENDAR"]
    assert faults(data=b"\xff\xfe") == ["1: : is not UTF-8: save it as UTF-8"]
    assert "is larger than 1000000 bytes" in faults(data=b"x" * (BYTES_MAX + 1))[0]
    open_event = b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\n"
    assert faults(data=open_event) == ["2: VEVENT: has no END:VEVENT: is the file complete?"]
    nested = open_event + b"BEGIN:VEVENT\nUID:2\nEND:VEVENT\nEND:VCALENDAR\n"
    assert "2: VEVENT: has no END:VEVENT: write it before the next event" in faults(data=nested)
    assert "more than 2000 events" in faults(*["UID:1"] * (EVENTS_MAX + 1))[0]


def test_two_events_of_one_uid_are_a_fault() -> None:
    assert faults(*[f"UID:1\n{SHIFT}\n{WHO}"] * 2) == ["10: UID: '1' stands twice: give each event its own"]


def test_many_endless_rules_together_are_refused() -> None:
    bomb = [f"UID:{n}\n{SHIFT}\nRRULE:FREQ=DAILY\n{WHO}" for n in range(50)]
    assert f"more than {OCCURRENCES_MAX} turns in all" in faults(*bomb)[0]


def test_turns_of_long_ago_are_left_out() -> None:
    assert read(f"UID:1\nDTSTART:20200101T080000Z\nDURATION:PT1H\n{WHO}").duties == ()
    long = f"UID:1\nDTSTART:19700101T000000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY\n{WHO}"
    assert all((duty.until or 0) > NOW - 32 * DAY for duty in read(long).duties)
