"""Times as devices write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ingest.timestamps import is_plausible, parse_timestamp

SHANGHAI = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        (1767225600, 1767225600000),
        (1767225600.5, 1767225600500),
        (1767225600123, 1767225600123),
        (1767225600123456, 1767225600123),
        ("1767225600", 1767225600000),
        ("1767225600.25", 1767225600250),
        ("2026-01-01T00:00:00Z", 1767225600000),
        ("2026-01-01 08:00:00", 1767225600000),
        ("20260101", 1767225600000 - 8 * 3_600_000),
        ("20260101T000000Z", 1767225600000),
        ("2026-02-30T00:00:00Z", None),
        ("99 Nov 2026 05:58:34 +0000", None),
        ("2022-07-18T09:34:15.775023242+00:00", 1658136855775),
        (10**17, None),
        (float("nan"), None),
        (float("inf"), None),
        (True, None),
        ([], None),
        ("", None),
        ("9" * 400, None),
        ("tomorrow", None),
        ("0001-01-01T00:00:00", -62135596800000 - 8 * 3_600_000),
    ],
)
def test_a_time_is_parsed_by_its_magnitude_or_its_text(text: object, instant: int | None) -> None:
    assert instant == parse_timestamp(text, SHANGHAI)


@pytest.mark.parametrize(("at", "sane"), [(0, True), (120_000, True), (120_001, False), (-400 * 86_400_000 - 1, False)])
def test_a_time_is_plausible_for_four_hundred_days_back_and_two_minutes_ahead(at: int, sane: bool) -> None:
    assert sane is is_plausible(1767225600000 + at, 1767225600000)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        (20261129055834, "2026-11-29T05:58:34"),
        ("2026年11月29日 05时58分34秒", "2026-11-29T05:58:34"),
        ("29.11.2026 05:58", "2026-11-29T05:58:00"),
        ("2026/13/29 05:58:34", None),
        ("20261329055834", None),
    ],
)
def test_times_as_makers_write_them(text: object, iso: str | None) -> None:
    at = parse_timestamp(text, UTC)
    if iso is None:
        assert at is None or at > 10**13  # a number that is no time of ours
    else:
        assert at == datetime.fromisoformat(iso).replace(tzinfo=UTC).timestamp() * 1000


@pytest.mark.parametrize(
    "text",
    [
        "261129055834",
        "Sun Nov 29 05:58:34 2026",
        "Sun, 29 Nov 2026 05:58:34 +0000",
        "2026-11-29 05:58:34 GMT",
        "2026-11-29T05:58:34+00:00[Etc/UTC]",
    ],
)
def test_times_as_mail_and_meters_write_them(text: str) -> None:
    assert parse_timestamp(text, UTC) == 1_795_931_914_000
