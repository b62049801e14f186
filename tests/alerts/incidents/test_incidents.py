"""Incidents from finding to phone, on a real ledger and an SMS vendor that checks signatures and templates."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from alerts.alert import Actor, ResponseSource, State
from alerts.handling.intake import Disposition
from alerts.handling.replies import ReplyStatus
from alerts.lifecycle.event import InvalidField, InvalidTransition
from alerts.service import NoSuchAlert
from domain import FindingPhase, Lane, Severity, Subject
from simulators.providers.faults import Fault, FaultKind
from store.database.alerts.queries import alerts_of_finding
from store.database.alerts.repository import READER
from store.database.system.journal_positions import positions

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
LI = Actor("li", "李强", ResponseSource.SCREEN)


def other(finding: Any, name: str, **changes: Any) -> Any:
    return finding(id=name, device=name, subject=Subject("device", name), **changes)


async def test_a_leak_reaches_the_worker_with_everything_he_needs(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    assert town.texts("wang") == [
        "【枫树社区】紧急：燃气泄漏，14:05，枫林苑3栋2单元402。勿开关电器，10分钟内到场。回复11接警，12无法到场。"
    ]
    assert town.story() == ["紧急：燃气泄漏，枫林苑3栋2单元402", "呼叫网格员 王芳", "短信已发给 王芳（网格员）"]
    assert [row.state for row in town.deliveries()] == ["accepted"]
    assert set(town.changed) == {"1"}


async def test_nobody_answers_and_it_climbs_on_time(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    await town.pass_time(29)
    assert town.texts("deputy") == []
    await town.pass_time(1)
    assert len(town.texts("deputy")) == 1, "the deputy of the same rung comes before the next rung"
    await town.pass_time(29)
    assert town.texts("li") == []
    await town.pass_time(1)
    assert "1分钟无人接警" in town.texts("li")[0]
    assert len(town.texts("li")[0]) <= 70
    for person, seconds in (("chen", 120), ("sun", 180), ("zhou", 300)):
        await town.pass_time(seconds - 1)
        assert town.texts(person) == []
        await town.pass_time(1)
        assert len(town.texts(person)) == 1
    await town.pass_time(600)
    assert len(town.texts("zhou")) == 2, "the top hears it again for as long as nobody answers"
    await town.pass_time(900)
    assert len(town.texts("zhou")) == 3
    assert await town.service.audit(town.clock.now) == []


async def test_a_reply_takes_it_and_everybody_who_was_told_sees_who(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    await town.pass_time(60)
    replied = await town.service.receive_text("19900000003", "１１接警。", town.clock.now)
    await town.send()
    assert (replied.status, town.alert().state, town.alert().owner_name) == (
        ReplyStatus.DONE,
        State.ACKNOWLEDGED,
        "李强",
    )
    told = "【枫树社区】已由李强接警：燃气泄漏，枫林苑3栋2单元402。接警时间14:06，编号1。"
    assert town.texts("wang")[-1] == told
    assert town.texts("li")[-1] == "【枫树社区】已由李强接警：燃气泄漏，枫林苑3栋2单元402。到场回复13，处置完回复14。"
    assert "李强接警（短信）" in town.story()
    await town.pass_time(300)
    assert town.texts("chen") == []


async def test_who_comes_too_late_hears_each_time_who_has_it(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    await town.service.perform("1", "acknowledge", LI)
    await town.send()
    before = len(town.texts("wang"))
    for _ in range(3):
        replied = await town.service.receive_text("19900000001", "11", town.clock.now)
        await town.send()
        assert replied.status is ReplyStatus.REFUSED
    who = "【枫树社区】编号1：燃气泄漏，枫林苑3栋2单元402。已由李强14:05接警。"
    assert town.texts("wang")[before:] == [who] * 3
    assert town.alert().owner == "li"
    assert "王芳回复“11”：已由李强14:05接警。" in town.story()


async def test_after_it_was_dealt_with_a_late_answer_is_told_so(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    await town.service.perform("1", "arrive", LI)
    await town.service.perform("1", "resolve", LI)
    await town.send()
    assert (await town.service.receive_text("19900000001", "11", town.clock.now)).status is ReplyStatus.REFUSED
    await town.send()
    assert town.texts("wang")[-1] == "【枫树社区】编号1：燃气泄漏，枫林苑3栋2单元402。已处置，等待核查。"
    assert "王芳回复“11”：已处置，等待核查。" in town.story()


async def test_an_answer_to_a_text_that_did_not_arrive_gets_no_lesson(town: Any, finding: Any) -> None:
    town.vendor.faults.schedule(Fault(FaultKind.REJECT, code="isv.MOBILE_NUMBER_ILLEGAL"))
    await town.service.process_findings([finding()])
    await town.send()
    assert (await town.service.receive_text("19900000001", "哦", town.clock.now)).status is ReplyStatus.UNCLEAR
    await town.send()
    assert town.texts("wang") == []


async def test_what_joins_an_alert_whose_owner_has_no_phone_calls_for_itself(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding(severity=Severity.HIGH)])
    await town.service.perform("1", "acknowledge", Actor("desk-2", "值班员", ResponseSource.SCREEN))
    await town.service.process_findings([finding(id="worse", rule="gas-worse")])
    await town.send()
    assert (town.alert().severity, town.alert().state) == (Severity.HIGH, State.ACKNOWLEDGED)
    assert (town.alert(2).severity, town.alert(2).state) == (Severity.CRITICAL, State.OPEN)
    assert town.texts("wang")[-1].startswith("【枫树社区】紧急：燃气泄漏")


async def test_many_that_come_due_together_are_taken_in_turns(
    town: Any, finding: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.service.TICK_BATCH", 2)
    await town.service.process_findings([other(finding, f"d{n}") for n in range(5)])
    assert await town.service.tick(town.clock.now + 60_000) == 5


async def test_a_taken_alert_whose_owner_does_not_arrive_is_everybodys_again(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    await town.service.receive_text("19900000001", "收到", town.clock.now)
    await town.pass_time(599)
    assert town.alert().state is State.ACKNOWLEDGED
    await town.pass_time(1)
    assert town.alert().state is State.OPEN
    assert "王芳接警后10分钟未到场，重新呼叫" in town.story()
    assert len(town.texts("li")) == 1


async def test_passing_calls_the_deputy_now(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    await town.service.receive_text("19900000001", "12", town.clock.now)
    await town.send()
    assert len(town.texts("deputy")) == 1
    assert town.texts("li") == []
    assert "王芳无法到场（短信）" in town.story()
    await town.service.perform(1, "pass", Actor("deputy", "赵敏", ResponseSource.SMS))
    await town.send()
    assert len(town.texts("li")) == 1


async def test_replies_that_mean_nothing_do_nothing(town: Any, finding: Any) -> None:
    assert (await town.service.receive_text("18800000000", "11", 0)).status is ReplyStatus.UNKNOWN_PHONE
    await town.service.process_findings([finding(), other(finding, "second", place="403")])
    await town.send()
    assert (await town.service.receive_text("19900000001", "在哪？", town.clock.now)).status is ReplyStatus.ANSWERED
    for text in ("91", "哦", "收到"):
        assert (await town.service.receive_text("19900000001", text, town.clock.now)).status is ReplyStatus.UNCLEAR
        await town.send()
    assert town.texts("wang")[2:] == [
        "【枫树社区】编号2：燃气泄漏，14:05，枫林苑3栋2单元403。回复21接警，22无法到场。",
        "【枫树社区】无此编号，您有编号1、2。最急燃气泄漏，枫林苑3栋2单元402。回复11接警，12无法到场。",
        *["【枫树社区】没看懂您的回复。您有2条告警，最急：燃气泄漏，枫林苑3栋2单元402。回复11接警，12无法到场。"] * 2,
    ]
    assert "王芳回复“收到”，看不出指哪条，已请其重发" in town.story(1)
    assert (await town.service.receive_text("19900000001", "TD", 0)).status is ReplyStatus.OPT_OUT
    assert (await town.service.receive_text("19900000001", "21", 0)).alert == 2
    assert town.alert(1).state is State.OPEN
    await town.service.receive_text("19900000001", "11", town.clock.now)
    assert (await town.service.receive_text("19900000001", "天气真好", town.clock.now)).alert == 1
    assert "王芳回复了退订，短信可能已被运营商拦截，请改用其他方式联系" in town.story(1) + town.story(2)


async def test_a_finding_heard_twice_changes_nothing(town: Any, finding: Any) -> None:
    for pos in (7, 8):
        await town.service.process_findings([finding()], Lane.URGENT, pos)
    outcome = (await town.service.process_findings([finding()]))[0]
    await town.send()
    await town.service.process_findings([], Lane.BULK, 3)
    assert (outcome.disposition, outcome.alert) == (Disposition.REPEATED, 1)
    assert len(town.texts("wang")) == 1
    assert town.ledger.write_blocking(lambda tx: positions(tx, READER)) == {Lane.URGENT: 8, Lane.BULK: 3}
    assert town.ledger.write_blocking(lambda tx: alerts_of_finding(tx, finding().id)) == ["1"]


async def test_after_a_kill_the_ladder_goes_on_at_the_right_time(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    town.end()
    town.begin()
    await town.pass_time(59)
    assert town.texts("li") == []
    await town.pass_time(1)
    assert len(town.texts("li")) == 1
    assert len(town.texts("wang")) == 1


async def test_a_restart_that_took_too_long_climbs_at_once(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    town.end()
    town.clock.now += 3_600_000
    town.begin()
    assert [alert.id for alert in await town.service.audit(town.clock.now)] == [1]
    await town.service.tick(town.clock.now)
    await town.send()
    assert len(town.texts("li")) == 1
    assert await town.service.audit(town.clock.now) == []


async def test_a_recovered_danger_is_noted_and_stays(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.service.process_findings([finding(phase=FindingPhase.STALE)])
    assert town.alert().stale
    await town.service.process_findings([finding(phase=FindingPhase.ENDED)])
    assert (town.alert().state, town.alert().recovered_at) == (State.OPEN, town.clock.now)
    assert town.story()[-2:] == ["设备失联，告警仍在。失联不等于恢复", "现场数据已恢复正常，仍须有人确认"]
    again = await town.service.process_findings([finding(id="again")])
    assert again[0].disposition is Disposition.JOINED
    assert town.alert().recovered_at is None
    assert town.story()[-1] == "再次报警：燃气泄漏"


async def test_it_has_recovered_only_when_nothing_of_it_burns(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding(), finding(id="co", rule="gas-co", title="一氧化碳超标")])
    assert town.alert().joined == 1
    await town.service.process_findings([finding(phase=FindingPhase.ENDED)])
    assert town.alert().recovered_at is None
    await town.service.process_findings([finding(id="co", phase=FindingPhase.WITHDRAWN)])
    assert town.alert().recovered_at is not None
    assert "本人已取消求助，仍须有人确认" in town.story()
    assert "一氧化碳超标（gas-1）并入本告警：同一设备，枫林苑3栋2单元402" in town.story()


async def test_the_end_of_something_never_told_is_unmatched(town: Any, finding: Any) -> None:
    outcome = await town.service.process_findings([finding(phase=FindingPhase.ENDED)])
    assert outcome[0].disposition is Disposition.UNMATCHED
    assert (await town.service.process_findings([finding(phase=FindingPhase.ENDED)]))[
        0
    ].disposition is Disposition.REPEATED


async def test_it_grows_worse_and_the_worse_ladder_begins(town: Any, finding: Any) -> None:
    mild = finding(severity=Severity.HIGH, title="燃气浓度偏高")
    await town.service.process_findings([mild])
    await town.send()
    worse = structs.replace(
        mild, phase=FindingPhase.GRADED, severity=Severity.CRITICAL, title="燃气泄漏", at=mild.at + 1
    )
    await town.service.process_findings([worse])
    await town.send()
    assert town.alert().severity is Severity.CRITICAL
    assert [text[6:8] for text in town.texts("wang")] == ["高危", "紧急"]
    assert "升为紧急：燃气泄漏" in town.story()
    milder = structs.replace(mild, phase=FindingPhase.GRADED, at=mild.at + 2)
    await town.service.process_findings([milder])
    assert town.alert().severity is Severity.CRITICAL
    assert town.story()[-1] == "当前程度变为高危：燃气浓度偏高"


async def test_the_one_on_his_way_hears_that_it_grew_worse(town: Any, finding: Any) -> None:
    mild = finding(severity=Severity.HIGH, title="燃气浓度偏高")
    await town.service.process_findings([mild])
    await town.send()
    await town.service.perform("1", "acknowledge", WANG)
    await town.send()
    await town.service.process_findings([finding(id="alarm", rule="gas-alarm-2")])
    await town.send()
    assert town.alert().state is State.OPEN, "what became worse is asked of everybody again"
    assert "紧急：燃气泄漏" in town.texts("wang")[-1]
    await town.pass_time(60)
    assert len(town.texts("li")) == 1


async def test_a_case_from_the_door_to_the_file(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    await town.service.perform("1", "acknowledge", WANG)
    await town.service.perform("1", "arrive", WANG)
    await town.service.perform("1", "comment", WANG, comment="阀门已关")
    await town.service.perform("1", "resolve", WANG, reason="软管老化，已更换")
    await town.send()
    with pytest.raises(InvalidTransition, match="核查须由处置人以外的人进行"):
        await town.service.perform("1", "verify", WANG)
    with pytest.raises(InvalidTransition, match="须先由他人核查"):
        await town.service.perform("1", "close", WANG)
    await town.service.perform("1", "verify", LI)
    await town.service.perform("1", "close", LI)
    assert town.alert().state is State.CLOSED
    assert town.alert().wake_at is None
    story = town.story()
    assert "王芳处置完毕（大屏），原因：软管老化，已更换" in story
    assert "王芳：阀门已关" in story
    assert "李强核查通过（大屏）" in story
    assert not any("已处置" in text for text in town.texts("wang")), "nobody is texted about what he did himself"
    await town.service.perform("1", "reopen", LI)
    await town.send()
    assert town.texts("wang")[-1].startswith("【枫树社区】紧急：燃气泄漏")


async def test_a_case_left_lying_is_reminded_of_and_files_itself(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    await town.service.perform("1", "arrive", WANG)
    await town.pass_time(7_200)
    assert "紧急超时：燃气泄漏" in town.texts("li")[-1]
    assert town.alert().state is State.ON_SITE
    assert "王芳到场后2小时未处置完，已提醒上级" in town.story()
    await town.service.perform("1", "resolve", WANG)
    await town.pass_time(86_400)
    assert "处置后24小时无人核查，已提醒上级" in town.story()
    await town.service.perform("1", "verify", LI)
    await town.pass_time(86_400)
    assert town.alert().state is State.CLOSED
    assert "核查后24小时自动结案" in town.story()


async def test_a_shelf_is_quiet_until_its_hour(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.service.perform("1", "shelve", LI, reason="管道检修", until=town.clock.now + 3_600_000)
    await town.pass_time(3_599)
    assert town.texts("wang") == []
    with pytest.raises(InvalidTransition, match="告警已搁置到15:05"):
        await town.service.perform("1", "resolve", LI)
    await town.pass_time(1)
    assert len(town.texts("wang")) == 1
    assert "李强搁置到15:05，原因：管道检修" in town.story()
    assert "搁置到期，重新呼叫" in town.story()


async def test_what_is_not_ours_goes_up_at_once(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    await town.service.perform("1", "return", WANG, reason="在隔壁社区")
    await town.send()
    assert len(town.texts("li")) == 1
    await town.pass_time(120)
    assert "退回后无人接手" in town.story()


async def test_a_dispatcher_names_who_goes(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    with pytest.raises(InvalidField):
        await town.service.perform("1", "assign", LI, to="nobody")
    await town.service.perform("1", "assign", LI, to="deputy")
    await town.send()
    assert len(town.texts("deputy")) == 1
    assert "李强指派给赵敏" in town.story()
    await town.pass_time(60)
    assert len(town.texts("li")) == 1


async def test_what_cannot_be_asked_is_refused(town: Any, finding: Any) -> None:
    for number in ("9", "x"):
        with pytest.raises(NoSuchAlert):
            await town.service.perform(number, "acknowledge", WANG)
    await town.service.process_findings([finding()])
    with pytest.raises(InvalidField):
        await town.service.perform("1", "comment", WANG, comment=" ")
    with pytest.raises(InvalidField):
        await town.service.perform("1", "due", WANG)
    with pytest.raises(InvalidTransition, match="还没有人接警，请先接警。"):
        await town.service.perform("1", "resolve", WANG)
    assert town.alert().state is State.OPEN


async def test_nobody_on_duty_still_opens_the_alert(town: Any, finding: Any) -> None:
    town.people = structs.replace(town.people, duties=())
    await town.service.process_findings([finding()])
    await town.send()
    assert town.alert().state is State.OPEN
    assert town.story()[1:] == [
        "网格员无人在岗",
        "网格长无人在岗",
        "社区无人在岗",
        "街道无人在岗",
        "部门无人在岗",
        "各级均无人在岗，请值班室处理",
    ]
    assert await town.service.audit(town.clock.now) == []
    assert (await town.service.next_wake() or 0) > town.clock.now


async def test_a_device_without_a_place_is_the_business_of_the_top(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding(place=None)])
    await town.send()
    assert "位置未登记" in town.texts("sun")[0]
