"""Cases exchanged with a 12345 platform, as incidents over real HTTP on a virtual clock."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from domain import DAY, MINUTE, SECOND
from simulators.providers.faults import Fault, FaultKind
from store.database.alerts.repository import SqlAlertStore
from tests.console.api.test_report_intake import files
from tests.support.console_harness import T0
from tests.support.exchange_harness import ExchangeHarness, exchange_harness
from tests.support.photos import jpeg

ORDER = {
    "诉求标题": "楼道有燃气味",
    "诉求类型": "燃气泄漏",
    "诉求内容": "二单元楼道有很浓的燃气味，请回电13800138000",
    "诉求地址": "枫林街道枫林苑3号楼402门口",
    "办理时限": "2026-11-22 22:05:00",
    "紧急程度": "紧急",
    "诉求人": "赵大声",
    "联系电话": "13800138000",
}


@pytest.fixture
async def exchanged(tmp_path: Path, blank: Path) -> AsyncIterator[ExchangeHarness]:
    async with exchange_harness(shutil.copytree(blank, tmp_path / "data")) as harness:
        yield harness


async def opened(exchanged: ExchangeHarness, number: str = "GD-1", **changes: Any) -> str:
    """The alert of an order that was pushed."""
    response = await exchanged.hotline.push_order(number, **{**ORDER, **changes})
    assert response.status_code == 201, response.text
    return str(response.json()["alert"])


async def test_an_order_reaches_the_worker_and_each_state_returns_once_in_order(exchanged: ExchangeHarness) -> None:
    alert = await opened(exchanged)
    view = await exchanged.alert(alert)
    exchanged.hotline.faults.schedule(Fault(FaultKind.HTTP, status=503), 999)
    await exchanged.run_until(T0 + SECOND)
    for action, person in (("acknowledge", "w-zhang"), ("arrive", "w-zhang"), ("resolve", "w-zhang")):
        await exchanged.act(alert, action, person)
    await exchanged.run_until(T0 + 10 * MINUTE)
    assert exchanged.hotline.states_of("GD-1") == []
    exchanged.hotline.faults.clear()
    await exchanged.run_until(T0 + 20 * MINUTE)
    await exchanged.act(alert, "verify", "w-li")
    await exchanged.act(alert, "close", "w-li", disposition="real")

    assert (view["source"], view["severity"], view["place"], view["address"]) == (
        "external", "critical", "b3-402", "枫林苑3栋402"
    )  # fmt: skip
    assert [person["person"] for person in view["told"]] == ["w-zhang"]
    assert exchanged.hotline.states_of("GD-1") == ["受理", "派遣", "处置", "反馈", "核查", "结案"]
    assert exchanged.hotline.repeated == 0
    assert len({report.sequence for report in exchanged.hotline.reports}) == 6


async def test_a_caller_is_named_nowhere(exchanged: ExchangeHarness) -> None:
    alert = await opened(exchanged)
    case = (await exchanged.api.get("/api/v1/exchange/hotline/cases/GD-1")).text
    everything = f"{await exchanged.alert(alert)}{case}"
    await exchanged.exchange.sender.send_due()

    assert "赵** 138****8000" in case
    assert not [word for word in ("赵大声", "13800138000") if word in everything + str(exchanged.board.events)]


async def test_the_case_keeps_the_deadline_of_its_source(exchanged: ExchangeHarness) -> None:
    alert = await opened(exchanged)
    case = (await exchanged.api.get("/api/v1/exchange/hotline/cases/GD-1")).json()

    assert (case["deadline"], case["alert"], case["alert_state"]) == ("2026-11-22T22:05:00.000+08:00", alert, "open")
    assert any("的办理时限：" in text for text in await exchanged.timeline(alert))


async def test_a_repeated_push_makes_one_case_and_changed_content_updates_it(exchanged: ExchangeHarness) -> None:
    alert = await opened(exchanged, 紧急程度="一般", 诉求类型="漏水")
    again = await exchanged.hotline.push_order("GD-1", **{**ORDER, "紧急程度": "一般", "诉求类型": "漏水"})
    changed = await exchanged.hotline.push_order("GD-1", **{**ORDER, "诉求内容": "味道更浓了"})
    view = await exchanged.alert(alert)

    assert [(each.status_code, each.json()["outcome"], each.json()["alert"]) for each in (again, changed)] == [
        (200, "repeated", alert), (200, "updated", alert)
    ]  # fmt: skip
    assert any("更新了内容：楼道有燃气味；味道更浓了" in text for text in await exchanged.timeline(alert))
    assert view["severity"] == "critical"
    assert len((await exchanged.api.get("/api/v1/alerts?source=external")).json()["items"]) == 1


async def test_a_forged_push_and_other_tokens_are_refused(exchanged: ExchangeHarness) -> None:
    forged = await exchanged.hotline.push_order("GD-1", forged=True, **ORDER)
    token = exchanged.hotline.token
    exchanged.hotline.token = "made-up"
    unknown = await exchanged.hotline.push_order("GD-1", **ORDER)
    exchanged.hotline.token = token
    exchanged.console.now += 6 * MINUTE
    behind = exchanged.hotline.clock
    exchanged.hotline.clock = lambda: T0
    late = await exchanged.hotline.push_order("GD-1", **ORDER)
    exchanged.hotline.clock = behind
    bearer = {"authorization": f"Bearer {token}"}
    elsewhere = [
        (await exchanged.api.get(path, headers=bearer)).status_code
        for path in (
            "/api/v1/alerts",
            "/api/v1/exchange/city/cases/1",
            "/api/v1/exchange/dead-letters",
            "/cap/feed.xml",
        )
    ]

    assert [each.status_code for each in (forged, unknown, late)] == [401, 401, 401]
    assert elsewhere == [403, 403, 403, 403]
    assert (await exchanged.api.get("/api/v1/alerts")).json()["items"] == []


async def test_what_cannot_be_mapped_is_refused_in_their_words(exchanged: ExchangeHarness) -> None:
    answer = await exchanged.hotline.push_order("GD-1", **{**ORDER, "诉求内容": "", "办理时限": "尽快"})

    assert answer.status_code == 422
    assert {error["field"]: error["detail"][:4] for error in answer.json()["errors"]} == {
        "诉求内容": "必填：诉", "办理时限": "不是时间"
    }  # fmt: skip
    missing = await exchanged.api.post("/api/v1/exchange/nobody/cases", json={})
    assert missing.status_code == 404


async def test_a_lost_answer_makes_one_report_and_a_refused_one_a_dead_letter(exchanged: ExchangeHarness) -> None:
    exchanged.hotline.faults.schedule(Fault(FaultKind.HTTP, status=502, accepted=True))
    exchanged.hotline.faults.schedule(Fault(FaultKind.SILENT))
    alert = await opened(exchanged)
    await exchanged.run_until(T0 + 5 * SECOND)
    assert (exchanged.hotline.states_of("GD-1"), exchanged.hotline.repeated) == (["受理"], 2)

    exchanged.hotline.faults.schedule(Fault(FaultKind.REJECT, code="1001", message="系统维护"), 3)
    await exchanged.act(alert, "acknowledge", "w-zhang")
    await exchanged.run_until(T0 + MINUTE)
    dead = (await exchanged.api.get("/api/v1/exchange/dead-letters")).json()["items"]
    assert [(item["target"], item["data"]["state"]) for item in dead] == [("system:hotline", "派遣")]
    assert [(item["name"]["zh"], bool(item["title"])) for item in dead] == [("12345热线", True)]
    assert "1001" in dead[0]["error"]
    again = await exchanged.api.post(f"/api/v1/exchange/dead-letters/{dead[0]['id']}/resend")
    await exchanged.run_until(T0 + 2 * MINUTE)
    assert again.json()["state"] == "pending"
    assert exchanged.hotline.states_of("GD-1") == ["受理", "派遣"]
    gone = await exchanged.api.post(f"/api/v1/exchange/dead-letters/{dead[0]['id']}/resend")
    assert gone.status_code == 404


async def test_their_states_are_applied_once_in_order_and_never_wrongly(exchanged: ExchangeHarness) -> None:
    alert = await opened(exchanged)

    async def push(state: str, seconds: int, event: str) -> tuple[str, str]:
        response = await exchanged.hotline.push_state("GD-1", state, at=T0 + seconds * SECOND, event=event)
        assert response.status_code == 200, response.text
        return response.json()["outcome"], (await exchanged.alert(alert))["state"]

    assert await push("结案", 10, "E1") == ("noted", "open")
    for action in ("acknowledge", "resolve"):
        await exchanged.act(alert, action, "w-zhang")
    assert await push("回访不满意", 20, "E2") == ("applied", "open")
    assert await push("回访不满意", 20, "E2") == ("repeated", "open")
    assert await push("催办", 5, "E0") == ("out_of_order", "open")
    for action in ("acknowledge", "resolve"):
        await exchanged.act(alert, action, "w-zhang")
    assert await push("回访满意", 30, "E3") == ("applied", "verified")
    assert await push("结案", 40, "E4") == ("applied", "closed")
    assert await push("结案", 40, "E5") == ("repeated", "closed")
    await exchanged.run_until(T0 + MINUTE)

    states = exchanged.hotline.states_of("GD-1")
    assert states == ["受理", "派遣", "反馈", "派遣", "反馈"]
    events = (await exchanged.api.get("/api/v1/exchange/hotline/cases/GD-1/events")).json()["items"]
    assert [event["outcome"] for event in events].count("applied") == 3
    assert (await exchanged.hotline.push_state("GD-9", "结案")).status_code == 404
    assert (await exchanged.hotline.push_state("GD-1", "升空")).status_code == 422


async def test_urging_tells_the_next_rung_at_once(exchanged: ExchangeHarness) -> None:
    alert = await opened(exchanged)
    exchanged.console.now += 10 * SECOND
    before = (await exchanged.alert(alert))["next_step_at"]
    await exchanged.hotline.push_state("GD-1", "催办", 说明="群众着急")
    after = (await exchanged.alert(alert))["next_step_at"]

    assert after < before
    assert any("12345热线：催办，群众着急" in text for text in await exchanged.timeline(alert))


async def test_urging_is_texted_to_the_owner_once_in_ten_minutes(exchanged: ExchangeHarness) -> None:
    alert = await opened(exchanged)
    await exchanged.act(alert, "acknowledge", "w-zhang")

    async def sent() -> list[tuple[str, str]]:
        rows = await exchanged.console.database.read(lambda tx: SqlAlertStore(tx).deliveries(int(alert)))
        return [(row.kind.value, row.person) for row in rows if row.kind.value == "urged"]

    for event in ("U1", "U2"):
        exchanged.console.now += SECOND
        await exchanged.hotline.push_state("GD-1", "催办", 说明="群众着急", event=event)
    assert await sent() == [("urged", "w-zhang")]
    rows = await exchanged.console.database.read(lambda tx: SqlAlertStore(tx).deliveries(int(alert)))
    text = next(str(row.payload["text"]) for row in rows if row.kind.value == "urged")
    assert "紧急催办：楼道有燃气味" in text
    assert "12345热线催办：群众着急" in text
    assert len(text) <= 70


async def test_the_subscriber_gets_every_state_of_a_case_signed_and_in_order(exchanged: ExchangeHarness) -> None:
    alert = await exchanged.console.alert()
    for action, person in (("acknowledge", "w-zhang"), ("resolve", "w-zhang"), ("verify", "w-li")):
        await exchanged.act(alert, action, person)
    events = [received.event for received in exchanged.board.events]

    assert [event["type"].removeprefix("cn.fengshao.case.") for event in events] == [
        "opened.v1", "acknowledged.v1", "resolved.v1", "verified.v1"
    ]  # fmt: skip
    assert [event["sequence"] for event in events] == sorted(event["sequence"] for event in events)
    assert {event["subject"] for event in events} == {f"case:{alert}"}
    assert "张三" not in str(events)


async def test_a_failing_target_is_a_health_alert_until_it_accepts_again(exchanged: ExchangeHarness) -> None:
    exchanged.board.faults.schedule(Fault(FaultKind.HTTP, status=500), 999)
    await exchanged.console.alert()
    await exchanged.run_until(T0 + 20 * MINUTE)
    failing = (await exchanged.api.get("/api/v1/alerts?ledger=health")).json()["items"]
    targets = (await exchanged.api.get("/api/v1/exchange/targets")).json()["items"]
    metrics = (await exchanged.api.get("/metrics")).text
    exchanged.board.faults.clear()
    exchanged.exchange.sender.resume("board")
    await exchanged.run_until(T0 + 30 * MINUTE)
    over = (await exchanged.api.get("/api/v1/alerts?ledger=health")).json()["items"]

    assert [(item["title"], item["state"]) for item in failing] == [("向外部系统发送持续失败", "open")]
    board = next(item for item in targets if item["id"] == "board")
    assert (board["pending"] > 0, board["failing_since"], board["last_error"]) == (
        True, "2026-11-21T22:05:00.000+08:00", "HTTP 500"
    )  # fmt: skip
    assert 'fengshao_exchange_failing_seconds{target="board"} 1200.0' in metrics
    assert [item["state"] for item in over] == ["closed"]


async def test_a_case_handed_over_waits_for_their_answer_and_is_verified_here(exchanged: ExchangeHarness) -> None:
    alert = await exchanged.console.alert()
    await hand_over(exchanged, alert)
    await exchanged.run_until(exchanged.console.now + SECOND)
    number, case = next(iter(exchanged.hotline.handed_over.items()))
    accepted = await exchanged.hotline.push_state(number, "受理")
    waiting = await exchanged.alert(alert)
    exchanged.console.now += MINUTE
    done = await exchanged.hotline.push_state(f"FS-{alert}", "办结", 说明="燃气公司已更换阀门")
    resolved = await exchanged.alert(alert)

    assert (case["来源编号"], case["事发地址"], case["紧急程度"]) == (f"FS-{alert}", "枫林苑3栋402", "特急")
    assert (accepted.json()["outcome"], waiting["state"], waiting["returned_to"]) == (
        "noted", "returned", "system:hotline"
    )  # fmt: skip
    assert (done.json()["outcome"], resolved["state"]) == ("applied", "resolved")
    assert any("办结，燃气公司已更换阀门" in text for text in await exchanged.timeline(alert))
    await exchanged.act(alert, "verify", "w-li")
    assert exchanged.hotline.states_of(number) == ["核查"]


async def test_a_refused_hand_over_is_open_again_with_the_reason(exchanged: ExchangeHarness) -> None:
    alert = await exchanged.console.alert()
    await hand_over(exchanged, alert)
    await exchanged.run_until(exchanged.console.now + SECOND)
    refused = await exchanged.hotline.push_state("ZB0001", "退单", 说明="不属于燃气公司管辖")
    view = await exchanged.alert(alert)
    late = await exchanged.hotline.push_state("ZB0001", "办结", at=exchanged.console.now + MINUTE)

    assert (refused.json()["outcome"], view["state"]) == ("applied", "open")
    assert any("不属于燃气公司管辖" in text for text in await exchanged.timeline(alert))
    assert (late.json()["outcome"], (await exchanged.alert(alert))["state"]) == ("noted", "open")
    assert exchanged.hotline.states_of("ZB0001") == []


async def hand_over(exchanged: ExchangeHarness, alert: str) -> None:
    """An operator returns the alert to the hotline."""
    await exchanged.act(alert, "return", "w-li", reason="属于燃气公司", to="system:hotline")


async def test_without_an_answer_in_time_the_case_is_taken_back_and_the_next_rung_called(
    exchanged: ExchangeHarness,
) -> None:
    alert = await exchanged.console.alert()
    await hand_over(exchanged, alert)
    await exchanged.run_until(exchanged.console.now + 90 * MINUTE)
    view = await exchanged.alert(alert)

    assert (view["state"], view["overdue"]["what"]) == ("open", "answer")
    assert exchanged.hotline.states_of("ZB0001")[0] == "收回"


async def test_a_city_platform_without_an_address_sends_a_case_and_asks_for_its_state(
    exchanged: ExchangeHarness,
) -> None:
    token = (await exchanged.api.post("/api/v1/tokens", json={"role": "exchange", "platform": "city"})).json()["token"]
    bearer = {"authorization": f"Bearer {token}"}
    case = {
        "任务号": "20261121-7", "问题大类": "公用设施", "问题小类": "井盖缺失", "问题描述": "井盖没有了",
        "街道": "枫林街道", "位置描述": "梧桐里门口", "单元网格编码": "grid-4", "紧急程度": "特急",
    }  # fmt: skip
    pushed = await exchanged.api.post("/api/v1/exchange/city/cases", json=case, headers=bearer)
    alert = pushed.json()["alert"]
    await exchanged.act(alert, "acknowledge", "w-li")
    shown = (await exchanged.api.get("/api/v1/exchange/city/cases/20261121-7", headers=bearer)).json()
    view = await exchanged.alert(alert)

    assert (pushed.status_code, shown["alert_state"], shown["state"]) == (201, "acknowledged", "派遣")
    assert (view["hazard"], view["severity"], view["place"], view["advice"]) == (
        "manhole", "critical", "court", "先设围挡"
    )  # fmt: skip
    waiting = (await exchanged.api.get("/api/v1/exchange/targets")).json()["items"]
    assert [(target["id"], target["pending"]) for target in waiting] == [("board", 0), ("system:hotline", 0)]


async def test_photos_of_the_work_go_to_the_platform_as_signed_urls(exchanged: ExchangeHarness) -> None:
    alert = await opened(exchanged)
    sent = await exchanged.api.post(f"/api/v1/alerts/{alert}/photos", data={"comment": "已关阀"}, files=files(jpeg()))
    assert sent.status_code == 201, sent.text
    await exchanged.act(alert, "acknowledge", "w-zhang")
    (address,) = exchanged.hotline.reports[-1].attachments
    path = address.removeprefix("https://maple.example.cn")
    photo = await exchanged.api.get(path, headers={"authorization": ""})
    forged = await exchanged.api.get(f"{path}x", headers={"authorization": ""})
    exchanged.console.now += 8 * DAY
    expired = await exchanged.api.get(path, headers={"authorization": ""})

    assert (photo.status_code, photo.headers["content-type"]) == (200, "image/jpeg")
    assert (forged.status_code, expired.status_code) == (404, 404)


async def test_a_more_urgent_order_about_a_closed_case_is_answered(exchanged: ExchangeHarness) -> None:
    pushed = await exchanged.hotline.push_order("GD-9", **{**ORDER, "紧急程度": "一般", "诉求类型": "漏水"})
    alert = pushed.json()["alert"]
    for action, who in (("arrive", "w-zhang"), ("resolve", "w-zhang"), ("verify", "w-li"), ("close", "w-li")):
        await exchanged.act(alert, action, who)
    urgent = await exchanged.hotline.push_order("GD-9", **{**ORDER, "紧急程度": "特急"})
    assert urgent.status_code == 200, urgent.text
    assert ((await exchanged.alert(alert))["state"], (await exchanged.timeline(alert))[-1]) == (
        "open",
        "呼叫网格员 张三",
    )
