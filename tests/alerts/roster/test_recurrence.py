"""Recurrence rules as days, compared with another implementation (dateutil)."""

from __future__ import annotations

from datetime import date

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from alerts.roster.recurrence import parse_recurrence, recurring_days

START, LAST = date(2026, 11, 30), date(2028, 3, 1)
weekdays = st.lists(st.sampled_from(("MO", "TU", "WE", "TH", "FR", "SA", "SU")), min_size=1, max_size=3, unique=True)
ordinals = st.lists(st.sampled_from(("1MO", "-1FR", "2SU", "-2TU", "5WE")), min_size=1, max_size=2, unique=True)
month_days = st.lists(st.sampled_from((1, 15, 29, 30, 31, -1, -2)), min_size=1, max_size=3, unique=True)
months = st.lists(st.integers(1, 12), min_size=1, max_size=3, unique=True)


def listed(name: str, values: st.SearchStrategy[list[object]]) -> st.SearchStrategy[str]:
    return st.just("") | values.map(lambda found: f";{name}={','.join(map(str, found))}")


daily = st.tuples(st.just("FREQ=DAILY"), listed("BYDAY", weekdays), listed("BYMONTH", months))
weekly = st.tuples(st.just("FREQ=WEEKLY"), listed("BYDAY", weekdays), st.sampled_from(("", ";WKST=SU")))
monthly = st.tuples(
    st.just("FREQ=MONTHLY"),
    listed("BYDAY", weekdays | ordinals),
    listed("BYMONTHDAY", month_days),
    listed("BYMONTH", months),
)
yearly = st.tuples(st.just("FREQ=YEARLY"), listed("BYMONTH", months), listed("BYMONTHDAY", month_days))
rules = st.tuples(
    st.one_of(daily, weekly, monthly, yearly).map("".join),
    st.sampled_from(("", ";INTERVAL=2", ";INTERVAL=3")),
    st.sampled_from(("", ";COUNT=1", ";COUNT=7")),
).map("".join)


@given(rules, st.sampled_from(("", ";BYSETPOS=1", ";BYSETPOS=-1", ";BYSETPOS=2,-1")))
def test_the_days_are_those_of_another_implementation(rule: str, position: str) -> None:
    text = rule + position if "BY" in rule else rule
    expected = []
    for found in rrulestr(f"DTSTART:20261130T000000\nRRULE:{text}"):
        if found.date() > LAST or found.year > 2029:
            break
        expected.append(found.date())
    assert list(recurring_days(parse_recurrence(text), START, LAST)) == expected


def test_a_rule_without_any_day_ends() -> None:
    assert list(recurring_days(parse_recurrence("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), START, LAST)) == []
    assert list(recurring_days(parse_recurrence("FREQ=MONTHLY;BYDAY=5MO;BYSETPOS=9"), START, LAST)) == []
    third = parse_recurrence("FREQ=YEARLY;BYMONTH=1;BYDAY=3MO")
    assert list(recurring_days(third, START, LAST)) == [date(2027, 1, 18), date(2028, 1, 17)]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("FREQ=SECONDLY", "FREQ=SECONDLY is not supported: write one of DAILY"),
        ("INTERVAL=2", "FREQ= is not supported"),
        ("FREQ=DAILY;BYHOUR=1", "'BYHOUR=1' is not supported"),
        ("FREQ=DAILY;x", "'X' is not supported"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270101", "exclude each other"),
        ("FREQ=DAILY;COUNT=0", "COUNT=0 is out of range: write a number from 1 to 10000"),
        ("FREQ=DAILY;COUNT=999999999999", "is out of range"),
        ("FREQ=WEEKLY;BYDAY=2MO", "goes with MONTHLY or YEARLY; write MO"),
        ("FREQ=MONTHLY;BYDAY=9MO", "an ordinal from -5 to 5"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY=XX is no weekday"),
        ("FREQ=YEARLY;BYDAY=MO", "needs BYMONTH"),
        ("FREQ=WEEKLY;WKST=XX", "WKST=XX is no weekday"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY=32 is out of range"),
    ],
)
def test_what_is_not_supported_is_refused_with_what_to_write(rule: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        parse_recurrence(rule)
    assert message in str(raised.value)
