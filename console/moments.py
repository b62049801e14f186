"""Instants as people and programs write them: RFC 3339 with the site's offset out, RFC 3339 in. Knows no clock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from domain import MINUTE, Instant
from domain.times import parse_rfc3339

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTES: Final = tuple(
    (datetime(year, month, 2, tzinfo=UTC) - _EPOCH) // timedelta(minutes=1) for year, month in ((1, 1), (9999, 12))
)
"""The first and the last minute that can be written in the time of every zone."""
_INSTANTS = frozenset({"at", "until", "since"})
_PLAIN = frozenset({str, bool, float, type(None)})


def moment(instant: Instant, zone: ZoneInfo) -> str:
    """An instant as RFC 3339 with milliseconds and the zone's offset.

    >>> moment(1_763_733_903_123, ZoneInfo("Asia/Shanghai"))
    '2025-11-21T22:05:03.123+08:00'
    """
    minute, rest = divmod(instant, MINUTE)
    minute = min(max(minute, _MINUTES[0]), _MINUTES[1])
    until_minute, offset = _minute(minute, zone)
    return f"{until_minute}{rest // 1000:02}.{rest % 1000:03}{offset}"


@lru_cache(maxsize=4_096)
def _minute(number: int, zone: ZoneInfo) -> tuple[str, str]:
    """A minute since the epoch in local words: `2025-11-21T22:05:` and `+08:00`. A page of a list has few minutes."""
    local = (_EPOCH + number * timedelta(minutes=1)).astimezone(zone)
    # Before clocks were set by zone an offset could have seconds; such a time is told in UTC.
    told = local if local.second == 0 else local.astimezone(UTC)
    text = told.isoformat(timespec="seconds")
    return text[:17], text[19:]


def instant(written: str, zone: ZoneInfo) -> Instant:
    """The instant of an RFC 3339 time; one without an offset is the site's local time.

    A `+` that a client forgot to escape in a query arrives as a space and is read as the `+` it was.

    >>> instant("2025-11-21T22:05:03.123 08:00", ZoneInfo("Asia/Shanghai"))
    1763733903123
    >>> instant("yesterday", ZoneInfo("Asia/Shanghai"))
    Traceback (most recent call last):
    ValueError: not a time: 'yesterday' (write 2026-11-21T08:00:00+08:00)
    >>> instant("0001-01-01T00:00:00+08:00", ZoneInfo("Asia/Shanghai"))
    Traceback (most recent call last):
    ValueError: not a time: '0001-01-01T00:00:00+08:00' (write 2026-11-21T08:00:00+08:00)
    """
    return parse_rfc3339(written, zone)


def with_moments(view: Any, zone: ZoneInfo) -> Any:
    """A copy of a view in which every instant (an int under `at`, `until`, `since` or `…_at`) is an RFC 3339 text.

    Attributes are people's own words and stay as they are.
    """
    if isinstance(view, Mapping):
        return {key: _told(key, value, zone) for key, value in view.items()}
    if isinstance(view, list | tuple):
        return [one if type(one) in _PLAIN else with_moments(one, zone) for one in view]
    return view


def _told(key: str, value: Any, zone: ZoneInfo) -> Any:
    # Exact types, and the common ones first: a list of a thousand alerts passes here on the event loop.
    sort = type(value)
    if sort is int:
        return moment(value, zone) if key in _INSTANTS or key.endswith("_at") else value
    return value if sort in _PLAIN or key == "attributes" else with_moments(value, zone)


def with_named(value: Any, names: Collection[str], change: Callable[[Any], Any]) -> Any:
    """The same value with what stands under these names changed, wherever it is.

    >>> with_named({"at": 1, "told": [{"at": None}, {"of": 2}]}, {"at"}, str)
    {'at': '1', 'told': [{'at': None}, {'of': 2}]}
    """
    if isinstance(value, list | tuple):
        return [with_named(one, names, change) for one in value]
    if not isinstance(value, Mapping):
        return value
    return {
        name: change(one) if name in names and isinstance(one, int | str) else with_named(one, names, change)
        for name, one in value.items()
    }
