"""Calendar months in local time. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from domain import DAY, Instant

_MONTH: Final = re.compile(r"(19[0-9]{2}|2[0-9]{3})-(0[1-9]|1[0-2])")


def month_bounds(month: str, zone: ZoneInfo) -> tuple[Instant, Instant]:
    """Begin and end of a month written as `2026-11`; ValueError for other texts.

    >>> month_bounds("2026-11", ZoneInfo("Asia/Shanghai"))
    (1793462400000, 1796054400000)
    """
    found = _MONTH.fullmatch(month)
    if found is None:
        raise ValueError(f"{month!r} is no month: write one like 2026-11")
    year, number = int(found[1]), int(found[2])
    begin, end = datetime(year, number, 1, tzinfo=zone), datetime(year + number // 12, number % 12 + 1, 1, tzinfo=zone)
    return round(begin.timestamp() * 1000), round(end.timestamp() * 1000)


def month_of(at: Instant, zone: ZoneInfo) -> str:
    """The month of an instant.

    >>> month_of(1793462400000, ZoneInfo("Asia/Shanghai"))
    '2026-11'
    """
    return f"{datetime.fromtimestamp(at / 1000, zone):%Y-%m}"


def month_before(at: Instant, zone: ZoneInfo) -> str:
    """The month before that of an instant.

    >>> month_before(1793462400000, ZoneInfo("Asia/Shanghai"))
    '2026-10'
    """
    begin, _ = month_bounds(month_of(at, zone), zone)
    return month_of(begin - DAY, zone)
