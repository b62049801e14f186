"""A second danger on a device, a person or a building is notified whatever people did about the first."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from alerts.alert import Actor, ResponseSource, State
from alerts.cases.exercise_scenarios import SCENARIOS
from alerts.drills import Drills
from alerts.handling.finding_status import FindingStatus
from alerts.handling.intake import Disposition
from alerts.lifecycle.event import InvalidTransition
from app.config.catalog import load_roles
from domain import Duty, FindingPhase, Person, Severity, Subject
from tests.alerts.incidents.scene_builders import add_people, add_property_and_clinic, wristband_finding

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
LI = Actor("li", "李强", ResponseSource.SCREEN)
HOUR = 3_600_000


def fall(harness: Any, finding: Any) -> Any:
    return wristband_finding(harness, finding, "band-fall", "跌倒")


def sos(harness: Any, finding: Any, **changes: Any) -> Any:
    return wristband_finding(harness, finding, "band-sos", "求救", **changes)


def leak(finding: Any, flat: str, **changes: Any) -> Any:
    name = f"leak-{flat}"
    defaults: dict[str, Any] = {
        "id": f"leak-found@1/{name}/1",
        "rule": "leak-found",
        "hazard": "water",
        "title": "漏水",
        "severity": Severity.HIGH,
        "subject": Subject("device", name),
        "device": name,
        "place": flat,
    }
    return finding(**{**defaults, **changes})


async def advance_clock(harness: Any, seconds: float) -> None:
    harness.clock.now += int(seconds * 1000)


async def test_an_sos_after_a_shelved_fall_calls(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([fall(harness, finding)])
    await harness.send()
    await harness.service.perform(1, "shelve", LI, reason="误触", until=harness.clock.now + 20 * HOUR)
    await advance_clock(harness, 600)
    await harness.service.process_findings([sos(harness, finding)])
    await harness.send()
    assert harness.texts("wang")[-1].startswith("【枫树社区】紧急：求救，14:15，枫林苑3栋2单元402。")
    assert harness.alert(1).state is State.SHELVED, "only the fall was shelved"
    assert harness.alert(2).title == "求救"


async def test_a_shelved_sos_that_begins_again_calls_and_so_does_a_later_fall(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([sos(harness, finding)])
    await harness.send()
    await harness.service.perform(1, "shelve", LI, reason="误触", until=harness.clock.now + 23 * HOUR)
    await advance_clock(harness, 300)
    (repeated,) = await harness.service.process_findings([sos(harness, finding)])
    await harness.send()
    assert (repeated.alert, harness.alert(1).state) == (1, State.OPEN)
    assert harness.texts("wang")[-1].startswith("【枫树社区】紧急：求救，14:10，"), "the time of the SOS"
    assert "再次报警，重新呼叫" in harness.timeline(1)
    await advance_clock(harness, 5)
    await harness.service.process_findings([fall(harness, finding)])
    await harness.send()
    assert harness.texts("wang")[-1].startswith("【枫树社区】紧急：跌倒，14:10，")


async def test_the_owner_of_a_fall_is_notified_of_an_sos(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([fall(harness, finding)])
    await harness.send()
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.send()
    await advance_clock(harness, 2)
    await harness.service.process_findings([sos(harness, finding)])
    await harness.send()
    expected = "【枫树社区】紧急：又报求救，14:05，枫林苑3栋2单元402。您已接警，编号1，请一并处置。"
    assert harness.texts("wang")[-1] == expected
    assert harness.alert(1).title == "跌倒、求救"


async def test_another_hazard_calls_separately(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([fall(harness, finding)])
    await harness.send()
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.service.process_findings([wristband_finding(harness, finding, "home-gas", "燃气泄漏", hazard="gas")])
    await harness.send()
    assert harness.alert(2).hazard == "gas"
    assert harness.texts("wang")[-1].startswith("【枫树社区】紧急：燃气泄漏，14:05，枫林苑3栋2单元402。勿开关电器")


async def test_the_owner_of_grouped_leaks_is_notified_of_each_new_flat(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([leak(finding, flat) for flat in ("402", "403", "404")])
    await harness.send()
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.send()
    (joined,) = await harness.service.process_findings([leak(finding, "405")])
    await harness.send()
    assert (joined.disposition, joined.alert) == (Disposition.JOINED, 1)
    expected = "【枫树社区】高危：又报漏水，14:05，枫林苑3栋2单元405。您已接警，编号1，请一并处置。"
    assert harness.texts("wang")[-1] == expected
    further_leaks = [
        leak(finding, "402", id=f"more-{n}", device=f"m{n}", subject=Subject("device", f"m{n}")) for n in range(2)
    ]
    await harness.service.process_findings(
        [*further_leaks, leak(finding, "403", id="x", device="x", subject=Subject("device", "x"))]
    )
    before = len(harness.texts("wang"))
    await harness.advance_time(61)
    (text,) = harness.texts("wang")[before:]
    assert text == "【枫树社区】高危：又报2起漏水：枫林苑3栋2单元402、403。您已接警，编号1，请一并处置。"


async def test_a_later_owner_of_grouped_leaks_is_notified_of_every_flat(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([leak(finding, flat) for flat in ("402", "403", "404", "405")])
    await harness.send()
    await harness.advance_time(300)
    assert "枫林苑3栋2单元402等2处" in harness.texts("li")[0]
    replied = await harness.service.receive_text("19900000003", "11", harness.clock.now)
    assert replied.alert == 1
    await harness.send()
    assert harness.texts("li")[-1] == "【枫树社区】高危：又报1起漏水：枫林苑3栋2单元405。您已接警，编号1，请一并处置。"


async def test_a_new_owner_is_not_notified_of_known_flats_again(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([leak(finding, flat) for flat in ("402", "403", "404")])
    await harness.send()
    await harness.service.process_findings([leak(finding, "405")])
    await harness.send()
    before = len(harness.texts("wang"))
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.advance_time(90)
    assert [text for text in harness.texts("wang")[before:] if "又报" in text] == []


async def test_a_further_flat_of_shelved_leaks_opens_its_own_alert(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([leak(finding, flat) for flat in ("402", "403", "404")])
    await harness.send()
    for number in (1, 2, 3):
        await harness.service.perform(number, "shelve", LI, reason="总阀已关", until=harness.clock.now + HOUR)
    await harness.service.process_findings([leak(finding, "405")])
    await harness.send()
    assert "枫林苑3栋2单元405" in harness.texts("wang")[-1]
    assert harness.alert(4).state is State.OPEN


async def test_an_alert_is_not_verified_or_closed_while_its_danger_is_active(harness: Any, finding: Any) -> None:
    harness.service.due_alerts.status_of = lambda *_: FindingStatus.ACTIVE
    await harness.service.process_findings([finding(rule="smoke-alarm", hazard="fire", title="烟雾报警")])
    for action in ("acknowledge", "resolve"):
        await harness.service.perform(1, action, WANG)
    with pytest.raises(InvalidTransition, match="设备仍在报警，不能核查或结案"):
        await harness.service.perform(1, "verify", LI)
    harness.service.due_alerts.status_of = lambda *_: FindingStatus.OVER
    await harness.service.perform(1, "verify", LI)
    harness.service.due_alerts.status_of = lambda *_: FindingStatus.ACTIVE
    with pytest.raises(InvalidTransition, match="设备仍在报警"):
        await harness.service.perform(1, "close", LI)


@pytest.mark.parametrize("actions", [("verify",), ("verify", "close")])
async def test_a_settled_danger_that_is_reported_active_again_is_called_again(
    harness: Any, finding: Any, actions: tuple[str, ...]
) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    harness.service.due_alerts.status_of = lambda *_: FindingStatus.NOT_RECEIVED
    for action in ("acknowledge", "resolve"):
        await harness.service.perform(1, action, WANG)
    for action in actions:
        await harness.service.perform(1, action, LI, disposition="real")
    await harness.advance_time(2 * 86_400)
    assert harness.alert(1).state is State.CLOSED
    calls = len(harness.texts("wang"))
    harness.service.due_alerts.status_of = lambda *_: FindingStatus.ACTIVE
    await harness.advance_time(600)
    assert harness.alert(1).state is State.OPEN
    assert len(harness.texts("wang")) == calls + 1


async def test_a_closed_alert_is_checked_until_its_finding_ends(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    harness.service.due_alerts.status_of = lambda *_: FindingStatus.NOT_RECEIVED
    for action, actor in (("acknowledge", WANG), ("resolve", WANG), ("verify", LI), ("close", LI)):
        await harness.service.perform(1, action, actor, disposition="real")
    assert harness.alert(1).wake_at is not None
    await harness.service.process_findings([finding(phase=FindingPhase.ENDED)])
    assert (harness.alert(1).state, harness.alert(1).wake_at) == (State.CLOSED, None)


async def test_a_stale_danger_that_resumes_after_closing_is_called_again(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding(), finding(phase=FindingPhase.STALE)])
    for action, actor in (("acknowledge", WANG), ("resolve", WANG), ("verify", LI), ("close", LI)):
        await harness.service.perform(1, action, actor, disposition="real")
    await harness.service.process_findings([finding(phase=FindingPhase.GRADED, at=harness.clock.now + 5)])
    assert harness.alert(1).state is State.OPEN


async def test_a_danger_that_begins_again_after_closing_opens_a_new_alert(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding(), finding(phase=FindingPhase.ENDED)])
    for action, actor in (("acknowledge", WANG), ("resolve", WANG), ("verify", LI), ("close", LI)):
        await harness.service.perform(1, action, actor, disposition="real")
    (repeated,) = await harness.service.process_findings([finding(id="again")])
    await harness.send()
    assert (repeated.disposition, repeated.alert) == (Disposition.OPENED, 2)


@pytest.mark.parametrize("taken", [False, True])
async def test_an_sos_on_the_terminal_of_a_service_call_calls_the_worker(
    harness: Any, finding: Any, taken: bool
) -> None:
    add_property_and_clinic(harness)
    service = wristband_finding(
        harness, finding, "button-service", "服务呼叫", hazard="service", severity=Severity.LOW, device="b-1",
        subject=Subject("device", "b-1"),
    )  # fmt: skip
    await harness.service.process_findings([service])
    await harness.send()
    if taken:
        await harness.service.perform(1, "acknowledge", Actor("house", "钱师傅", ResponseSource.SMS))
    sos_finding = structs.replace(service, id="sos", rule="button-sos", hazard="person", title="一键呼叫")
    await harness.service.process_findings([structs.replace(sos_finding, severity=Severity.CRITICAL)])
    await harness.send()
    assert harness.texts("wang")[-1].startswith("【枫树社区】紧急：一键呼叫")
    assert (harness.alert(2).due_at or 0) - harness.clock.now == 60_000


async def test_nurse_and_property_are_called_after_an_open_sos(harness: Any, finding: Any) -> None:
    add_property_and_clinic(harness)
    await harness.service.process_findings([sos(harness, finding)])
    await harness.service.process_findings(
        [wristband_finding(harness, finding, "button-medical", "呼叫护士", severity=Severity.HIGH)]
    )
    await harness.service.process_findings(
        [wristband_finding(harness, finding, "button-service", "服务呼叫", hazard="service", severity=Severity.LOW)]
    )
    await harness.send()
    assert [[row.person for row in harness.deliveries(number)] for number in (1, 2, 3)] == [
        ["wang", "nurse"],
        ["nurse"],
        ["house"],
    ]


async def test_a_more_severe_danger_restarts_the_ladder_of_the_same_people(harness: Any, finding: Any) -> None:
    await harness.service.process_findings(
        [wristband_finding(harness, finding, "band-heart-rate", "心率异常", severity=Severity.HIGH)]
    )
    await harness.send()
    await harness.service.perform(1, "acknowledge", LI)
    await advance_clock(harness, 600)
    (outcome,) = await harness.service.process_findings([sos(harness, finding)])
    await harness.send()
    assert (outcome.alert, harness.alert(1).state, harness.alert(1).title) == (1, State.OPEN, "求救")
    assert harness.texts("wang")[-1].startswith("【枫树社区】紧急：求救，14:15，")
    assert harness.texts("li")[-1].startswith("【枫树社区】紧急：求救，14:15，"), (
        "the owner of the lesser danger is called"
    )


async def test_an_sos_does_not_join_an_alert_without_notification(harness: Any, finding: Any) -> None:
    people = harness.people
    harness.people = structs.replace(people, duties=tuple(duty for duty in people.duties if duty.cell == "grid"))
    garbled = wristband_finding(
        harness, finding, "unreadable-danger", "设备报警但消息不完整", hazard="unknown", place=None
    )
    await harness.service.process_findings([garbled])
    await harness.send()
    assert harness.deliveries(1) == []
    assert [alert.id for alert in await harness.service.unnotified(harness.clock.now + 60_000)] == [1]
    await harness.service.process_findings([sos(harness, finding)])
    await harness.send()
    assert harness.texts("wang")[-1].startswith("【枫树社区】紧急：求救")


async def test_news_does_not_use_up_the_budget_of_calls(harness: Any, finding: Any) -> None:
    for number in range(2):
        name = f"g{number}"
        await harness.service.process_findings([finding(id=name, device=name, subject=Subject("device", name))])
        await harness.send()
        for action in ("acknowledge", "arrive", "resolve"):
            await harness.service.perform(number + 1, action, LI)
            await harness.send()
    assert len(harness.texts("wang")) == 5
    await harness.service.process_findings([leak(finding, "403")])
    await harness.send()
    assert harness.texts("wang")[-1].startswith("【枫树社区】高危：漏水，14:05，枫林苑3栋2单元403。")


async def test_news_over_its_budget_is_sent_in_a_summary(harness: Any, finding: Any) -> None:
    for number in range(4):
        name = f"g{number}"
        await harness.service.process_findings([finding(id=name, device=name, subject=Subject("device", name))])
        await harness.send()
        for action in ("acknowledge", "arrive", "resolve"):
            await harness.service.perform(number + 1, action, LI)
            await harness.send()
    await harness.advance_time(11 * 60)
    news = [text for text in harness.texts("wang") if "新进展" in text]
    assert news == ["【枫树社区】您有2条告警有新进展，最近：燃气泄漏，枫林苑3栋2单元402。详情见工作台。"]


async def test_a_summary_names_the_most_severe_waiting_alert(harness: Any, finding: Any) -> None:
    for number in range(9):
        severity = Severity.HIGH if number == 6 else Severity.MEDIUM
        finding_ = leak(finding, "403", id=f"l{number}", device=f"l{number}", subject=Subject("device", f"l{number}"),
                   rule=f"rule-{number}", title=f"漏水{number}", severity=severity)  # fmt: skip
        await harness.service.process_findings([finding_])
        await harness.send()
    await harness.advance_time(301)
    assert "您有4条待接警，最急：漏水6，" in "".join(harness.texts("wang"))


async def test_a_summary_of_real_alerts_is_not_labelled_as_an_exercise(harness: Any, finding: Any) -> None:
    """A text that begins with 演练 and counts a real leak would be taken for a drill."""
    harness.service.escalator.outbox.roles = load_roles()
    for number in range(9):
        finding_ = leak(finding, "403", id=f"l{number}", device=f"l{number}", subject=Subject("device", f"l{number}"),
                   rule=f"rule-{number}", title=f"漏水{number}", severity=Severity.MEDIUM)  # fmt: skip
        await harness.service.process_findings([finding_])
        await harness.send()
    water = next(one for one in SCENARIOS if one.severity is Severity.HIGH)
    await Drills(harness.service).start(water, "402", LI)
    await harness.send()
    await harness.advance_time(301)
    summaries = [text for text in harness.texts("wang") if "待接警，最急" in text]
    assert summaries
    assert all("演练" not in text and "最急：漏水" in text for text in summaries), summaries
    assert "您有4条待接警" in summaries[-1]


async def test_no_person_is_texted_about_their_own_action(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    for action in ("acknowledge", "arrive", "resolve"):
        await harness.service.perform(1, action, WANG)
        await harness.send()
    assert len(harness.texts("wang")) == 1


async def test_the_next_rung_is_sent_the_reason_of_the_escalation(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform(1, "return", WANG, reason="在隔壁社区")
    await harness.send()
    assert "王芳退回：在隔壁社区。" in harness.texts("li")[-1]
    await harness.service.perform(1, "acknowledge", LI)
    await harness.advance_time(600)
    assert "李强接警后未到场" in harness.texts("chen")[-1]


async def test_a_person_who_declined_is_named_to_the_next_rung(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.receive_text("19900000001", "12", harness.clock.now)
    await harness.send()
    await harness.service.perform(1, "pass", Actor("deputy", "赵敏", ResponseSource.SMS))
    await harness.send()
    assert "赵敏无法到场" in harness.texts("li")[-1]


async def test_an_alert_raised_by_an_sos_has_the_time_and_delay_of_the_sos(harness: Any, finding: Any) -> None:
    late = wristband_finding(harness, finding, "band-spo2", "血氧过低", severity=Severity.HIGH, late_ms=600_000)
    await harness.service.process_findings([late])
    await harness.send()
    await advance_clock(harness, 1_620)
    await harness.service.process_findings([sos(harness, finding)])
    await harness.send()
    assert "紧急：求救，14:32，枫林苑" in harness.texts("wang")[-1]


async def test_the_title_names_joined_dangers(harness: Any, finding: Any) -> None:
    for rule, title in (("band-heart-rate", "心率异常"), ("band-spo2", "血氧过低"), ("band-heart-rate", "心率异常")):
        await harness.service.process_findings(
            [wristband_finding(harness, finding, rule, title, severity=Severity.HIGH, id=f"{rule}-{harness.clock.now}")]
        )
        await advance_clock(harness, 1)
    assert harness.alert(1).title == "心率异常、血氧过低"
    await harness.advance_time(600)
    assert "高危升级：心率异常、血氧过低，" in harness.texts("li")[0]


async def test_a_finding_that_joins_moves_no_deadline(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([fall(harness, finding)])
    await harness.send()
    await harness.service.perform(1, "acknowledge", WANG)
    await advance_clock(harness, 540)
    await harness.service.process_findings([sos(harness, finding)])
    await harness.advance_time(60)
    assert "王芳接警后10分钟未到场，重新呼叫" in harness.timeline(1)


async def test_hourly_findings_do_not_postpone_the_reminder_to_verify(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    for action in ("acknowledge", "resolve"):
        await harness.service.perform(1, action, WANG)
    for hour in range(26):
        await harness.advance_time(3_600)
        await harness.service.process_findings([finding(phase=FindingPhase.STALE, at=harness.clock.now + hour)])
    assert "处置后24小时无人核查" in harness.timeline(1)


async def test_a_call_after_shelving_mentions_recovered_data(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform(1, "shelve", LI, reason="检修", until=harness.clock.now + HOUR)
    await harness.service.process_findings([finding(phase=FindingPhase.ENDED)])
    await harness.advance_time(3_600)
    assert "数据已恢复正常，请10分钟内到场核实" in harness.texts("wang")[-1]
    await harness.advance_time(60)
    assert "数据已恢复" in harness.texts("li")[-1]


async def test_news_waits_for_the_end_of_quiet_hours(harness: Any, finding: Any) -> None:
    harness.clock.now += 6 * HOUR  # 20:05
    low_finding = finding(severity=Severity.LOW, title="门未关", now=harness.clock.now)
    await harness.service.process_findings([low_finding])
    await harness.send()
    harness.clock.now += 2 * HOUR
    await harness.service.perform(1, "acknowledge", LI)
    await harness.send()
    news = [row for row in harness.deliveries() if row.kind == "taken"]
    assert all(row.not_before > harness.clock.now for row in news)


async def test_declining_after_an_escalation_calls_the_deputy_of_ones_own_rung(harness: Any, finding: Any) -> None:
    harness.people = structs.replace(
        harness.people, duties=(*harness.people.duties, Duty("77", "grid", "worker", "fix", rank=2))
    )
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.advance_time(60)
    assert (len(harness.texts("deputy")), len(harness.texts("li"))) == (1, 1)
    await harness.service.receive_text("19900000001", "12", harness.clock.now)
    await harness.send()
    assert len(harness.texts("fix")) == 1
    assert harness.texts("chen") == []


async def test_declining_without_a_further_person_of_the_rung_waits_for_the_next_rung(
    harness: Any, finding: Any
) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.advance_time(60)
    await harness.service.receive_text("19900000001", "12", harness.clock.now)
    await harness.send()
    assert harness.texts("chen") == []
    await harness.advance_time(120)
    assert len(harness.texts("chen")) == 1


async def test_an_acknowledgement_that_expires_after_a_shift_change_calls_the_new_shift(
    harness: Any, finding: Any
) -> None:
    shift_change = harness.clock.now + 300_000
    night = Person("night", "夜班员", "19900000008")
    harness.people = structs.replace(
        harness.people,
        duties=tuple(
            structs.replace(duty, until=shift_change) if duty.person in ("wang", "deputy") else duty
            for duty in harness.people.duties
        ),
    )
    add_people(harness, [night], [Duty("n", "grid", "worker", "night", since=shift_change)])
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.advance_time(600)
    assert len(harness.sms_server.phones.texts_of("19900000008")) == 1
    assert len(harness.texts("li")) == 1


async def test_when_no_rung_reaches_a_person_the_last_resort_is_called(harness: Any, finding: Any) -> None:
    harness.people = structs.replace(harness.people, duties=())
    harness.service.escalator.last_resort = ("zhou", "gone")
    await harness.service.process_findings([finding()])
    await harness.send()
    assert len(harness.texts("zhou")) == 1
    assert harness.timeline()[-2] == "各级均无人在岗，呼叫最后联系人 周涛"
    await harness.advance_time(901)
    assert len(harness.texts("zhou")) == 2
    assert await harness.service.unnotified(harness.clock.now) == []
