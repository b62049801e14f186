"""Recurrence rules of iCalendar (RRULE, RFC 5545 section 3.3.10) as days.

Supported are FREQ DAILY, WEEKLY, MONTHLY and YEARLY with INTERVAL, COUNT, UNTIL, WKST, BYDAY, BYMONTHDAY, BYMONTH and
BYSETPOS. Every rule is followed day by day up to a last day, so none can run without end.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from typing import Final

from msgspec import Struct

WEEKDAYS: Final = {"MO": 1, "TU": 2, "WE": 3, "TH": 4, "FR": 5, "SA": 6, "SU": 7}
FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_PARTS: Final = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"}
_BY_DAY: Final = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
COUNT_MAX: Final = 10_000


class Recurrence(Struct, frozen=True):
    """A rule. `by_day` are pairs of ordinal (0: every) and ISO weekday; `until` is the text of UNTIL."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: str | None = None
    week_start: int = 1
    by_day: tuple[tuple[int, int], ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_month: tuple[int, ...] = ()
    by_set_position: tuple[int, ...] = ()


def parse_recurrence(text: str) -> Recurrence:
    """The rule of an RRULE property. Raises ValueError that says what to write.

    >>> parse_recurrence("FREQ=WEEKLY;BYDAY=MO,WE").by_day
    ((0, 1), (0, 3))
    """
    parts = _parts(text)
    frequency = parts.get("FREQ", "")
    if frequency not in FREQUENCIES:
        raise ValueError(f"FREQ={frequency} is not supported: write one of {', '.join(FREQUENCIES)}")
    by_day = tuple(_by_day(part, frequency) for part in parts["BYDAY"].split(",")) if "BYDAY" in parts else ()
    if frequency == "YEARLY" and by_day and "BYMONTH" not in parts:
        raise ValueError("FREQ=YEARLY with BYDAY needs BYMONTH: write the month, such as BYMONTH=10")
    week_start = parts.get("WKST", "MO")
    if week_start not in WEEKDAYS:
        raise ValueError(f"WKST={week_start} is no weekday: write one of {', '.join(WEEKDAYS)}")
    return Recurrence(
        frequency=frequency,
        interval=_numbers(parts, "INTERVAL", 1, 1000, signed=False)[0] if "INTERVAL" in parts else 1,
        count=_numbers(parts, "COUNT", 1, COUNT_MAX, signed=False)[0] if "COUNT" in parts else None,
        until=parts.get("UNTIL"),
        week_start=WEEKDAYS[week_start],
        by_day=by_day,
        by_month_day=_numbers(parts, "BYMONTHDAY", 1, 31),
        by_month=_numbers(parts, "BYMONTH", 1, 12, signed=False),
        by_set_position=_numbers(parts, "BYSETPOS", 1, 366),
    )


def recurring_days(rule: Recurrence, start: date, last: date) -> Iterator[date]:
    """The days of a rule from `start` to `last`, in order; COUNT counts from the first one."""
    return islice(_days(rule, start, last), rule.count)


def _days(rule: Recurrence, start: date, last: date) -> Iterator[date]:
    for candidates in _periods(rule, start, last):
        days = sorted(candidates)
        if rule.by_set_position:
            chosen = {position - 1 if position > 0 else position for position in rule.by_set_position}
            days = sorted({days[index] for index in chosen if -len(days) <= index < len(days)})
        for day in days:
            if day > last:
                return
            if day >= start:
                yield day


def _periods(rule: Recurrence, start: date, last: date) -> Iterator[list[date]]:
    """The candidates of each day, week, month or year that the rule visits."""
    if rule.frequency == "DAILY":
        step = timedelta(days=rule.interval)
        day = start
        while day <= last:
            yield [day] if _fits(rule, day) else []
            day += step
    elif rule.frequency == "WEEKLY":
        day = start - timedelta(days=(start.isoweekday() - rule.week_start) % 7)
        while day <= last:
            yield list(_of_week(rule, day, start))
            day += timedelta(weeks=rule.interval)
    else:
        yield from _months(rule, start, last)


def _of_week(rule: Recurrence, first: date, start: date) -> Iterator[date]:
    weekdays = {weekday for _, weekday in rule.by_day} or {start.isoweekday()}
    for offset in range(7):
        day = first + timedelta(days=offset)
        if day.isoweekday() in weekdays and (not rule.by_month or day.month in rule.by_month):
            yield day


def _months(rule: Recurrence, start: date, last: date) -> Iterator[list[date]]:
    yearly = rule.frequency == "YEARLY"
    step = rule.interval * (12 if yearly else 1)
    number = start.year * 12 + (0 if yearly else start.month - 1)
    while number <= last.year * 12 + last.month - 1:
        months = _months_of_year(rule, start) if yearly else (number % 12 + 1,)
        wanted = [month for month in months if yearly or not rule.by_month or month in rule.by_month]
        yield [day for month in wanted for day in _of_month(rule, number // 12, month, start)]
        number += step


def _months_of_year(rule: Recurrence, start: date) -> tuple[int, ...]:
    if rule.by_month:
        return rule.by_month
    return tuple(range(1, 13)) if rule.by_month_day else (start.month,)


def _of_month(rule: Recurrence, year: int, month: int, start: date) -> Iterator[date]:
    length = calendar.monthrange(year, month)[1]
    month_days = {number if number > 0 else length + 1 + number for number in rule.by_month_day}
    if not rule.by_month_day and not rule.by_day:
        month_days = {start.day}
    for number in range(1, length + 1):
        day = date(year, month, number)
        if (not month_days or number in month_days) and _is_ordinal(rule, day, length):
            yield day


def _is_ordinal(rule: Recurrence, day: date, length: int) -> bool:
    """Whether a day is one of BYDAY: the second Tuesday, the last Friday, every Sunday."""
    from_start, from_end = (day.day - 1) // 7 + 1, -((length - day.day) // 7 + 1)
    return not rule.by_day or any(
        weekday == day.isoweekday() and ordinal in (0, from_start, from_end) for ordinal, weekday in rule.by_day
    )


def _fits(rule: Recurrence, day: date) -> bool:
    length = calendar.monthrange(day.year, day.month)[1]
    month_days = {number if number > 0 else length + 1 + number for number in rule.by_month_day}
    weekdays = {weekday for _, weekday in rule.by_day}
    return (
        (not rule.by_month or day.month in rule.by_month)
        and (not month_days or day.day in month_days)
        and (not weekdays or day.isoweekday() in weekdays)
    )


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.upper().split(";"):
        name, equals, value = part.partition("=")
        if not equals or name not in _PARTS:
            raise ValueError(f"{part!r} is not supported: write {', '.join(sorted(_PARTS))} only")
        parts[name] = value
    if "COUNT" in parts and "UNTIL" in parts:
        raise ValueError("COUNT and UNTIL exclude each other: remove one")
    return parts


def _by_day(text: str, frequency: str) -> tuple[int, int]:
    match = _BY_DAY.fullmatch(text)
    if match is None:
        raise ValueError(f"BYDAY={text} is no weekday: write MO, or 2TU for the second Tuesday of a month")
    ordinal = int(match[1] or 0)
    if ordinal and (frequency not in ("MONTHLY", "YEARLY") or abs(ordinal) > 5):
        raise ValueError(f"BYDAY={text}: an ordinal from -5 to 5 goes with MONTHLY or YEARLY; write {match[2]}")
    return ordinal, WEEKDAYS[match[2]]


def _numbers(parts: dict[str, str], name: str, low: int, high: int, *, signed: bool = True) -> tuple[int, ...]:
    found = []
    for part in parts[name].split(",") if name in parts else ():
        number = int(part) if re.fullmatch(r"[+-]?\d{1,6}", part, re.ASCII) else 0
        if not low <= (abs(number) if signed else number) <= high:
            raise ValueError(f"{name}={part} is out of range: write a number from {low} to {high}")
        found.append(number)
    return tuple(found)
