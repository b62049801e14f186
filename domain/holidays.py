"""Public holidays and make-up workdays (调休) of mainland China, by date.

Source: the yearly notices of the General Office of the State Council; 2027 holds only what the law fixes
(全国年节及纪念日放假办法), until its notice is published.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from domain import DayType

_PERIODS: Final = (
    ("2026-01-01", 3), ("2026-02-15", 9), ("2026-04-04", 3), ("2026-05-01", 5), ("2026-06-19", 3), ("2026-09-25", 3),
    ("2026-10-01", 7),
    ("2027-01-01", 1), ("2027-02-05", 4), ("2027-04-05", 1), ("2027-05-01", 2), ("2027-06-09", 1), ("2027-09-15", 1),
    ("2027-10-01", 3),
)  # fmt: skip
"""First day and number of days."""
MAKEUP_WORKDAYS: Final = frozenset(
    map(date.fromisoformat, ("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"))
)
"""Weekend days that are workdays (调休)."""
KNOWN_UNTIL: Final = date(2027, 12, 31)
"""Beyond, a weekday counts as a workday and a weekend as none."""


def _holidays() -> Iterator[date]:
    for first, days in _PERIODS:
        yield from (date.fromisoformat(first) + timedelta(days=day) for day in range(days))


HOLIDAYS: Final = frozenset(_holidays())


def is_workday(day: date) -> bool:
    """True when offices and schools are open.

    >>> is_workday(date(2026, 2, 14)), is_workday(date(2026, 2, 16))
    (True, False)
    """
    return day in MAKEUP_WORKDAYS or (day.isoweekday() <= 5 and day not in HOLIDAYS)


def day_types(day: date) -> frozenset[DayType]:
    """Every type that the day has: always either a workday or a rest day.

    >>> sorted(day_types(date(2026, 10, 1))), sorted(day_types(date(2026, 10, 10)))
    ([<DayType.HOLIDAY: 'holiday'>, <DayType.REST_DAY: 'rest_day'>], \
[<DayType.MAKEUP_WORKDAY: 'makeup_workday'>, <DayType.WORKDAY: 'workday'>])
    """
    special = {DayType.HOLIDAY: HOLIDAYS, DayType.MAKEUP_WORKDAY: MAKEUP_WORKDAYS}
    general = DayType.WORKDAY if is_workday(day) else DayType.REST_DAY
    return frozenset({general, *(type for type, days in special.items() if day in days)})
