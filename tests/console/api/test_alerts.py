"""`/alerts`: lists, filters, detail, actions, and `/why`, with the real alert service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from domain import DAY, HOUR, FindingPhase, Severity
from domain import Ledger as Book
from tests.support.console_harness import Client, ConsoleHarness

FIELDS = {
    "id",
    "rule",
    "title",
    "severity",
    "ledger",
    "state",
    "device",
    "place",
    "subject",
    "started_at",
    "opened_at",
}


async def ids(client: Client, query: str = "") -> list[str]:
    return [one["id"] for one in (await client.get(f"/api/v1/alerts?{query}")).json()["items"]]


async def test_an_alert_is_listed_with_everything_the_contract_names(harness: ConsoleHarness, admin: Client) -> None:
    number = await harness.alert()
    listed = (await admin.get("/api/v1/alerts")).json()
    item = listed["items"][0]

    assert listed["next"] is None
    assert set(item) >= FIELDS
    assert item["id"] == number
    assert item["subject"] == {"type": "device", "id": "gas-402"}
    assert (item["state"], item["severity"], item["ledger"]) == ("open", "critical", "danger")
    assert item["opened_at"] == "2026-11-21T22:05:00.000+08:00"
    assert item["address"] == "枫林苑3栋402"
    assert item["evidence"][0]["at"] == "2026-11-21T22:05:00.000+08:00"


async def test_alerts_are_listed_newest_first_in_pages(harness: ConsoleHarness, admin: Client) -> None:
    numbers = []
    for n in range(3):
        harness.now += HOUR
        numbers.append(await harness.alert(device=f"elsewhere-{n}"))

    first = (await admin.get("/api/v1/alerts?limit=2")).json()
    second = (await admin.get("/api/v1/alerts", params={"limit": 2, "next": first["next"]})).json()

    found = [one["id"] for one in first["items"] + second["items"]]
    assert found == numbers[::-1]
    assert second["next"] is None


async def test_alerts_are_filtered(harness: ConsoleHarness, admin: Client) -> None:
    gas = await harness.alert()
    harness.now += HOUR
    band = await harness.alert("band-101", "band-low-battery", severity=Severity.LOW, ledger=Book.HEALTH)
    await admin.post(f"/api/v1/alerts/{gas}/acknowledge")

    assert await ids(admin) == [band, gas]
    assert await ids(admin, "state=acknowledged") == [gas]
    assert await ids(admin, "state=open,acknowledged") == [band, gas]
    assert await ids(admin, "state=open&state=acknowledged") == [band, gas]
    assert await ids(admin, "severity=low") == [band]
    assert await ids(admin, "ledger=danger") == [gas]
    assert await ids(admin, "kind=wristband") == [band]
    assert await ids(admin, "device=gas-402") == [gas]
    assert await ids(admin, "place=garden") == [gas]
    assert await ids(admin, "place=street") == [band, gas]
    assert await ids(admin, "place=atlantis") == []
    assert await ids(admin, "since=2026-11-21T23:00:00%2B08:00") == [band]
    assert await ids(admin, "from=2026-11-21T23:00:00%2B08:00") == [band]
    assert await ids(admin, "until=2026-11-21T22:05:00%2B08:00") == [gas]
    assert await ids(admin, "to=2026-11-21T22:04:59Z") == [band, gas]
    assert await ids(admin, "state=&severity=&ledger=&kind=") == [band, gas]


async def test_a_screen_gets_what_is_not_closed_and_what_was_opened_today_in_one_list(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    dealt_with, waiting = await harness.alert(), await harness.alert("band-101", "band-sos")
    harness.now += DAY
    midnight = "not_closed_or_since=2026-11-22T00:00:00%2B08:00"
    today = await harness.alert("elsewhere-1")
    li = await bearer("dispatcher", person="w-li")
    for alert in (dealt_with, today):
        for client, action in ((admin, "acknowledge"), (admin, "resolve"), (li, "verify"), (admin, "close")):
            body = {"person": "w-zhang"} if action in ("acknowledge", "resolve") else {}
            response = await client.post(f"/api/v1/alerts/{alert}/{action}", json={**body, "disposition": "real"})
            assert response.status_code == 200, response.text

    assert await ids(admin, midnight) == [today, waiting]
    assert await ids(admin, f"{midnight}&device=band-101") == [waiting]
    assert await ids(admin, "not_closed_or_since=2026-11-21T00:00:00%2B08:00") == [today, waiting, dealt_with]


@pytest.mark.parametrize(
    "query",
    ["state=lost", "severity=huge", "ledger=red", "kind=dragon", "limit=0", "since=now", "not_closed_or_since=now"],
)
async def test_a_filter_that_makes_no_sense_is_refused(admin: Client, query: str) -> None:
    response = await admin.get(f"/api/v1/alerts?{query}")

    assert response.status_code == 422
    assert [one["field"] for one in response.json()["errors"]] == [query.partition("=")[0]]


async def test_the_detail_has_the_timeline_and_the_contacts_to_call(harness: ConsoleHarness, admin: Client) -> None:
    number = await harness.alert()
    detail = (await admin.get(f"/api/v1/alerts/{number}")).json()

    assert detail["timeline"]
    assert {"at", "kind", "text", "person", "channel", "state"} <= set(detail["timeline"][0])
    assert detail["contacts"] == [{"name": "王小明", "role": "resident", "phone": "19900001111"}]


@pytest.mark.parametrize("number", ["99", "x", "0", "-1", "999999999999999999999"])
async def test_an_unknown_alert_is_a_404(admin: Client, number: str) -> None:
    assert (await admin.get(f"/api/v1/alerts/{number}")).status_code == 404
    assert (await admin.post(f"/api/v1/alerts/{number}/acknowledge")).status_code == 404


async def test_a_case_is_handled_from_acknowledgement_to_closing_by_named_people(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    number, li = await harness.alert(), await bearer("dispatcher", person="w-li")
    steps = [
        (admin, "acknowledge", {"person": "w-zhang"}, "acknowledged"),
        (admin, "arrive", {"person": "w-zhang"}, "on_site"),
        (admin, "resolve", {"person": "w-zhang", "comment": "关阀通风"}, "resolved"),
        (li, "verify", {}, "verified"),
        (admin, "close", {"disposition": "real"}, "closed"),
        (admin, "reopen", {"reason": "又闻到了"}, "open"),
    ]
    for client, action, body, state in steps:
        response = await client.post(f"/api/v1/alerts/{number}/{action}", json=body)
        assert (response.status_code, response.json().get("state")) == (200, state), response.text
    story = " ".join(line["text"] for line in (await admin.get(f"/api/v1/alerts/{number}")).json()["timeline"])
    assert "张三" in story


async def test_an_action_that_is_not_possible_now_is_a_conflict_with_the_reason(
    harness: ConsoleHarness, admin: Client
) -> None:
    number = await harness.alert()
    early = await admin.post(f"/api/v1/alerts/{number}/close")
    await admin.post(f"/api/v1/alerts/{number}/acknowledge", json={"person": "w-zhang"})
    twice = await admin.post(f"/api/v1/alerts/{number}/acknowledge", json={"person": "w-li"})

    for response in (early, twice):
        assert response.status_code == 409
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["detail"]
    assert "张三" in twice.json()["detail"]
    assert (await admin.get(f"/api/v1/alerts/{number}")).json()["owner"] == {"id": "w-zhang", "name": "张三"}


@pytest.mark.parametrize(
    ("action", "body", "field"),
    [
        ("shelve", {}, "reason"),
        ("shelve", {"reason": "检修"}, "until"),
        ("shelve", {"reason": "检修", "until": "later"}, "until"),
        ("shelve", {"reason": "检修", "until": "2020-01-01T00:00:00Z"}, "until"),
        ("assign", {}, "to"),
        ("assign", {"to": "nobody"}, "to"),
        ("comment", {}, "comment"),
        ("comment", {"comment": 5}, "comment"),
        ("acknowledge", {"person": "nobody"}, "person"),
    ],
)
async def test_missing_parameters_of_an_action_are_named(
    harness: ConsoleHarness, admin: Client, action: str, body: dict[str, Any], field: str
) -> None:
    number = await harness.alert()
    response = await admin.post(f"/api/v1/alerts/{number}/{action}", json=body)

    assert response.status_code == 422
    assert [one["field"] for one in response.json()["errors"]] == [field]


async def test_shelving_assigning_and_comments_work(harness: ConsoleHarness, admin: Client) -> None:
    number = await harness.alert()
    shelf = {"reason": "检修", "until": "2026-11-21T23:05:00+08:00"}

    assert (await admin.post(f"/api/v1/alerts/{number}/comment", json={"comment": "已电话"})).status_code == 200
    assert (await admin.post(f"/api/v1/alerts/{number}/assign", json={"to": "w-li"})).json()["state"] == "open"
    assert (await admin.post(f"/api/v1/alerts/{number}/shelve", json=shelf)).json()["state"] == "shelved"


async def test_an_unknown_action_is_a_404(harness: ConsoleHarness, admin: Client) -> None:
    number = await harness.alert()

    assert (await admin.post(f"/api/v1/alerts/{number}/explode")).status_code == 404


async def test_a_viewer_reads_alerts_and_may_perform_no_action(
    harness: ConsoleHarness, bearer: Callable[..., Any]
) -> None:
    viewer = await bearer("viewer")
    number = await harness.alert()
    detail = (await viewer.get(f"/api/v1/alerts/{number}")).json()

    assert detail["allowed"] == []
    assert detail["contacts"] == []
    assert (await viewer.post(f"/api/v1/alerts/{number}/acknowledge")).status_code == 403


async def test_a_worker_acts_in_his_own_name_only(harness: ConsoleHarness, bearer: Callable[..., Any]) -> None:
    worker = await bearer("worker", person="w-zhang")
    number = await harness.alert()

    other = await worker.post(f"/api/v1/alerts/{number}/acknowledge", json={"person": "w-li"})
    taken = await worker.post(f"/api/v1/alerts/{number}/acknowledge")
    assert (other.status_code, taken.status_code) == (403, 200)
    assert taken.json()["owner"] == {"id": "w-zhang", "name": "张三"}
    assert "close" not in taken.json()["allowed"]


async def test_a_token_for_a_place_does_not_reach_other_alerts(
    harness: ConsoleHarness, bearer: Callable[..., Any]
) -> None:
    garden = await bearer("dispatcher", place="garden")
    gas, band = await harness.alert(), await harness.alert("band-101", "band-sos")

    assert await ids(garden) == [gas]
    assert (await garden.get(f"/api/v1/alerts/{band}")).status_code == 404
    assert (await garden.post(f"/api/v1/alerts/{band}/acknowledge")).status_code == 404


async def test_a_finding_that_ended_is_shown_as_recovered(harness: ConsoleHarness, admin: Client) -> None:
    number = await harness.alert()
    begun = harness.now
    harness.now += HOUR
    ended = await harness.alert(id=f"gas-alarm@1/gas-402/{begun}", begin=begun, phase=FindingPhase.ENDED)
    item = (await admin.get(f"/api/v1/alerts/{number}")).json()

    assert ended == number
    assert item["recovered"] is True
    assert item["state"] == "open"
