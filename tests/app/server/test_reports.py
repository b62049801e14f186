"""The report of the month before is kept in DIR/reports."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

from app.config.site import load_site
from app.server.reports import MonthlyReports
from domain.people import Community
from store.database.database import Database, sqlite_url

SHANGHAI = ZoneInfo("Asia/Shanghai")


async def test_on_the_first_of_december_november_is_kept_as_a_page_and_a_table_and_again_when_asked_again(
    tmp_path: Path,
) -> None:
    database = Database(sqlite_url(tmp_path / "ledger.db"))
    database.migrate()
    registry = cast("Any", SimpleNamespace(current_community=lambda: Community({}, {}, {}, ())))
    reports = MonthlyReports(tmp_path, database, load_site(None), registry, tuple)
    first = round(datetime(2026, 12, 1, 4, 20, tzinfo=SHANGHAI).timestamp() * 1000)
    for _ in range(2):
        assert await reports.keep(first) == "kept 2026-11.html and 2026-11.csv"
    database.close()
    kept = sorted((tmp_path / "reports").iterdir())
    assert [file.name for file in kept] == ["2026-11.csv", "2026-11.html"]
    assert "枫哨 2026-11 月报" in kept[1].read_text("utf-8")
