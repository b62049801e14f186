"""Instants as people and programs write them: RFC 3339 with the site's offset out, RFC 3339 in. Knows no clock."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain import Instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_WRITTEN = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+\- ]\d{2}:\d{2})?")


def moment(instant: Instant, zone: ZoneInfo) -> str:
    """An instant as RFC 3339 with milliseconds and the zone's offset.

    >>> moment(1_763_733_903_123, ZoneInfo("Asia/Shanghai"))
    '2025-11-21T22:05:03.123+08:00'
    """
    return (_EPOCH + instant * _MILLISECOND).astimezone(zone).isoformat(timespec="milliseconds")


def instant(written: str, zone: ZoneInfo) -> Instant:
    """The instant of an RFC 3339 time; one without an offset is the site's local time.

    A `+` that a client forgot to escape in a query arrives as a space and is read as the `+` it was.

    >>> instant("2025-11-21T22:05:03.123 08:00", ZoneInfo("Asia/Shanghai"))
    1763733903123
    >>> instant("yesterday", ZoneInfo("Asia/Shanghai"))
    Traceback (most recent call last):
    ValueError: not a time: 'yesterday'
    """
    if not _WRITTEN.fullmatch(written):
        raise ValueError(f"not a time: {written!r}")
    text = re.sub(r" (?=\d{2}:\d{2}$)", "+", written[:10] + "T" + written[11:]).upper()
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"not a time: {written!r}") from None
    if read.tzinfo is None:
        read = read.replace(tzinfo=zone)
    return (read - _EPOCH) // _MILLISECOND


def with_moments(view: Any, zone: ZoneInfo) -> Any:
    """A copy of a view in which every instant (an int under `at`, `until`, `since` or `…_at`) is an RFC 3339 text.

    Attributes are people's own words and stay as they are.
    """
    if isinstance(view, Mapping):
        return {key: _told(key, value, zone) for key, value in view.items()}
    if isinstance(view, Sequence) and not isinstance(view, str | bytes):
        return [with_moments(one, zone) for one in view]
    return view


def _told(key: str, value: Any, zone: ZoneInfo) -> Any:
    if key == "attributes":
        return value
    is_instant = type(value) is int and (key in {"at", "until", "since"} or key.endswith("_at"))
    return moment(value, zone) if is_instant else with_moments(value, zone)
