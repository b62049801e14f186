"""One reader of RFC 3339 for files, commands and the API."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from domain.times import parse_rfc3339

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    "text", ["2026-11-21T22:05:00+08:00", "2026-11-21 22:05", "2026-11-21t14:05:00z", "2026-11-21T22:05:00 08:00"]
)
def test_a_time_without_an_offset_is_in_the_time_zone_of_the_reader(text: str) -> None:
    assert parse_rfc3339(text, SHANGHAI) == datetime(2026, 11, 21, 14, 5, tzinfo=UTC).timestamp() * 1000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2026-13-40T00:00:00Z",
        "0001-01-01T00:00:00+08:00",
        "9999-12-31T23:59:59-08:00",
        "20261121",
        "1800-01-01T00:00:00Z",
    ],
)
def test_what_is_no_time_or_lies_beyond_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a time"):
        parse_rfc3339(text, SHANGHAI)
