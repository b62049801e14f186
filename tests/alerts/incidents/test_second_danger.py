"""A second danger on a device, a person or a building is never swallowed by what people did about the first."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from alerts.alert import Actor, ResponseSource, State
from alerts.handling.finding_status import FindingStatus
from alerts.handling.intake import Disposition
from alerts.lifecycle.event import InvalidTransition
from domain import Duty, FindingPhase, Person, Role, Severity, Subject
from tests.alerts.incidents.scene import band, with_people, with_property_and_clinic

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
LI = Actor("li", "李强", ResponseSource.SCREEN)
HOUR = 3_600_000


def fall(town: Any, finding: Any) -> Any:
    return band(town, finding, "band-fall", "跌倒")


def sos(town: Any, finding: Any, **changes: Any) -> Any:
    return band(town, finding, "band-sos", "求救", **changes)


def leak(finding: Any, door: str, **changes: Any) -> Any:
    name = f"leak-{door}"
    plain: dict[str, Any] = {
        "id": f"leak-found@1/{name}/1",
        "rule": "leak-found",
        "hazard": "water",
        "title": "漏水",
        "severity": Severity.HIGH,
        "subject": Subject("device", name),
        "device": name,
        "place": door,
    }
    return finding(**{**plain, **changes})


async def after(town: Any, seconds: float) -> None:
    town.clock.now += int(seconds * 1000)


async def test_a1_an_sos_after_a_shelved_fall_calls(town: Any, finding: Any) -> None:
    await town.service.process_findings([fall(town, finding)])
    await town.send()
    await town.service.perform(1, "shelve", LI, reason="误触", until=town.clock.now + 20 * HOUR)
    await after(town, 600)
    await town.service.process_findings([sos(town, finding)])
    await town.send()
    assert town.texts("wang")[-1].startswith("【枫树社区】紧急：求救，14:15，枫林苑3栋2单元402。")
    assert town.alert(1).state is State.SHELVED, "what was shelved was the fall"
    assert town.alert(2).title == "求救"


async def test_a2_a_shelved_sos_that_comes_again_calls_again_and_so_does_a_fall_after_it(
    town: Any, finding: Any
) -> None:
    await town.service.process_findings([sos(town, finding)])
    await town.send()
    await town.service.perform(1, "shelve", LI, reason="误触", until=town.clock.now + 23 * HOUR)
    await after(town, 300)
    (again,) = await town.service.process_findings([sos(town, finding)])
    await town.send()
    assert (again.alert, town.alert(1).state) == (1, State.OPEN)
    assert town.texts("wang")[-1].startswith("【枫树社区】紧急：求救，14:10，"), "the time of what is told"
    assert "再次报警，重新呼叫" in town.story(1)
    await after(town, 5)
    await town.service.process_findings([fall(town, finding)])
    await town.send()
    assert town.texts("wang")[-1].startswith("【枫树社区】紧急：跌倒，14:10，")


async def test_a3_the_owner_of_a_fall_hears_of_the_sos(town: Any, finding: Any) -> None:
    await town.service.process_findings([fall(town, finding)])
    await town.send()
    await town.service.perform(1, "acknowledge", WANG)
    await town.send()
    await after(town, 2)
    await town.service.process_findings([sos(town, finding)])
    await town.send()
    told = "【枫树社区】紧急：又报求救，14:05，枫林苑3栋2单元402。您已接警，编号1，请一并处置。"
    assert town.texts("wang")[-1] == told
    assert town.alert(1).title == "跌倒、求救"


async def test_a3_another_hazard_calls_as_if_alone(town: Any, finding: Any) -> None:
    await town.service.process_findings([fall(town, finding)])
    await town.send()
    await town.service.perform(1, "acknowledge", WANG)
    await town.service.process_findings([band(town, finding, "home-gas", "燃气泄漏", hazard="gas")])
    await town.send()
    assert town.alert(2).hazard == "gas"
    assert town.texts("wang")[-1].startswith("【枫树社区】紧急：燃气泄漏，14:05，枫林苑3栋2单元402。勿开关电器")


async def test_a4_whoever_took_a_storm_hears_of_each_new_door(town: Any, finding: Any) -> None:
    await town.service.process_findings([leak(finding, door) for door in ("402", "403", "404")])
    await town.send()
    await town.service.perform(1, "acknowledge", WANG)
    await town.send()
    (joined,) = await town.service.process_findings([leak(finding, "405")])
    await town.send()
    assert (joined.disposition, joined.alert) == (Disposition.JOINED, 1)
    told = "【枫树社区】高危：又报漏水，14:05，枫林苑3栋2单元405。您已接警，编号1，请一并处置。"
    assert town.texts("wang")[-1] == told
    more = [leak(finding, "402", id=f"more-{n}", device=f"m{n}", subject=Subject("device", f"m{n}")) for n in range(2)]
    await town.service.process_findings(
        [*more, leak(finding, "403", id="x", device="x", subject=Subject("device", "x"))]
    )
    before = len(town.texts("wang"))
    await town.pass_time(61)
    (bundled,) = town.texts("wang")[before:]
    assert bundled == "【枫树社区】高危：又报2起漏水：枫林苑3栋2单元402、403。您已接警，编号1，请一并处置。"


async def test_a4_who_takes_a_storm_later_hears_of_every_door_in_it(town: Any, finding: Any) -> None:
    await town.service.process_findings([leak(finding, door) for door in ("402", "403", "404", "405")])
    await town.send()
    await town.pass_time(300)
    assert "枫林苑3栋2单元402等2处" in town.texts("li")[0]
    replied = await town.service.receive_text("19900000003", "11", town.clock.now)
    assert replied.alert == 1
    await town.send()
    assert town.texts("li")[-1] == "【枫树社区】高危：又报1起漏水：枫林苑3栋2单元405。您已接警，编号1，请一并处置。"


async def test_a4_who_takes_a_storm_hears_of_no_door_that_he_was_told_of(town: Any, finding: Any) -> None:
    await town.service.process_findings([leak(finding, door) for door in ("402", "403", "404")])
    await town.send()
    await town.service.process_findings([leak(finding, "405")])
    await town.send()
    before = len(town.texts("wang"))
    await town.service.perform(1, "acknowledge", WANG)
    await town.pass_time(90)
    assert [text for text in town.texts("wang")[before:] if "又报" in text] == []


async def test_a4_doors_of_a_shelved_storm_call_for_themselves(town: Any, finding: Any) -> None:
    await town.service.process_findings([leak(finding, door) for door in ("402", "403", "404")])
    await town.send()
    for number in (1, 2, 3):
        await town.service.perform(number, "shelve", LI, reason="总阀已关", until=town.clock.now + HOUR)
    await town.service.process_findings([leak(finding, "405")])
    await town.send()
    assert "枫林苑3栋2单元405" in town.texts("wang")[-1]
    assert town.alert(4).state is State.OPEN


async def test_a5_a_case_is_not_verified_or_closed_while_it_burns(town: Any, finding: Any) -> None:
    town.service.due_alerts.status_of = lambda *_: FindingStatus.ACTIVE
    await town.service.process_findings([finding(rule="smoke-alarm", hazard="fire", title="烟雾报警")])
    for action in ("acknowledge", "resolve"):
        await town.service.perform(1, action, WANG)
    with pytest.raises(InvalidTransition, match="设备仍在报警，不能核查或结案"):
        await town.service.perform(1, "verify", LI)
    town.service.due_alerts.status_of = lambda *_: FindingStatus.OVER
    await town.service.perform(1, "verify", LI)
    town.service.due_alerts.status_of = lambda *_: FindingStatus.ACTIVE
    with pytest.raises(InvalidTransition, match="设备仍在报警"):
        await town.service.perform(1, "close", LI)


@pytest.mark.parametrize("actions", [("verify",), ("verify", "close")])
async def test_a5_what_is_heard_burning_again_after_it_was_settled_calls_anew(
    town: Any, finding: Any, actions: tuple[str, ...]
) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    town.service.due_alerts.status_of = lambda *_: FindingStatus.NOT_RECEIVED
    for action in ("acknowledge", "resolve"):
        await town.service.perform(1, action, WANG)
    for action in actions:
        await town.service.perform(1, action, LI)
    await town.pass_time(2 * 86_400)
    assert town.alert(1).state is State.CLOSED
    calls = len(town.texts("wang"))
    town.service.due_alerts.status_of = lambda *_: FindingStatus.ACTIVE
    await town.pass_time(600)
    assert town.alert(1).state is State.OPEN
    assert len(town.texts("wang")) == calls + 1


async def test_a5_a_closed_case_is_looked_at_until_its_data_is_over(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    town.service.due_alerts.status_of = lambda *_: FindingStatus.NOT_RECEIVED
    for action, actor in (("acknowledge", WANG), ("resolve", WANG), ("verify", LI), ("close", LI)):
        await town.service.perform(1, action, actor)
    assert town.alert(1).wake_at is not None
    await town.service.process_findings([finding(phase=FindingPhase.ENDED)])
    assert (town.alert(1).state, town.alert(1).wake_at) == (State.CLOSED, None)


async def test_a5_a_device_heard_again_after_its_case_was_closed_calls_anew(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding(), finding(phase=FindingPhase.STALE)])
    for action, actor in (("acknowledge", WANG), ("resolve", WANG), ("verify", LI), ("close", LI)):
        await town.service.perform(1, action, actor)
    await town.service.process_findings([finding(phase=FindingPhase.GRADED, at=town.clock.now + 5)])
    assert town.alert(1).state is State.OPEN


async def test_a5_what_begins_again_after_closing_opens_anew(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding(), finding(phase=FindingPhase.ENDED)])
    for action, actor in (("acknowledge", WANG), ("resolve", WANG), ("verify", LI), ("close", LI)):
        await town.service.perform(1, action, actor)
    (again,) = await town.service.process_findings([finding(id="again")])
    await town.send()
    assert (again.disposition, again.alert) == (Disposition.OPENED, 2)


@pytest.mark.parametrize("taken", [False, True])
async def test_a6_an_sos_on_the_terminal_of_a_service_call_calls_the_worker(
    town: Any, finding: Any, taken: bool
) -> None:
    with_property_and_clinic(town)
    service = band(
        town, finding, "button-service", "服务呼叫", hazard="service", severity=Severity.LOW, device="b-1",
        subject=Subject("device", "b-1"),
    )  # fmt: skip
    await town.service.process_findings([service])
    await town.send()
    if taken:
        await town.service.perform(1, "acknowledge", Actor("house", "钱师傅", ResponseSource.SMS))
    urgent = structs.replace(service, id="sos", rule="button-sos", hazard="person", title="一键呼叫")
    await town.service.process_findings([structs.replace(urgent, severity=Severity.CRITICAL)])
    await town.send()
    assert town.texts("wang")[-1].startswith("【枫树社区】紧急：一键呼叫")
    assert (town.alert(2).due_at or 0) - town.clock.now == 60_000


async def test_a7_nurse_and_property_are_called_after_an_open_sos(town: Any, finding: Any) -> None:
    with_property_and_clinic(town)
    await town.service.process_findings([sos(town, finding)])
    await town.service.process_findings([band(town, finding, "button-medical", "呼叫护士", severity=Severity.HIGH)])
    await town.service.process_findings(
        [band(town, finding, "button-service", "服务呼叫", hazard="service", severity=Severity.LOW)]
    )
    await town.send()
    assert [[row.person for row in town.deliveries(number)] for number in (1, 2, 3)] == [["wang"], ["nurse"], ["house"]]


async def test_a7_a_worse_danger_of_the_same_people_restarts_their_ladder(town: Any, finding: Any) -> None:
    await town.service.process_findings([band(town, finding, "band-heart-rate", "心率异常", severity=Severity.HIGH)])
    await town.send()
    await town.service.perform(1, "acknowledge", LI)
    await after(town, 600)
    (worse,) = await town.service.process_findings([sos(town, finding)])
    await town.send()
    assert (worse.alert, town.alert(1).state, town.alert(1).title) == (1, State.OPEN, "求救")
    assert town.texts("wang")[-1].startswith("【枫树社区】紧急：求救，14:15，")
    assert town.texts("li")[-1].startswith("【枫树社区】紧急：求救，14:15，"), "who had taken the lesser one is called"


async def test_a8_an_sos_does_not_join_what_nobody_was_told_of(town: Any, finding: Any) -> None:
    people = town.people
    town.people = structs.replace(people, duties=tuple(duty for duty in people.duties if duty.cell == "grid"))
    garbled = band(town, finding, "unreadable-danger", "设备报警但消息不完整", hazard="unknown", place=None)
    await town.service.process_findings([garbled])
    await town.send()
    assert town.deliveries(1) == []
    assert [alert.id for alert in await town.service.unnotified(town.clock.now + 60_000)] == [1]
    await town.service.process_findings([sos(town, finding)])
    await town.send()
    assert town.texts("wang")[-1].startswith("【枫树社区】紧急：求救")


async def test_a9_news_never_uses_up_what_calls_need(town: Any, finding: Any) -> None:
    for number in range(2):
        name = f"g{number}"
        await town.service.process_findings([finding(id=name, device=name, subject=Subject("device", name))])
        await town.send()
        for action in ("acknowledge", "arrive", "resolve"):
            await town.service.perform(number + 1, action, LI)
            await town.send()
    assert len(town.texts("wang")) == 6
    await town.service.process_findings([leak(finding, "403")])
    await town.send()
    assert town.texts("wang")[-1].startswith("【枫树社区】高危：漏水，14:05，枫林苑3栋2单元403。")


async def test_a9_news_over_its_budget_is_told_in_a_summary(town: Any, finding: Any) -> None:
    for number in range(4):
        name = f"g{number}"
        await town.service.process_findings([finding(id=name, device=name, subject=Subject("device", name))])
        await town.send()
        for action in ("acknowledge", "arrive", "resolve"):
            await town.service.perform(number + 1, action, LI)
            await town.send()
    await town.pass_time(301)
    news = [text for text in town.texts("wang") if "新进展" in text]
    assert news[0] == "【枫树社区】您有1条告警有新进展，最近：燃气泄漏，枫林苑3栋2单元402。详情见工作台。"
    assert len(news) == 2


async def test_a9_a_summary_names_the_worst_of_those_that_wait(town: Any, finding: Any) -> None:
    for number in range(9):
        severity = Severity.HIGH if number == 6 else Severity.MEDIUM
        one = leak(finding, "403", id=f"l{number}", device=f"l{number}", subject=Subject("device", f"l{number}"),
                   rule=f"rule-{number}", title=f"漏水{number}", severity=severity)  # fmt: skip
        await town.service.process_findings([one])
        await town.send()
    await town.pass_time(301)
    assert "您有4条待接警，最急：漏水6，" in "".join(town.texts("wang"))


async def test_nobody_is_texted_about_his_own_action(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    for action in ("acknowledge", "arrive", "resolve"):
        await town.service.perform(1, action, WANG)
        await town.send()
    assert len(town.texts("wang")) == 1


async def test_c1_the_next_rung_reads_why_it_is_called(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    await town.service.perform(1, "return", WANG, reason="在隔壁社区")
    await town.send()
    assert "王芳退回：在隔壁社区。" in town.texts("li")[-1]
    await town.service.perform(1, "acknowledge", LI)
    await town.pass_time(600)
    assert "李强接警后未到场" in town.texts("chen")[-1]


async def test_c1_who_declines_is_named_to_the_next_rung(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    await town.service.receive_text("19900000001", "12", town.clock.now)
    await town.send()
    await town.service.perform(1, "pass", Actor("deputy", "赵敏", ResponseSource.SMS))
    await town.send()
    assert "赵敏无法到场" in town.texts("li")[-1]


async def test_c2_an_alert_raised_by_an_sos_tells_time_and_delay_of_the_sos(town: Any, finding: Any) -> None:
    late = band(town, finding, "band-spo2", "血氧过低", severity=Severity.HIGH, late_ms=600_000)
    await town.service.process_findings([late])
    await town.send()
    await after(town, 1_620)
    await town.service.process_findings([sos(town, finding)])
    await town.send()
    assert "紧急：求救，14:32，枫林苑" in town.texts("wang")[-1]


async def test_c2_the_title_names_what_joined(town: Any, finding: Any) -> None:
    for rule, title in (("band-heart-rate", "心率异常"), ("band-spo2", "血氧过低"), ("band-heart-rate", "心率异常")):
        await town.service.process_findings(
            [band(town, finding, rule, title, severity=Severity.HIGH, id=f"{rule}-{town.clock.now}")]
        )
        await after(town, 1)
    assert town.alert(1).title == "心率异常、血氧过低"
    await town.pass_time(600)
    assert "高危升级：心率异常、血氧过低，" in town.texts("li")[0]


async def test_c3_a_finding_that_joins_moves_no_deadline(town: Any, finding: Any) -> None:
    await town.service.process_findings([fall(town, finding)])
    await town.send()
    await town.service.perform(1, "acknowledge", WANG)
    await after(town, 540)
    await town.service.process_findings([sos(town, finding)])
    await town.pass_time(60)
    assert "王芳接警后10分钟未到场，重新呼叫" in town.story(1)


async def test_c3_hourly_findings_do_not_put_off_the_reminder_to_verify(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    for action in ("acknowledge", "resolve"):
        await town.service.perform(1, action, WANG)
    for hour in range(26):
        await town.pass_time(3_600)
        await town.service.process_findings([finding(phase=FindingPhase.STALE, at=town.clock.now + hour)])
    assert "处置后24小时无人核查，已提醒上级" in town.story(1)


async def test_c5_a_shelf_that_ends_says_that_the_data_recovered_meanwhile(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    await town.service.perform(1, "shelve", LI, reason="检修", until=town.clock.now + HOUR)
    await town.service.process_findings([finding(phase=FindingPhase.ENDED)])
    await town.pass_time(3_600)
    assert "数据已恢复正常，请10分钟内到场核实" in town.texts("wang")[-1]
    await town.pass_time(60)
    assert "数据已恢复" in town.texts("li")[-1]


async def test_c6_recovery_news_waits_for_the_end_of_quiet_hours(town: Any, finding: Any) -> None:
    town.clock.now += 6 * HOUR  # 20:05
    low = finding(severity=Severity.LOW, title="门未关", now=town.clock.now)
    await town.service.process_findings([low])
    await town.send()
    town.clock.now += 2 * HOUR
    await town.service.perform(1, "acknowledge", LI)
    await town.send()
    news = [row for row in town.deliveries() if row.kind == "taken"]
    assert all(row.not_before > town.clock.now for row in news)


async def test_d1_a_pass_after_the_lead_was_called_goes_to_the_deputy_of_ones_own_rung(town: Any, finding: Any) -> None:
    town.people = structs.replace(
        town.people, duties=(*town.people.duties, Duty("77", "grid", Role.WORKER, "fix", rank=2))
    )
    await town.service.process_findings([finding()])
    await town.send()
    await town.pass_time(60)
    assert (len(town.texts("deputy")), len(town.texts("li"))) == (1, 1)
    await town.service.receive_text("19900000001", "12", town.clock.now)
    await town.send()
    assert len(town.texts("fix")) == 1
    assert town.texts("chen") == []


async def test_d1_a_pass_when_nobody_of_the_rung_is_left_waits_for_the_lead_already_called(
    town: Any, finding: Any
) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    await town.pass_time(60)
    await town.service.receive_text("19900000001", "12", town.clock.now)
    await town.send()
    assert town.texts("chen") == []
    await town.pass_time(120)
    assert len(town.texts("chen")) == 1


async def test_d4_an_acknowledgement_that_expires_after_the_shift_changed_calls_the_new_shift(
    town: Any, finding: Any
) -> None:
    change = town.clock.now + 300_000
    night = Person("night", "夜班员", "19900000008")
    town.people = structs.replace(
        town.people,
        duties=tuple(
            structs.replace(duty, until=change) if duty.person in ("wang", "deputy") else duty
            for duty in town.people.duties
        ),
    )
    with_people(town, [night], [Duty("n", "grid", Role.WORKER, "night", since=change)])
    await town.service.process_findings([finding()])
    await town.send()
    await town.service.perform(1, "acknowledge", WANG)
    await town.pass_time(600)
    assert len(town.vendor.phones.texts_of("19900000008")) == 1
    assert len(town.texts("li")) == 1


async def test_when_no_rung_reaches_anybody_the_last_resort_of_the_site_is_called(town: Any, finding: Any) -> None:
    town.people = structs.replace(town.people, duties=())
    town.service.escalator.last_resort = ("zhou", "gone")
    await town.service.process_findings([finding()])
    await town.send()
    assert len(town.texts("zhou")) == 1
    assert town.story()[-2] == "各级均无人在岗，呼叫最后联系人 周涛"
    await town.pass_time(901)
    assert len(town.texts("zhou")) == 2
    assert await town.service.unnotified(town.clock.now) == []
