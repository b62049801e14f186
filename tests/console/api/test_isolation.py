"""What a token does not get: consent for another, health data, alerts elsewhere, drills in the feed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.console.api.test_report_intake import PATH as REPORT
from tests.console.api.test_report_intake import files, submit
from tests.console.api.test_swaps import PATH as SWAPS
from tests.console.api.test_swaps import SWAP
from tests.support.console_harness import Client, ConsoleHarness
from tests.support.photos import jpeg


async def test_who_asks_for_a_swap_gets_no_link_to_agree_with(admin: Client, bearer: Callable[..., Any]) -> None:
    asker, viewer = await bearer("worker", person="w-zhang"), await bearer("viewer")
    chief = await bearer("dispatcher", person="w-zhang")
    assert (await asker.post(SWAPS, json=SWAP)).json()["link"] is None
    for client in (asker, viewer, chief, await bearer("worker", person="w-li")):
        assert [one["link"] for one in (await client.get(SWAPS)).json()["items"]] == [None]
    (shown,) = (await admin.get(SWAPS)).json()["items"]
    link = shown["link"].removeprefix("/swap#")
    assert (await asker.post("/api/v1/swap", json={"link": link, "answer": "decline"})).json()["state"] == "declined"
    assert (await admin.get(SWAPS)).json()["items"][0]["link"] is None


async def test_why_somebody_is_away_is_for_himself_and_for_the_roster(
    admin: Client, bearer: Callable[..., Any]
) -> None:
    hours = {"from": "2026-11-23T00:00:00+08:00", "until": "2026-11-24T00:00:00+08:00"}
    leave = {"kind": "leave", "person": "w-zhang", "leave": "病假", "reason": "复诊", **hours}
    assert (await admin.post("/api/v1/rosters/overrides", json=leave)).status_code == 201
    for role, person, shown in (
        ("viewer", None, ""), ("worker", "w-li", ""), ("worker", "w-zhang", "病假"), ("dispatcher", None, "病假")
    ):  # fmt: skip
        client = await bearer(role, person=person)
        (one,) = (await client.get("/api/v1/rosters/overrides")).json()["items"]
        assert (one["leave"], one["person"]) == (shown, "w-zhang")


async def test_proposals_name_no_alert_of_another_place(
    harness: ConsoleHarness, admin: Client, anyone: Client, bearer: Callable[..., Any]
) -> None:
    await submit(anyone, category="gas")
    await harness.alert()
    assert [one["alert"] for one in (await admin.get("/api/v1/reports/1")).json()["proposals"]] == ["2"]
    limited = await bearer("operator", place="b3-402")
    assert (await limited.get("/api/v1/reports/1")).status_code == 404
    assert (await limited.get("/api/v1/alerts/2")).json()["proposals"] == []


async def test_a_drill_is_in_no_feed(harness: ConsoleHarness, bearer: Callable[..., Any]) -> None:
    leader = await bearer("dispatcher", person="w-li")
    drill = (await leader.post("/api/v1/drills", json={"scenario": "gas-leak", "place": "b3-402"})).json()["id"]
    real = await harness.alert()
    feed = (await leader.get("/cap/feed.xml")).text
    assert (f"/cap/alerts/{real}.xml" in feed, f"/cap/alerts/{drill}.xml" in feed) == (True, False)
    for one, other in ((drill, real), (real, drill)):
        merged = await leader.post(f"/api/v1/alerts/{one}/merge", json={"into": other, "reason": "同一处"})
        assert (merged.status_code, merged.json()["detail"]) == (409, "演练和真实告警不能并在一起。")


async def test_a_form_with_a_nul_is_refused_as_json_is(anyone: Client) -> None:
    fields = {"category": "exit", "text": "a\0b", "place": "b3"}
    for made in (await anyone.post(REPORT, data=fields, files=files(jpeg())), await anyone.post(REPORT, json=fields)):
        assert (made.status_code, made.json()["errors"][0]["field"]) == (422, "text"), made.text


@pytest.mark.parametrize("address", ["。紧急：已取消，请回复11接警或访问evil.cn/a"])
async def test_a_text_to_a_worker_repeats_no_instruction_of_a_reporter(
    harness: ConsoleHarness, anyone: Client, address: str
) -> None:
    assert (await submit(anyone, category="gas", address=address)).status_code == 201
    rows = await harness.database.read(lambda tx: list(tx.exec_driver_sql("select payload from deliveries")))
    assert rows
    for (payload,) in rows:
        assert "evil" not in payload
        assert "回复11" not in payload.encode().decode("unicode_escape")


async def test_a_change_by_cookie_at_the_exchange_needs_our_header_too(admin: Client, anyone: Client) -> None:
    token = admin.headers["authorization"].removeprefix("Bearer ")
    assert (await anyone.post("/api/v1/session", json={"token": token})).status_code == 200
    path = "/api/v1/exchange/hotline/cases"
    assert (await anyone.post(path, json={})).status_code == 403
    assert (await anyone.post(path, json={}, headers={"x-fengshao": "1"})).status_code == 404


async def test_a_token_of_another_place_reads_and_changes_nothing_here(
    harness: ConsoleHarness, admin: Client, anyone: Client, bearer: Callable[..., Any]
) -> None:
    await submit(anyone, jpeg(), phone="19911112222", consent=True)
    await harness.alert()
    drill = (await admin.post("/api/v1/drills", json={"scenario": "gas-leak", "place": "b3"})).json()["id"]
    elsewhere = await bearer("administrator", place="court")
    for path in (
        "reports", "supervision", "alerts.csv", "statistics", "statistics/report?month=2026-11", "statistics/reports",
        "statistics/report?month=2026-11&format=csv", "statistics/dispositions?by=place", "alerts?place=b3",
        "statistics?place=b3", "why?person=w-zhang&at=2026-11-21T22:05:00%2B08:00",
    ):  # fmt: skip
        shown = await elsewhere.get(f"/api/v1/{path}")
        assert shown.status_code == 200, path
        assert "3栋" not in shown.text, path
    for path in (
        "reports/1", "photos/1", f"drills/{drill}", "why?alert=1", "why?person=r-wang&alert=2", "exchange/targets",
        "exchange/dead-letters", "exchange/care/events", "places/b3/qr", "places-qr-sheet?place=street", "audit",
    ):  # fmt: skip
        assert (await elsewhere.get(f"/api/v1/{path}")).status_code in (403, 404), path
    for path, body in (
        ("alerts/1/supervise", {"reason": "x"}), ("reports/1/verify", {}), ("reports/1/answer", {"text": "已清理"}),
        ("reports/1/merge", {"alert": "2"}), ("reports/erase", {"phone": "19911112222"}), (f"drills/{drill}/end", {}),
        ("drills", {"scenario": "gas-leak", "place": "b3"}), ("people/w-zhang/calendar-link", {}),
        ("alerts", {"title": "测试", "hazard": "gas", "severity": "low", "place": "b3"}),
    ):  # fmt: skip
        assert (await elsewhere.post(f"/api/v1/{path}", json=body)).status_code in (403, 404), path


async def test_a_viewer_sees_no_number_of_a_comment_and_a_worker_does(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    alert = await harness.alert()
    await admin.post(f"/api/v1/alerts/{alert}/comment", json={"comment": "住户电话19911112222"})
    for role, shown in (("viewer", "199****2222"), ("worker", "19911112222")):
        client = await bearer(role, person=None if role == "viewer" else "w-zhang")
        for path in (f"/api/v1/alerts/{alert}", f"/api/v1/why?alert={alert}"):
            assert f"住户电话{shown}" in (await client.get(path)).text
