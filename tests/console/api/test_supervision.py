"""`/supervision` and `/statistics/dispositions`: what is overdue, and what alerts turned out to be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from console.timestamps import format_time
from domain import HOUR, MINUTE, Duty
from store.database import registry
from tests.support.console_harness import SHANGHAI, T0, Client, ConsoleHarness

SUPERVISION = "/api/v1/supervision"
DISPOSITIONS = "/api/v1/statistics/dispositions"


async def test_overdue_alerts_are_listed_the_longest_overdue_first(harness: ConsoleHarness, admin: Client) -> None:
    first = await harness.alert()
    harness.now += MINUTE
    second = await harness.alert("band-101", "band-sos")
    assert (await admin.get(SUPERVISION)).json()["items"] == []
    for at in (harness.now, harness.now + MINUTE):
        harness.now = at
        await harness.desk.tick(harness.now)
    items = (await admin.get(SUPERVISION)).json()["items"]
    assert [item["id"] for item in items] == [first, second]
    assert (items[0]["overdue"]["what"], items[0]["overdue"]["count"]) == ("take", 1)
    page = (await admin.get(f"{SUPERVISION}?limit=1")).json()
    rest = (await admin.get(f"{SUPERVISION}?limit=1&cursor={page['next']}")).json()
    assert [item["id"] for item in page["items"] + rest["items"]] == [first, second]
    await admin.post(f"/api/v1/alerts/{first}/acknowledge", json={"person": "w-zhang"})
    assert [item["id"] for item in (await admin.get(SUPERVISION)).json()["items"]] == [second]


async def test_only_a_dispatcher_orders_a_supervision(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    number, operator = await harness.alert(), await bearer("operator", person="w-li")
    until = "2099-01-01T00:00:00+08:00"
    path, order = f"/api/v1/alerts/{number}/supervise", {"reason": "市领导关注", "until": until}
    assert (await operator.post(path, json=order)).status_code == 403
    assert (await admin.post(path, json=order)).status_code == 422, "a deadline is at most seven days away"
    order["until"] = format_time(harness.now + HOUR, SHANGHAI)
    assert (await admin.post(path, json=order)).status_code == 200


async def test_a_worker_who_is_asked_may_verify_and_nobody_else_with_his_role(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    lead = Duty("d-lead", "grid-3", "lead", "w-li")
    await harness.database.write(lambda tx: registry.put_duties(tx, [lead], T0))
    await harness.load_community()
    number = await harness.alert()
    for action in ("arrive", "resolve"):
        await admin.post(f"/api/v1/alerts/{number}/{action}", json={"person": "w-zhang"})
    asked = (await admin.get(f"/api/v1/alerts/{number}")).json()["verifier"]
    assert asked == "w-li"
    worker = await bearer("worker", person=asked)
    other = await bearer("worker", person="w-zhang")
    assert (await other.post(f"/api/v1/alerts/{number}/verify")).status_code == 403
    assert "verify" in (await worker.get(f"/api/v1/alerts/{number}")).json()["allowed"]
    assert (await worker.post(f"/api/v1/alerts/{number}/verify")).json()["state"] == "verified"


async def test_merging_needs_an_alert_that_the_user_sees(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    first = await harness.alert()
    second = await harness.alert("band-101", "band-sos")
    assert (await admin.post(f"/api/v1/alerts/{second}/merge")).status_code == 422
    assert (await admin.post(f"/api/v1/alerts/{second}/merge", json={"into": "999"})).status_code == 404
    for action in ("acknowledge", "acknowledge"):
        await admin.post(f"/api/v1/alerts/{first}/{action}", json={"person": "w-zhang"})
    merged = await admin.post(f"/api/v1/alerts/{second}/merge", json={"into": first, "reason": "同一件事"})
    assert (merged.status_code, merged.json()["state"], merged.json()["merged_into"]) == (200, "closed", first)
    worker = await bearer("worker", person="w-li")
    assert (await worker.post(f"/api/v1/alerts/{first}/merge", json={"into": second})).status_code == 403


async def test_dispositions_are_counted_by_rule_device_and_place(harness: ConsoleHarness, admin: Client) -> None:
    for disposition in ("false_alarm", "real"):
        number = await harness.alert()
        await admin.post(f"/api/v1/alerts/{number}/arrive", json={"person": "w-zhang"})
        body = {"person": "w-zhang", "disposition": disposition}
        assert (await admin.post(f"/api/v1/alerts/{number}/resolve", json=body)).json()["disposition"] == disposition
        harness.now += HOUR
    (rule,) = (await admin.get(DISPOSITIONS)).json()["items"]
    assert (rule["total"], rule["real"], rule["false_alarm"], rule["unknown"]) == (2, 1, 1, 0)
    for by in ("device", "place"):
        (item,) = (await admin.get(f"{DISPOSITIONS}?by={by}")).json()["items"]
        assert item["total"] == 2
    assert (await admin.get(f"{DISPOSITIONS}?from=2099-01-01T00:00:00Z")).json()["items"] == []
    listed = (await admin.get("/api/v1/alerts?disposition=false_alarm")).json()["items"]
    assert [item["disposition"] for item in listed] == ["false_alarm"]
