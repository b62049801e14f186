"""Incidents from finding to phone, on a real database and an SMS provider that checks signatures and templates."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from alerts.alert import Actor, ResponseSource, State
from alerts.handling.intake import Disposition
from alerts.handling.person_actions import NoSuchAlert
from alerts.handling.replies import ReplyStatus
from alerts.lifecycle.event import InvalidField, InvalidTransition
from domain import FindingPhase, Lane, Severity, Subject
from simulators.providers.faults import Fault, FaultKind
from store.database.alerts.queries import alerts_of_finding
from store.database.alerts.repository import READER
from store.database.system.journal_positions import positions

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
LI = Actor("li", "李强", ResponseSource.SCREEN)


def finding_of_device(finding: Any, name: str, **changes: Any) -> Any:
    return finding(id=name, device=name, subject=Subject("device", name), **changes)


async def test_a_leak_reaches_the_worker_with_all_details(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    assert harness.texts("wang") == [
        "【枫树社区】紧急：燃气泄漏，14:05，枫林苑3栋2单元402。勿开关电器，10分钟内到场。回复11接警，12无法到场。"
    ]
    assert harness.timeline() == ["紧急：燃气泄漏，枫林苑3栋2单元402", "呼叫网格员 王芳", "短信已发给 王芳（网格员）"]
    assert [row.state for row in harness.deliveries()] == ["accepted"]
    assert set(harness.changed) == {"1"}


def calls_to(harness: Any, person: str) -> list[str]:
    """The texts to this person without those of supervision."""
    return [text for text in harness.texts(person) if "督办" not in text]


async def test_an_unanswered_alert_escalates_on_time(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.advance_time(59)
    assert (harness.texts("deputy"), harness.texts("li")) == ([], [])
    await harness.advance_time(1)
    assert len(harness.texts("deputy")) == 1, "a person has a minute before his deputy is called, with the next rung"
    assert "1分钟无人接警" in harness.texts("li")[0]
    assert len(harness.texts("li")[0]) <= 70
    for person, seconds in (("chen", 120), ("sun", 180), ("zhou", 300)):
        await harness.advance_time(seconds - 1)
        assert calls_to(harness, person) == []
        await harness.advance_time(1)
        assert len(calls_to(harness, person)) == 1
    await harness.advance_time(600)
    assert len(calls_to(harness, "zhou")) == 2, "the last rung is called again until an answer comes"
    await harness.advance_time(900)
    assert len(calls_to(harness, "zhou")) == 3
    supervision = [text for text in harness.texts("zhou") if "督办" in text]
    assert supervision == ["【枫树社区】紧急督办：燃气泄漏，枫林苑3栋2单元402，接警超时5分钟。责任人暂无，请督促处置。"]
    assert await harness.service.audit(harness.clock.now) == []


async def test_a_reply_acknowledges_and_everyone_notified_learns_the_owner(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.advance_time(60)
    replied = await harness.service.receive_text("19900000003", "１１接警。", harness.clock.now)
    await harness.send()
    assert (replied.status, harness.alert().state, harness.alert().owner_name) == (
        ReplyStatus.DONE,
        State.ACKNOWLEDGED,
        "李强",
    )
    expected = "【枫树社区】已由李强接警：燃气泄漏，枫林苑3栋2单元402。接警时间14:06，编号1。"
    assert harness.texts("wang")[-1] == expected
    assert harness.texts("li")[-1] == (
        "【枫树社区】已由李强接警：燃气泄漏，枫林苑3栋2单元402。到场回复13，处置完回复：真实15，误报16，其他14。"
    )
    assert "李强接警（短信）" in harness.timeline()
    await harness.advance_time(300)
    assert harness.texts("chen") == []


async def test_a_late_reply_of_who_has_read_who_has_it_is_answered_where_he_reports_that_he_is_there(
    harness: Any, finding: Any
) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.advance_time(5)
    await harness.service.perform("1", "acknowledge", LI)
    await harness.send()
    before = len(harness.texts("wang"))
    for code in ("11", "11", "13"):
        replied = await harness.service.receive_text("19900000001", code, harness.clock.now)
        await harness.send()
        assert replied.status is ReplyStatus.REFUSED
    answer = "【枫树社区】编号1：燃气泄漏，枫林苑3栋2单元402。已由李强14:05接警。"
    assert harness.texts("wang")[before:] == [answer]
    assert harness.alert().owner == "li"
    assert "王芳回复“11”：已由李强14:05接警。" in harness.timeline()


async def test_a_reply_after_completion_is_answered_with_the_state(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform("1", "arrive", LI)
    await harness.service.perform("1", "resolve", LI)
    await harness.send()
    assert (await harness.service.receive_text("19900000001", "11", harness.clock.now)).status is ReplyStatus.REFUSED
    await harness.send()
    assert harness.texts("wang")[-1] == "【枫树社区】编号1：燃气泄漏，枫林苑3栋2单元402。已处置，等待核查。"
    assert "王芳回复“11”：已处置，等待核查。" in harness.timeline()


async def test_a_reply_to_an_undelivered_text_gets_no_hint(harness: Any, finding: Any) -> None:
    harness.sms_server.faults.schedule(Fault(FaultKind.REJECT, code="isv.MOBILE_NUMBER_ILLEGAL"))
    await harness.service.process_findings([finding()])
    await harness.send()
    assert (await harness.service.receive_text("19900000001", "哦", harness.clock.now)).status is ReplyStatus.UNCLEAR
    await harness.send()
    assert harness.texts("wang") == []


async def test_a_danger_opens_its_own_alert_when_the_owner_has_no_phone(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding(severity=Severity.HIGH)])
    await harness.service.perform("1", "acknowledge", Actor("desk-2", "值班员", ResponseSource.SCREEN))
    await harness.service.process_findings([finding(id="worse", rule="gas-worse")])
    await harness.send()
    assert (harness.alert().severity, harness.alert().state) == (Severity.HIGH, State.ACKNOWLEDGED)
    assert (harness.alert(2).severity, harness.alert(2).state) == (Severity.CRITICAL, State.OPEN)
    assert harness.texts("wang")[-1].startswith("【枫树社区】紧急：燃气泄漏")


async def test_many_due_alerts_are_processed_in_batches(
    harness: Any, finding: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.service.TICK_BATCH", 2)
    await harness.service.process_findings([finding_of_device(finding, f"d{n}") for n in range(5)])
    assert await harness.service.tick(harness.clock.now + 60_000) == 5


async def test_an_alert_whose_owner_does_not_arrive_is_called_again(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.receive_text("19900000001", "收到", harness.clock.now)
    await harness.advance_time(599)
    assert harness.alert().state is State.ACKNOWLEDGED
    await harness.advance_time(1)
    assert harness.alert().state is State.OPEN
    assert "王芳接警后10分钟未到场，重新呼叫" in harness.timeline()
    assert len(harness.texts("li")) == 1


async def test_declining_calls_the_deputy_at_once(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.receive_text("19900000001", "12", harness.clock.now)
    await harness.send()
    assert len(harness.texts("deputy")) == 1
    assert harness.texts("li") == []
    assert "王芳无法到场（短信）" in harness.timeline()
    await harness.service.perform(1, "pass", Actor("deputy", "赵敏", ResponseSource.SMS))
    await harness.send()
    assert len(harness.texts("li")) == 1


async def test_unclear_replies_change_no_alert(harness: Any, finding: Any) -> None:
    assert (await harness.service.receive_text("18800000000", "11", 0)).status is ReplyStatus.UNKNOWN_PHONE
    await harness.service.process_findings([finding(), finding_of_device(finding, "second", place="403")])
    await harness.send()
    assert (
        await harness.service.receive_text("19900000001", "在哪？", harness.clock.now)
    ).status is ReplyStatus.ANSWERED
    for text in ("91", "哦", "收到"):
        assert (
            await harness.service.receive_text("19900000001", text, harness.clock.now)
        ).status is ReplyStatus.UNCLEAR
        await harness.send()
    assert harness.texts("wang")[2:] == [
        "【枫树社区】编号2：燃气泄漏，14:05，枫林苑3栋2单元403。回复21接警，22无法到场。",
        "【枫树社区】无此编号，您有编号1、2。最急：燃气泄漏，枫林苑3栋2单元402。回复11接警，12无法到场。",
        *["【枫树社区】没看懂您的回复。您有2条告警，最急：燃气泄漏，枫林苑3栋2单元402。回复11接警，12无法到场。"] * 2,
    ]
    assert "王芳回复“收到”，看不出指哪条，已请其重发" in harness.timeline(1)
    assert (await harness.service.receive_text("19900000001", "TD", 0)).status is ReplyStatus.OPT_OUT
    assert (await harness.service.receive_text("19900000001", "21", 0)).alert == 2
    assert harness.alert(1).state is State.OPEN
    await harness.service.receive_text("19900000001", "11", harness.clock.now)
    assert (await harness.service.receive_text("19900000001", "天气真好", harness.clock.now)).alert == 1
    assert "王芳回复了退订，短信可能已被运营商拦截，请改用其他方式联系" in harness.timeline(1) + harness.timeline(2)


async def test_a_finding_received_twice_changes_nothing(harness: Any, finding: Any) -> None:
    for pos in (7, 8):
        await harness.service.process_findings([finding()], Lane.URGENT, pos)
    outcome = (await harness.service.process_findings([finding()]))[0]
    await harness.send()
    await harness.service.process_findings([], Lane.BULK, 3)
    assert (outcome.disposition, outcome.alert) == (Disposition.REPEATED, 1)
    assert len(harness.texts("wang")) == 1
    assert harness.database.write_blocking(lambda tx: positions(tx, READER)) == {Lane.URGENT: 8, Lane.BULK: 3}
    assert harness.database.write_blocking(lambda tx: alerts_of_finding(tx, finding().id)) == ["1"]


async def test_after_a_crash_the_ladder_continues_on_time(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    harness.stop()
    harness.start()
    await harness.advance_time(59)
    assert harness.texts("li") == []
    await harness.advance_time(1)
    assert len(harness.texts("li")) == 1
    assert len(harness.texts("wang")) == 1


async def test_after_a_long_downtime_an_alert_escalates_at_once(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    harness.stop()
    harness.clock.now += 3_600_000
    harness.start()
    assert [alert.id for alert in await harness.service.audit(harness.clock.now)] == [1]
    await harness.service.tick(harness.clock.now)
    await harness.send()
    assert len(harness.texts("li")) == 1
    assert await harness.service.audit(harness.clock.now) == []


async def test_a_recovered_danger_is_recorded_and_stays_open(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.service.process_findings([finding(phase=FindingPhase.STALE)])
    assert harness.alert().stale
    await harness.service.process_findings([finding(phase=FindingPhase.ENDED)])
    assert (harness.alert().state, harness.alert().recovered_at) == (State.OPEN, harness.clock.now)
    assert harness.timeline()[-2:] == ["设备失联，告警仍在。失联不等于恢复", "现场数据已恢复正常，仍须有人确认"]
    again = await harness.service.process_findings([finding(id="again")])
    assert again[0].disposition is Disposition.JOINED
    assert harness.alert().recovered_at is None
    assert harness.timeline()[-1] == "再次报警：燃气泄漏"


async def test_an_alert_has_recovered_when_all_its_findings_ended(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding(), finding(id="co", rule="gas-co", title="一氧化碳超标")])
    assert harness.alert().joined == 1
    await harness.service.process_findings([finding(phase=FindingPhase.ENDED)])
    assert harness.alert().recovered_at is None
    await harness.service.process_findings([finding(id="co", phase=FindingPhase.WITHDRAWN)])
    assert harness.alert().recovered_at is not None
    assert "本人已取消求助，仍须有人确认" in harness.timeline()
    assert "一氧化碳超标（gas-1）并入本告警：同一设备，枫林苑3栋2单元402" in harness.timeline()


async def test_the_end_of_an_unknown_finding_is_unmatched(harness: Any, finding: Any) -> None:
    outcome = await harness.service.process_findings([finding(phase=FindingPhase.ENDED)])
    assert outcome[0].disposition is Disposition.UNMATCHED
    assert (await harness.service.process_findings([finding(phase=FindingPhase.ENDED)]))[
        0
    ].disposition is Disposition.REPEATED


async def test_a_raised_severity_starts_its_ladder(harness: Any, finding: Any) -> None:
    high_finding = finding(severity=Severity.HIGH, title="燃气浓度偏高")
    await harness.service.process_findings([high_finding])
    await harness.send()
    critical_finding = structs.replace(
        high_finding, phase=FindingPhase.GRADED, severity=Severity.CRITICAL, title="燃气泄漏", at=high_finding.at + 1
    )
    await harness.service.process_findings([critical_finding])
    await harness.send()
    assert harness.alert().severity is Severity.CRITICAL
    assert [text[6:8] for text in harness.texts("wang")] == ["高危", "紧急"]
    assert "升为紧急：燃气泄漏" in harness.timeline()
    lower_finding = structs.replace(high_finding, phase=FindingPhase.GRADED, at=high_finding.at + 2)
    await harness.service.process_findings([lower_finding])
    assert harness.alert().severity is Severity.CRITICAL
    assert harness.timeline()[-1] == "当前程度变为高危：燃气浓度偏高"


async def test_the_owner_is_notified_of_a_raised_severity(harness: Any, finding: Any) -> None:
    high_finding = finding(severity=Severity.HIGH, title="燃气浓度偏高")
    await harness.service.process_findings([high_finding])
    await harness.send()
    await harness.service.perform("1", "acknowledge", WANG)
    await harness.send()
    await harness.service.process_findings([finding(id="alarm", rule="gas-alarm-2")])
    await harness.send()
    assert harness.alert().state is State.OPEN, "a raised severity calls the whole ladder again"
    assert "紧急：燃气泄漏" in harness.texts("wang")[-1]
    await harness.advance_time(60)
    assert len(harness.texts("li")) == 1


async def test_an_alert_from_acknowledgement_to_closing(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform("1", "acknowledge", WANG)
    await harness.service.perform("1", "arrive", WANG)
    await harness.service.perform("1", "comment", WANG, comment="阀门已关")
    await harness.service.perform("1", "resolve", WANG, reason="软管老化，已更换")
    await harness.send()
    with pytest.raises(InvalidTransition, match="核查须由处置人以外的人进行"):
        await harness.service.perform("1", "verify", WANG)
    with pytest.raises(InvalidTransition, match="须先由他人核查"):
        await harness.service.perform("1", "close", WANG)
    await harness.service.perform("1", "verify", LI)
    await harness.service.perform("1", "close", LI, disposition="real")
    assert harness.alert().state is State.CLOSED
    assert harness.alert().wake_at is None
    timeline = harness.timeline()
    assert "王芳处置完毕（网页），原因：软管老化，已更换" in timeline
    assert "王芳：阀门已关" in timeline
    assert "李强核查通过（网页）" in timeline
    assert not any("已处置" in text for text in harness.texts("wang")), "no text about one's own actions"
    await harness.service.perform("1", "reopen", LI)
    await harness.send()
    assert harness.texts("wang")[-1].startswith("【枫树社区】紧急：燃气泄漏")


async def test_an_idle_alert_is_reminded_of_and_closed(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform("1", "arrive", WANG)
    await harness.advance_time(7_200)
    assert "紧急超时：燃气泄漏" in harness.texts("wang")[-1]
    assert harness.alert().state is State.ON_SITE
    assert "王芳到场后2小时未处置完" in harness.timeline()
    await harness.service.perform("1", "resolve", WANG)
    await harness.advance_time(86_400)
    assert "处置后24小时无人核查" in harness.timeline()
    await harness.service.perform("1", "verify", LI)
    await harness.advance_time(86_400)
    assert harness.alert().state is State.CLOSED
    assert "核查后24小时自动结案" in harness.timeline()


async def test_a_shelved_alert_is_quiet_until_its_time(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.service.perform("1", "shelve", LI, reason="管道检修", until=harness.clock.now + 3_600_000)
    await harness.advance_time(3_599)
    assert harness.texts("wang") == []
    with pytest.raises(InvalidTransition, match="告警已搁置到15:05"):
        await harness.service.perform("1", "resolve", LI)
    await harness.advance_time(1)
    assert len(harness.texts("wang")) == 1
    assert "李强搁置到15:05，原因：管道检修" in harness.timeline()
    assert "搁置到期，重新呼叫" in harness.timeline()


async def test_a_returned_alert_escalates_at_once(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform("1", "return", WANG, reason="在隔壁社区")
    await harness.send()
    assert len(harness.texts("li")) == 1
    await harness.advance_time(120)
    assert "退回后无人接手" in harness.timeline()


async def test_a_dispatcher_assigns_a_person(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    with pytest.raises(InvalidField):
        await harness.service.perform("1", "assign", LI, to="nobody")
    await harness.service.perform("1", "assign", LI, to="deputy")
    await harness.send()
    assert len(harness.texts("deputy")) == 1
    assert "李强指派给赵敏" in harness.timeline()
    await harness.advance_time(60)
    assert len(harness.texts("li")) == 1


async def test_invalid_actions_are_refused(harness: Any, finding: Any) -> None:
    for number in ("9", "x"):
        with pytest.raises(NoSuchAlert):
            await harness.service.perform(number, "acknowledge", WANG)
    await harness.service.process_findings([finding()])
    with pytest.raises(InvalidField):
        await harness.service.perform("1", "comment", WANG, comment=" ")
    with pytest.raises(InvalidField):
        await harness.service.perform("1", "due", WANG)
    with pytest.raises(InvalidTransition, match="还没有人接警，请先接警。"):
        await harness.service.perform("1", "resolve", WANG)
    assert harness.alert().state is State.OPEN


async def test_an_alert_opens_although_no_person_is_on_duty(harness: Any, finding: Any) -> None:
    harness.people = structs.replace(harness.people, duties=())
    await harness.service.process_findings([finding()])
    await harness.send()
    assert harness.alert().state is State.OPEN
    assert harness.timeline()[1:] == [
        "网格员无人在岗",
        "网格长无人在岗",
        "社区无人在岗",
        "街道无人在岗",
        "部门无人在岗",
        "各级均无人在岗，请值班室处理",
    ]
    assert await harness.service.audit(harness.clock.now) == []
    assert (await harness.service.next_wake() or 0) > harness.clock.now


async def test_a_device_without_a_place_belongs_to_the_top_cell(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding(place=None)])
    await harness.send()
    assert "位置未登记" in harness.texts("sun")[0]
