"""`/why`: explanations of alerts, messages and devices."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import yaml
from msgspec.structs import replace

from alerts.message import Delivery, DeliveryState
from app.server.rule_summaries import rule_summaries
from domain import DAY, HOUR, Reading, Subject
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook
from rules.tools.explain import explain
from store.database.alerts.repository import SqlAlertStore
from tests.support.console_harness import ADMIN, DEVICES, ROOT, T0, Client, ConsoleHarness, client_of


async def test_why_answers_from_the_timeline_of_the_alert(harness: ConsoleHarness, admin: Client) -> None:
    begun = harness.now
    number = await harness.alert()
    by_alert = (await admin.get(f"/api/v1/why?alert={number}")).json()
    by_finding = (await admin.get("/api/v1/why", params={"finding": f"gas-alarm@1/gas-402/{begun}"})).json()

    assert by_alert == by_finding
    assert by_alert["about"] == {"alert": number}
    assert by_alert["items"]
    assert "燃气泄漏" in by_alert["answer"]


async def test_why_follows_one_message(harness: ConsoleHarness, admin: Client) -> None:
    number = await harness.alert()

    def accept(tx: Any) -> Delivery:
        book = SqlAlertStore(tx)
        old = book.deliveries(int(number))[0]
        new = replace(old, state=DeliveryState.ACCEPTED, code="OK")
        book.update_delivery(old, new, harness.now, "the provider took it")
        return new

    message = await harness.database.write(accept)
    response = (await admin.get(f"/api/v1/why?message={message.id}")).json()

    assert response["about"] == {"alert": number, "message": message.id, "state": "accepted"}
    assert message.name in response["answer"]
    assert [line["text"] for line in response["items"]] == ["等待发送 → 服务商已接收（OK the provider took it）"]


async def test_why_shows_the_last_readings_of_a_device_or_that_there_were_none(
    harness: ConsoleHarness, admin: Client
) -> None:
    harness.add_reading("gas-402", 1, T0 - 60_000, alarm=True, lel_pct=31.5)
    await harness.alert()
    loud = (await admin.get("/api/v1/why?device=gas-402&at=2026-11-21T22:05:00%2B08:00")).json()
    quiet = (await admin.get("/api/v1/why?device=band-101&at=2026-11-21T22:05:00%2B08:00")).json()

    assert [line["kind"] for line in loud["items"]] == ["reading", "alert"]
    assert "燃气浓度 31.5" in loud["items"][0]["text"]
    assert [line["kind"] for line in quiet["items"]] == ["silence"]


async def test_a_danger_that_joined_another_is_found_by_its_own_device(harness: ConsoleHarness, admin: Client) -> None:
    number = await harness.alert()
    harness.now += HOUR
    place = next(device.place for device in DEVICES if device.id == "gas-402")
    joined = await harness.alert("band-101", id="joined", subject=Subject("device", "gas-402"), place=place)
    harness.now += 2 * DAY
    items = (await admin.get("/api/v1/alerts?device=band-101")).json()["items"]
    why = (await admin.get("/api/v1/why?device=band-101&at=2026-11-21T23:05:00%2B08:00")).json()
    later = (await admin.get("/api/v1/why?device=band-101&at=2026-11-23T22:06:00%2B08:00")).json()

    assert joined == number
    assert [one["id"] for one in items] == [number]
    assert (await admin.get("/api/v1/alerts?device=band-102")).json()["items"] == []
    assert (await admin.get(f"/api/v1/alerts/{number}")).json()["devices"] == ["gas-402", "band-101"]
    assert "有告警" in why["answer"]
    assert why["items"][0]["text"] == f"并入告警{number}：燃气泄漏"
    assert why["items"][0]["at"] == "2026-11-21T23:05:00.000+08:00"
    assert "没有告警" in later["answer"]


async def test_why_shows_the_phase_of_every_rule_of_the_device(harness: ConsoleHarness) -> None:
    engine = Engine(gas_books(), harness.deps.registry.kinds, harness.community)
    engine.register(DEVICES, T0)
    lines = rule_summaries(gas_books())
    app = harness.app_with(rules={"explain": partial(explain, engine), "summaries": lambda: lines})
    async with client_of(app, authorization=f"Bearer {ADMIN}") as client:
        quiet = await client.get("/api/v1/why?device=gas-402&at=2026-11-21T22:05:00%2B08:00")
        engine.feed([Reading("gas-402", "gas_alarm", T0, T0, {"alarm": True})], T0)
        loud = await client.get("/api/v1/why?device=gas-402&at=2026-11-21T22:05:00%2B08:00")

    facts_by_rule = [
        {line["rule"]: line["text"] for line in response.json()["items"] if line["kind"] == "rule"}
        for response in (quiet, loud)
    ]
    assert facts_by_rule[0]["gas-alarm"].endswith("现在：正常")
    assert facts_by_rule[1]["gas-alarm"].endswith("现在：报警中")


def gas_books() -> list[Rulebook]:
    return [Rulebook.model_validate(yaml.safe_load((ROOT / "rules" / "books" / "gas.yaml").read_text("utf-8")))]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 422),
        ("device=gas-402", 422),
        ("device=gas-402&at=x", 422),
        ("device=none&at=2026-11-21T22:05:00Z", 404),
        ("alert=99", 404),
        ("finding=x", 404),
        ("message=x", 404),
    ],
)
async def test_why_refuses_a_question_without_a_subject(admin: Client, query: str, status: int) -> None:
    assert (await admin.get(f"/api/v1/why?{query}")).status_code == status


async def test_the_steps_of_an_alert_are_in_order_with_the_time_between_them_and_the_versions_that_decided(
    harness: ConsoleHarness, admin: Client
) -> None:
    number = await harness.alert()
    harness.now = T0 + 40_000
    await admin.post(f"/api/v1/alerts/{number}/acknowledge", json={"person": "w-zhang"})
    why = (await admin.get(f"/api/v1/why?alert={number}")).json()
    assert [line["step"] for line in why["items"]] == ["heard", "judged", "judged", "asked", "answered", "suppressed"]
    assert why["items"][1]["text"].startswith("规则gas-alarm@1判断成立")
    assert why["items"][4]["after_ms"] == 40_000
    assert why["versions"]["rule"] == "gas-alarm@1"
    assert int(why["versions"]["registry"]) > 0


async def test_a_person_asks_why_he_was_called_and_another_why_not(harness: ConsoleHarness, admin: Client) -> None:
    number = await harness.alert()
    called = (await admin.get(f"/api/v1/why?alert={number}&person=w-zhang")).json()
    assert called["answer"] == "张三收到了关于“燃气泄漏”的通知：等待发送。"
    assert [line["text"] for line in called["items"]] == [
        "张三当时在岗：网格员，第1位，值班表d-1",
        "用值班日志通知张三（网格员），第1级，首次通知",
    ]
    other = (await admin.get(f"/api/v1/why?alert={number}&person=w-li")).json()  # on weekdays only
    assert other["answer"] == "没有通知李四“燃气泄漏”：当时不在岗。"
    assert other["items"][0]["text"] == "当时在岗的网格员是张三"
    assert other["about"] == {"alert": number, "person": "w-li"}
    resident = (await admin.get(f"/api/v1/why?alert={number}&person=r-wang")).json()
    assert "当时不在岗" in resident["answer"]


async def test_the_roster_of_then_is_told_apart_from_a_later_change(harness: ConsoleHarness, admin: Client) -> None:
    number = await harness.alert()
    harness.now += HOUR
    await admin.put("/api/v1/people/w-li", json={"id": "w-li", "name": "李四", "phone": None})
    why = (await admin.get(f"/api/v1/why?alert={number}&person=w-li")).json()
    assert why["answer"] == "没有通知李四“燃气泄漏”：没有登记能用的号码或账号。"
    assert any("此后登记或排班改过" in line["text"] for line in why["items"])


async def test_a_person_and_an_instant_list_his_messages_for_those_who_may_see_names(
    harness: ConsoleHarness, admin: Client, bearer: Any
) -> None:
    await harness.alert()
    at = "2026-11-21T22:00:00%2B08:00"
    busy = (await admin.get(f"/api/v1/why?person=w-zhang&at={at}")).json()
    assert busy["answer"] == "张三在这前后一小时内有1条通知。"
    quiet = (await admin.get(f"/api/v1/why?person=w-li&at={at}")).json()
    assert quiet["answer"].endswith("当时没有需要他处理的告警。")
    viewer = await bearer("viewer")
    assert (await viewer.get(f"/api/v1/why?person=w-zhang&at={at}")).status_code == 403
    elsewhere = await bearer("operator", place="court")
    assert (await elsewhere.get(f"/api/v1/why?person=w-zhang&at={at}")).json()["items"] == []
    assert (await admin.get(f"/api/v1/why?person=nobody&at={at}")).status_code == 404
