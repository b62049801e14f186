"""The audit trail by person, action and time, and as CSV."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from store.database.system import audit
from tests.support.console_harness import T0, Client, ConsoleHarness


async def test_the_trail_is_filtered_and_exported(harness: ConsoleHarness, admin: Client) -> None:
    def work(tx: Any) -> None:
        audit.record(tx, T0, "user:li", "personal data read", {"people": "r-wang", "fields": "phone"})
        audit.record(tx, T0 + 1000, "admin", "alert close", {"alert": "=7"})

    await harness.database.write(work)

    async def actions(query: str) -> list[str]:
        return [one["action"] for one in (await admin.get(f"/api/v1/audit?{query}")).json()["items"]]

    assert await actions("about=r-wang") == ["personal data read"]
    assert await actions("action=alert") == ["alert close"]
    assert await actions("actor=user:li") == ["personal data read"]
    assert await actions("since=2026-11-21T22:05:01%2B08:00") == ["alert close"]
    assert await actions("since=2026-11-22T00:00:00%2B08:00") == []
    sheet = await admin.get("/api/v1/audit.csv?actor=user:li&until=2026-11-21T22:05:00%2B08:00")
    assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
    assert sheet.content.decode("utf-8-sig").splitlines() == [
        "时间,谁,做了什么,详情",
        "2026-11-21 22:05:00+08:00,user:li,personal data read,people=r-wang; fields=phone",
    ]
    assert await actions("action=audit exported") == ["audit exported"]


async def test_only_an_administrator_of_the_whole_site_reads_it(bearer: Callable[..., Any]) -> None:
    for client in (await bearer("dispatcher"), await bearer("administrator", place="court")):
        for path in ("audit", "audit.csv"):
            assert (await client.get(f"/api/v1/{path}")).status_code == 403
