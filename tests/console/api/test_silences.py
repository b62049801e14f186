"""`/silences`: planned by a named person for a reason, within limits, listed, ended; `why` names them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from alerts.silence import HeldState
from console.dependencies import RuleSummary
from domain import Evidence, Finding, FindingPhase, Severity, Subject
from domain import Ledger as Book
from store.database.alerts.repository import SqlAlertStore
from store.database.system import audit
from tests.support.console_harness import ADMIN, T0, Client, ConsoleHarness, client_of, gas_rule

UNTIL = "2026-11-21T23:05:00+08:00"
PATH = "/api/v1/silences"


def body(**changes: Any) -> dict[str, Any]:
    plain = {"matchers": {"place": "b3"}, "until": UNTIL, "reason": "燃气公司检修", "person": "w-li"}
    return {name: value for name, value in {**plain, **changes}.items() if value is not None}


async def plan(client: Client, **changes: Any) -> Any:
    made = await client.post(PATH, json=body(**changes))
    assert made.status_code == 201, made.text
    return made.json()


async def test_a_silence_is_planned_listed_and_ended_by_a_named_person(harness: ConsoleHarness, admin: Client) -> None:
    made = await plan(admin)
    later = await plan(admin, **{"from": "2026-11-21T22:30:00+08:00"})

    assert made == {
        "id": "1",
        "matchers": {"place": "b3"},
        "address": "枫林苑3栋",
        "title": None,
        "from": "2026-11-21T22:05:00.000+08:00",
        "until": "2026-11-21T23:05:00.000+08:00",
        "reason": "燃气公司检修",
        "by": {"id": "w-li", "name": "李四"},
        "created_at": "2026-11-21T22:05:00.000+08:00",
        "ended_at": None,
        "ended_by": None,
        "state": "active",
        "suppressed": 0,
        "notify_only": False,
    }
    harness.now += 5
    ended = await admin.delete(f"{PATH}/1")
    assert (ended.status_code, ended.json()["state"]) == (200, "expired")
    assert (await admin.delete(f"{PATH}/1")).status_code == 409
    listed = (await admin.get(PATH)).json()["items"]
    assert [(one["id"], one["state"]) for one in listed] == [(later["id"], "pending"), ("1", "expired")]
    acts = (await harness.database.read(lambda tx: audit.list_entries(tx, 9))).items
    assert [act.action for act in acts] == ["silence ended", "silence planned", "silence planned"]
    assert acts[-1].detail == {"silence": 1, "by": "w-li", "reason": "燃气公司检修", "matchers": "place=b3"}


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"reason": " "}, ["reason"]),
        ({"matchers": {}}, ["matchers", "matchers"]),
        ({"matchers": {"hazard": "gas"}}, ["matchers"]),
        ({"matchers": {"place": "street"}}, ["matchers.place"]),  # everything lies in it
        ({"matchers": {"place": "nowhere"}}, ["matchers.place"]),
        ({"matchers": {"rule": "no-rule", "place": "b3"}}, ["matchers.rule"]),
        ({"matchers": {"kind": "no-kind", "place": "b3"}}, ["matchers.kind"]),
        ({"matchers": {"building": "b3"}}, ["matchers.building"]),
        ({"matchers": {"severity": "worst"}}, ["matchers.severity"]),
        ({"until": "2026-11-22T03:05:00+08:00"}, ["until"]),
        ({"until": "2026-11-21T22:00:00+08:00"}, ["until"]),
        ({"until": "tomorrow"}, ["until"]),
        ({"until": ""}, ["until"]),
        ({"until": "9999-12-31T00:00:00Z"}, ["until"]),
        ({"from": "0001-01-01T00:00:00Z"}, ["from"]),
        ({"person": "nobody"}, ["person"]),
        ({"person": None}, ["person"]),
        ({"until": None}, ["until"]),
    ],
)
async def test_every_error_of_a_silence_is_named(admin: Client, changes: dict[str, Any], fields: list[str]) -> None:
    response = await admin.post(PATH, json=body(**changes))
    field_names = [fault["field"] for fault in response.json().get("errors", ())]

    assert (response.status_code, field_names) == (422, fields)
    assert (await admin.get(PATH)).json()["items"] == []


async def test_a_rule_that_is_no_life_safety_may_be_silent_for_a_week(harness: ConsoleHarness) -> None:
    mild = RuleSummary(
        name="battery-low",
        title="电量低",
        hazard="device",
        kinds=("gas_alarm",),
        severity="low",
        ledger="health",
        version="1",
        source="maker",
    )
    app = harness.app_with(rules={"summaries": lambda: (gas_rule(), mild)})
    async with client_of(app, authorization=f"Bearer {ADMIN}") as client:
        week = "2026-11-28T22:05:00+08:00"
        assert (await client.post(PATH, json=body(matchers={"rule": "battery-low"}, until=week))).status_code == 201
        assert (await client.post(PATH, json=body(matchers={"rule": "gas-alarm"}, until=week))).status_code == 422


async def test_operators_and_above_may_plan_a_silence(admin: Client, bearer: Callable[..., Any]) -> None:
    await plan(admin)
    for role, status in (("viewer", 403), ("worker", 403), ("operator", 201), ("dispatcher", 201)):
        client = await bearer(role)
        assert (await client.post(PATH, json=body())).status_code == status, role
        assert (await client.delete(f"{PATH}/1")).status_code == (
            403 if status == 403 else 200 if role == "operator" else 409
        )
        assert (await client.get(PATH)).status_code == 200
    own = await bearer("operator", person="w-zhang")
    assert (await own.post(PATH, json=body(person=None))).json()["by"] == {"id": "w-zhang", "name": "张三"}


async def test_an_operator_of_one_place_silences_that_place_only(admin: Client, bearer: Callable[..., Any]) -> None:
    other = await plan(admin, matchers={"place": "court"})
    local = await bearer("operator", place="b3")

    assert (await local.post(PATH, json=body(matchers={"device": "gas-402"}))).status_code == 201
    assert (await local.post(PATH, json=body(matchers={"place": "b3-402"}))).status_code == 201
    assert (await local.post(PATH, json=body(matchers={"place": "court"}))).status_code == 403
    assert (await local.post(PATH, json=body(matchers={"severity": "low"}))).status_code == 403
    assert (await local.post(PATH, json=body(matchers={"device": "band-101"}))).status_code == 404
    assert (await local.delete(f"{PATH}/{other['id']}")).status_code == 404
    assert other["id"] not in [one["id"] for one in (await local.get(PATH)).json()["items"]]


@pytest.mark.parametrize("number", ["99", "x", "-1", "9" * 40, "٣"])
async def test_an_unknown_silence_is_a_404(admin: Client, number: str) -> None:
    assert (await admin.delete(f"{PATH}/{number}")).status_code == 404


async def test_why_names_the_silence_that_kept_a_finding_from_people(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    made = await plan(admin)
    finding = Finding(
        id=f"gas-alarm@1/gas-402/{T0}",
        rule="gas-alarm",
        version="1",
        phase=FindingPhase.BEGAN,
        hazard="gas",
        title="燃气泄漏",
        severity=Severity.CRITICAL,
        ledger=Book.DANGER,
        subject=Subject("device", "gas-402"),
        begin=T0,
        at=T0,
        now=T0,
        device="gas-402",
        place="b3-402",
        evidence=(Evidence("alarm", True, at=T0),),
    )
    await harness.database.write(lambda tx: SqlAlertStore(tx).hold_finding(finding, 1, T0))
    explanation = (await admin.get("/api/v1/why", params={"finding": finding.id})).json()

    assert explanation["answer"] == "“燃气泄漏”没有通知任何人：静默1（李四：燃气公司检修）正在生效。"
    assert explanation["about"] == {"finding": finding.id, "silence": made["id"]}
    device = (await admin.get("/api/v1/why", params={"device": "gas-402", "at": UNTIL})).json()
    assert [one["text"] for one in device["items"] if one["kind"] == "silenced"] == [explanation["answer"]]
    assert (await admin.get(PATH)).json()["items"][0]["suppressed"] == 1
    elsewhere = await bearer("viewer", place="court")
    assert (await elsewhere.get("/api/v1/why", params={"finding": finding.id})).status_code == 404
    for state, part in ((HeldState.RELEASED, "静默结束后已经通知"), (HeldState.ENDED, "静默结束后已经通知")):
        await harness.database.write(lambda tx, to=state: SqlAlertStore(tx).settle_held(finding.id, to, T0 + 9))
        assert part in (await admin.get("/api/v1/why", params={"finding": finding.id})).json()["answer"]
