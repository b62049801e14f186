"""`/alerts.csv`: the list of alerts for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from console.api import alerts_export
from tests.support.console_harness import T0, Client, ConsoleHarness


def table(content: bytes) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


async def test_the_export_has_every_page_of_the_list_with_its_filters_and_the_instants_of_each_step(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts_export, "PAGE", 1)
    number = await harness.alert()
    await harness.alert("band-101", "band-fall", hazard="person", title="=跌倒")
    harness.now = T0 + 40_000
    await admin.post(f"/api/v1/alerts/{number}/acknowledge", json={"person": "w-zhang"})

    fall, leak = table((await admin.get("/api/v1/alerts.csv")).content)
    assert (leak["编号"], leak["状态"], leak["级别"], leak["类别"]) == (number, "已接警", "紧急", "燃气")
    assert (leak["告警时间"], leak["接警时间"]) == ("2026-11-21 22:05:00", "2026-11-21 22:05:40")
    assert (leak["接警人"], leak["角色"], leak["到场时间"]) == ("张三", "网格员", "")
    assert fall["标题"] == "'=跌倒"
    assert [row["编号"] for row in table((await admin.get("/api/v1/alerts.csv?state=acknowledged")).content)] == [
        number
    ]
    assert (await admin.get("/api/v1/alerts.csv?state=finished")).status_code == 422

    viewer = await bearer("viewer", place="garden")
    (masked,) = table((await viewer.get("/api/v1/alerts.csv")).content)
    assert masked["接警人"] == "张*"
