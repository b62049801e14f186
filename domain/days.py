"""Days as people write them in a table of attributes: `2026-05-01`, `2026/5/1`, `2026年5月1日`, `20260501`."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from domain import DAY, Instant

_DATE: Final = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))(?:[T ].*)?", re.ASCII)
_EPOCH: Final = date(1970, 1, 1).toordinal()


def start_of(text: object) -> Instant | None:
    """The first instant of a day, as if in UTC: days are compared with days. None for a text that is no day.

    >>> start_of("1970-01-02"), start_of(19700102), start_of("1970年1月2日"), start_of("soon")
    (86400000, 86400000, 86400000, None)
    """
    match = _DATE.fullmatch(str(text).strip())
    if match is None:
        return None
    year, *parts = (int(part) for part in match.groups() if part is not None)
    try:
        return (date(year, *parts).toordinal() - _EPOCH) * DAY
    except ValueError:
        return None
