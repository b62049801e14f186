"""Times of command line options are read in the zone of the site."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.cli.times import parse_since, parse_time, zone_of
from app.errors import UserError

BERLIN = ZoneInfo("Europe/Berlin")


def test_the_zone_is_that_of_the_site_and_of_a_running_service_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site.yaml").write_text("timezone: Europe/Berlin\n")

    assert zone_of(tmp_path / "data", tmp_path) == BERLIN
    assert zone_of(tmp_path / "data", None) == ZoneInfo("Asia/Shanghai")

    monkeypatch.setattr("app.cli.times.request", lambda *_: {"site": {"timezone": "Asia/Urumqi"}})
    assert zone_of(tmp_path / "data", tmp_path) == ZoneInfo("Asia/Urumqi")


def test_a_time_without_an_offset_is_local_time_of_the_site() -> None:
    assert parse_time("2026-07-01T08:00", BERLIN) == parse_time("2026-07-01T06:00:00Z", BERLIN)
    with pytest.raises(UserError, match="this is no RFC 3339 time: 'yesterday'"):
        parse_time("yesterday", BERLIN)


def test_a_faulty_duration_names_its_option() -> None:
    assert parse_since("90m") == 5_400_000
    with pytest.raises(UserError, match="--since is not a duration: 'a month'"):
        parse_since("a month")
