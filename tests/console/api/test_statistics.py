"""`/statistics`: figures of a period, limited to what a user may see."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from domain import DAY, HOUR, MINUTE, SECOND
from tests.support.console_harness import T0, Client, ConsoleHarness

PERIOD = {"from": "2026-11-21T00:00:00+08:00", "to": "2026-11-22T00:00:00+08:00"}


async def played(harness: ConsoleHarness, admin: Client) -> None:
    """A leak taken after 40 s, and a fall in another compound that nobody takes."""
    leak = await harness.alert()
    await harness.alert("band-101", "band-fall", hazard="person", title="跌倒")
    for seconds, action, body in (
        (40, "acknowledge", {"person": "w-zhang"}),
        (300, "arrive", {"person": "w-zhang"}),
        (900, "resolve", {"person": "w-zhang"}),
    ):
        harness.now = T0 + seconds * SECOND
        done = await admin.post(f"/api/v1/alerts/{leak}/{action}", json=body)
        assert done.status_code == 200, done.text


async def test_a_day_answers_how_fast_what_was_taken_and_where(harness: ConsoleHarness, admin: Client) -> None:
    await played(harness, admin)
    found = (await admin.get("/api/v1/statistics", params={**PERIOD, "group": "severity,place,hazard"})).json()
    assert found["cases"]["opened"] == 2
    assert found["cases"]["acknowledge"] == {"count": 1, "mean_ms": 40000, "median_ms": 40000, "p90_ms": 40000}
    assert found["cases"]["taken_in_time"] == {"count": 1, "total": 2, "ratio": 0.5}
    assert found["cases"]["on_site_in_time"]["ratio"] == 0.5
    assert [(one["key"], one["title"]) for one in found["groups"]["severity"]] == [("critical", "紧急")]
    assert {one["title"] for one in found["groups"]["hazard"]} == {"燃气", "人身"}
    assert [one["title"] for one in found["groups"]["place"]] == ["枫林街道"]
    assert found["bad_actors"]["devices"][0]["title"] == "梧桐里101（band-101）"
    assert found["load"]["level"] == "acceptable"
    assert sum(map(sum, found["hours"])) == 2
    assert {one["channel"] for one in found["deliveries"]} == {"logbook"}


async def test_a_token_of_one_compound_counts_its_own_alerts_only(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    await played(harness, admin)
    viewer = await bearer("viewer", place="garden")
    found = (await viewer.get("/api/v1/statistics", params={**PERIOD, "group": "place"})).json()
    assert found["cases"]["opened"] == 1
    assert [one["key"] for one in found["groups"]["place"]] == ["b3"]
    assert [one["id"] for one in found["bad_actors"]["devices"]] == ["gas-402"]


async def test_an_alert_open_for_more_than_a_day_is_stale_and_a_century_is_refused(
    harness: ConsoleHarness, admin: Client
) -> None:
    await harness.alert()
    harness.now = T0 + 2 * DAY + HOUR + MINUTE
    assert (await admin.get("/api/v1/statistics")).json()["load"]["stale"] == 1
    assert (await admin.get("/api/v1/statistics", params={"from": "1990-01-01T00:00:00Z"})).status_code == 422
    assert (await admin.get("/api/v1/statistics", params={"group": "colour"})).status_code == 422


async def test_the_report_of_a_month_is_one_page_without_scripts_in_chinese_and_english(
    harness: ConsoleHarness, admin: Client
) -> None:
    await played(harness, admin)
    page = await admin.get("/api/v1/statistics/report", params={"month": "2026-11"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src" not in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert "http" not in page.text.replace("http-equiv", "")
    for words in ("枫树社区 2026-11 月报", "1分钟接单率", "50.0%", "40秒", "梧桐里101（band-101）", "<svg"):
        assert words in page.text
    english = await admin.get("/api/v1/statistics/report", params={"month": "2026-11", "lang": "en"})
    for words in ("report of 2026-11", "40 s", "acceptable", "By severity"):
        assert words in english.text


async def test_the_csv_of_a_month_opens_in_a_spreadsheet_and_executes_nothing(
    harness: ConsoleHarness, admin: Client
) -> None:
    await harness.alert(rule='=HYPERLINK("http://evil")', hazard="@gas")
    table = await admin.get("/api/v1/statistics/report", params={"month": "2026-11", "format": "csv"})
    assert table.content.startswith(b"\xef\xbb\xbfsection,key,name,figure,value\r\n")
    rows = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert ["hazard", "'@gas", "'@gas", "opened", "1"] in rows
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "@", "+"))]


@pytest.mark.parametrize(
    "query", [{"month": "2026-13"}, {"month": "november"}, {"month": "2026-11", "format": "pdf"}, {}]
)
async def test_what_is_no_month_or_no_format_is_refused(admin: Client, query: dict[str, str]) -> None:
    assert (await admin.get("/api/v1/statistics/report", params=query)).status_code == 422
