"""Durations as people write them: `30s`, `5m`, `12h`, `2d`. Stored as whole milliseconds."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, SerializationInfo

_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def parse_duration(duration: object) -> int:
    """Milliseconds of a duration. Raises ValueError.

    >>> parse_duration("90s"), parse_duration("1h30m"), parse_duration("0.5h")
    (90000, 5400000, 1800000)
    >>> parse_duration("30 seconds")
    Traceback (most recent call last):
    ValueError: not a duration: '30 seconds' (write 30s, 5m, 12h or 2d)
    """
    text = duration if isinstance(duration, str) else ""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"not a duration: {duration!r} (write 30s, 5m, 12h or 2d)")
    return round(sum(float(number) * _UNIT_MS[unit] for number, unit in parts))


def format_duration(ms: int) -> str:
    """A duration as people write it.

    >>> format_duration(90_000), format_duration(86_400_000), format_duration(0)
    ('1m30s', '1d', '0s')
    """
    parts, rest = [], ms
    for unit, size in reversed(_UNIT_MS.items()):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _serialize(ms: int, info: SerializationInfo) -> int | str:
    return f"{ms}ms" if info.context and info.context.get("as_written") else ms


Duration = Annotated[int, BeforeValidator(parse_duration), PlainSerializer(_serialize)]
"""A pydantic field: `30s` in files, milliseconds in code. Dumped with `context={"as_written": True}` it can be parsed
again."""
