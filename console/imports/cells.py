"""Cells of a table that are not plain text: what a street office writes in them, as the fields of a record. Pure.

Each function raises ValueError with a Chinese text that says what to write.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from console import import_messages_zh as words
from console.timestamps import parse_time

_EVERY_DAY: Final = frozenset({"每天", "天天", "全周"})
_SPAN: Final = re.compile(r"([1-7])[至到\-~—]+([1-7])")
_DATE: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::00)?")


def parse_weekdays(text: str) -> list[int]:
    """ISO numbers of the days; every day is an empty list.

    >>> parse_weekdays("12345"), parse_weekdays("周一至周五"), parse_weekdays("周六、日"), parse_weekdays("每天")
    ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], [6, 7], [])
    """
    if text in _EVERY_DAY:
        return []
    plain = re.sub(r"周|星期|礼拜|[\s,，、;；]", "", text).replace("天", "日")
    for number, name in enumerate(words.WEEKDAYS, 1):
        plain = plain.replace(name, str(number))
    span = _SPAN.fullmatch(plain)
    if span is not None and span[1] <= span[2]:
        return list(range(int(span[1]), int(span[2]) + 1))
    if not plain or plain.strip("1234567"):
        raise ValueError(words.BAD_WEEKDAYS.format(value=text))
    return sorted({int(day) for day in plain})


def parse_rank(text: str) -> int:
    """0 is called first, 1 is the deputy."""
    named = {"正": 0, "主": 0, "正班": 0, "主班": 0, "副": 1, "替补": 1, "备": 1, "副班": 1, "备班": 1}
    if text in named:
        return named[text]
    if not text.isdecimal():
        raise ValueError(words.BAD_RANK.format(value=text))
    return int(text)


def parse_clock(text: str) -> str:
    """HH:MM, also from the 8:00 and 08:00:00 of spreadsheets; what is no time of day stays for the validator."""
    clock = _CLOCK.fullmatch(text.replace("：", ":"))
    return f"{int(clock[1]):02}:{clock[2]}" if clock is not None else text


def parse_yes(text: str) -> bool:
    known = {"是": True, "1": True, "true": True, "yes": True, "否": False, "0": False, "false": False, "no": False}
    if text.lower() not in known:
        raise ValueError(words.BAD_YES.format(value=text))
    return known[text.lower()]


def parse_names(text: str) -> list[str]:
    """Names separated by spaces, commas or semicolons."""
    return [name for name in re.split(r"[\s,;，；、]+", text) if name]


def parse_day_types(text: str) -> list[str]:
    """Types of days by their Chinese names or ids."""
    known = words.DAY_TYPES | {value: value for value in words.DAY_TYPES.values()}
    names = parse_names(text)
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        raise ValueError(words.BAD_DAY_TYPE.format(value=unknown, known="、".join(words.DAY_TYPES)))
    return [known[name] for name in names]


def parse_instant(text: str, zone: ZoneInfo, *, is_end: bool) -> int:
    """A local time, or a date: its beginning, or as an end the end of that day.

    >>> parse_instant("2026/12/1", ZoneInfo("UTC"), is_end=True) - parse_instant("2026-12-01", ZoneInfo("UTC"),
    ... is_end=False)
    86400000
    """
    date = _DATE.fullmatch(text)
    full = re.sub(_DATE, lambda found: f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}", text, count=1)
    try:
        if date is None:
            return parse_time(re.sub(r" (\d):", r" 0\1:", full), zone)
        day = datetime.fromisoformat(full) + timedelta(days=1 if is_end else 0)
        return parse_time(f"{day:%Y-%m-%d}T00:00", zone)
    except (ValueError, OverflowError):
        raise ValueError(words.BAD_TIME.format(value=text)) from None
