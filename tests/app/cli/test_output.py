"""Values and times as commands print them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from app.cli.output import format_json, format_time, format_value, progress_bar

NOON = round(datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp() * 1000)
BERLIN = ZoneInfo("Europe/Berlin")


def test_a_time_is_rfc_3339_in_the_zone() -> None:
    assert format_time(NOON, BERLIN) == "2026-07-01T14:00:00.000+02:00"


def test_a_value_is_one_line() -> None:
    assert [format_value(value) for value in ({"lel_pct": 3, "alarm": True}, ["a", "b"], None)] == [
        "lel_pct=3, alarm=True",
        "a; b",
        "None",
    ]


def test_json_keeps_chinese_readable() -> None:
    text = format_json({"title": "燃气", "n": 1}, BERLIN)

    assert "燃气" in text
    assert json.loads(text) == {"title": "燃气", "n": 1}


def test_progress_never_goes_back() -> None:
    with progress_bar("trials") as progress:
        for part in (0.5, 0.2, 1.0):
            progress(part)
