"""Cells of CSV files that are not text: numbers, times of day, weekdays, names. A wrong one raises ValueError."""

from __future__ import annotations

import re


def parse_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None


def parse_whole(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"{text!r} is not a whole number: write 0 for who is asked first, 1 for the deputy")
    return int(text)


def parse_clock(text: str) -> str:
    """HH:MM, also from the 8:00 and 08:00:00 that spreadsheets write."""
    short = text.removesuffix(":00") if text.count(":") == 2 else text
    return short.zfill(5)


def parse_bool(text: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "是": True, "0": False, "false": False, "no": False, "否": False}
    if text.lower() not in known:
        raise ValueError(f"{text!r} is neither yes nor no: write true, or leave the cell empty")
    return known[text.lower()]


def parse_weekdays(text: str) -> list[int]:
    if text.strip("1234567 "):
        raise ValueError(f"{text!r}: write the ISO numbers of the days, such as 12345 (1 = Monday)")
    return sorted({int(day) for day in text.replace(" ", "")})


def parse_names(text: str) -> list[str]:
    """Names separated by spaces, commas or semicolons, as in `fire gas`."""
    return re.split(r"[\s,;，；、]+", text.strip(" ,;，；、"))
