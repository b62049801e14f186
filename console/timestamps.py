"""Instants as RFC 3339 text, in and out.

Responses mark times by type: a field declared `Timestamp` is encoded as RFC 3339 by `encode_json`; an int stays an int.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from domain import MINUTE, Instant
from domain.times import parse_rfc3339

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE_RANGE: Final = tuple(
    (datetime(year, month, 2, tzinfo=UTC) - _EPOCH) // timedelta(minutes=1) for year, month in ((1, 1), (9999, 12))
)
"""The first and the last minute that can be represented in every time zone."""


class Timestamp(int):
    """An instant (milliseconds since 1970, UTC) that `encode_json` writes as RFC 3339."""

    __slots__ = ()


def format_time(instant: Instant, zone: ZoneInfo) -> str:
    """An instant as RFC 3339 with milliseconds and the zone's offset.

    >>> format_time(1_763_733_903_123, ZoneInfo("Asia/Shanghai"))
    '2025-11-21T22:05:03.123+08:00'
    """
    minute, rest_ms = divmod(instant, MINUTE)
    minute = min(max(minute, _MINUTE_RANGE[0]), _MINUTE_RANGE[1])
    until_minute, offset = _format_minute(minute, zone)
    return f"{until_minute}{rest_ms // 1000:02}.{rest_ms % 1000:03}{offset}"


@lru_cache(maxsize=4_096)
def _format_minute(minute: int, zone: ZoneInfo) -> tuple[str, str]:
    """Text and offset of a minute since the epoch: `2025-11-21T22:05:` and `+08:00`. Cached: a page has few minutes."""
    local = (_EPOCH + minute * timedelta(minutes=1)).astimezone(zone)
    # Before standard time an offset could have seconds, which RFC 3339 cannot express: such a time is written in UTC.
    writable = local if local.second == 0 else local.astimezone(UTC)
    text = writable.isoformat(timespec="seconds")
    return text[:17], text[19:]


def parse_time(text: str, zone: ZoneInfo) -> Instant:
    """The instant of an RFC 3339 time; one without an offset is the site's local time.

    A `+` that a client forgot to escape in a query arrives as a space and is read as the `+` it was.

    >>> parse_time("2025-11-21T22:05:03.123 08:00", ZoneInfo("Asia/Shanghai"))
    1763733903123
    >>> parse_time("yesterday", ZoneInfo("Asia/Shanghai"))
    Traceback (most recent call last):
    ValueError: not a time: 'yesterday' (write 2026-11-21T08:00:00+08:00)
    >>> parse_time("0001-01-01T00:00:00+08:00", ZoneInfo("Asia/Shanghai"))
    Traceback (most recent call last):
    ValueError: not a time: '0001-01-01T00:00:00+08:00' (write 2026-11-21T08:00:00+08:00)
    """
    return parse_rfc3339(text, zone)


@lru_cache(maxsize=16)
def _encoder(zone: ZoneInfo) -> msgspec.json.Encoder:
    def encode(value: Any) -> str:
        if isinstance(value, Timestamp):
            return format_time(value, zone)
        raise TypeError(f"{type(value).__name__} has no place in a response")

    return msgspec.json.Encoder(enc_hook=encode)


def encode_json(view: Any, zone: ZoneInfo) -> bytes:
    """JSON of a response, every `Timestamp` in it as RFC 3339; other values unchanged: 24 stays 24, true stays true.

    >>> encode_json({"at": Timestamp(1_763_733_903_123), "late_ms": 3}, ZoneInfo("Asia/Shanghai"))
    b'{"at":"2025-11-21T22:05:03.123+08:00","late_ms":3}'
    """
    return _encoder(zone).encode(view)


def to_schema(schema: type[T], view: Any) -> T:
    """Plain values as this schema. A time may be an int or, read back from a response, RFC 3339 text.

    Raises msgspec.ValidationError naming the field that does not fit.
    """
    return msgspec.convert(view, schema, dec_hook=_decode_hook, from_attributes=True)


def _decode_hook(schema: type, value: Any) -> Any:
    if schema is not Timestamp:
        raise TypeError(f"no way to read a {schema.__name__}")
    if isinstance(value, str):
        return Timestamp(parse_rfc3339(value, UTC))
    return Timestamp(value)
