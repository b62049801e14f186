"""Device faults, late dangers and odd hours: what the desk does beside the ordinary incident."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from alerts.alert import Actor, ResponseSource, State
from alerts.handling.finding_status import FindingStatus
from alerts.handling.intake import RULE_REMOVED
from domain import Duty, Evidence, FindingPhase, Lane, Ledger, Role, Severity, Subject
from store.database.alerts.queries import (
    AlertFilter,
    alert_detail,
    counters,
    deliveries_of_alert,
    findings_of_alert,
    get_alert,
    list_alerts,
)
from store.database.alerts.repository import READER, SqlAlertStore
from store.database.system.journal_positions import positions

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
LI = Actor("li", "李强", ResponseSource.SCREEN)


def other(finding: Any, name: str, **changes: Any) -> Any:
    return finding(id=name, device=name, subject=Subject("device", name), **changes)


async def test_a_broken_device_wakes_nobody_at_night(town: Any, finding: Any) -> None:
    town.clock.now += 9 * 3_600_000
    broken = finding(ledger=Ledger.HEALTH, severity=Severity.HIGH, title="燃气报警器故障", rule="gas-fault")
    await town.service.process_findings([broken])
    await town.send()
    assert town.texts("fix") == []
    assert "08:00" in town.story()[-2] or "08:00" in town.story()[-1]
    await town.pass_time(9 * 3_600)
    assert "检修" in town.texts("fix")[0]
    assert town.texts("wang") == []
    await town.service.process_findings([structs.replace(broken, phase=FindingPhase.ENDED)])
    assert town.alert().state is State.CLOSED
    assert town.story()[-1] == "设备已恢复，自动结案"


async def test_small_faults_are_only_written_down(town: Any, finding: Any) -> None:
    await town.service.process_findings(
        [finding(ledger=Ledger.HEALTH, severity=Severity.LOW, title="电量低", rule="battery-low")]
    )
    await town.send()
    assert town.texts("fix") == []
    assert town.story()[-1] == "值班日志已发给 吴师傅（维保）"
    second = other(finding, "second", place="403", ledger=Ledger.HEALTH, severity=Severity.LOW, title="拆动", rule="x")
    await town.service.process_findings([second])
    await town.send()
    for _ in range(2):
        await town.service.send_digest(town.clock.now)
        await town.send()
    assert town.texts("fix") == ["【枫树社区】设备日报：待检修2项，最急：电量低，枫林苑3栋2单元402。请打开工作台查看。"]
    town.clock.now += 86_400_000
    await town.service.send_digest(town.clock.now)
    await town.send()
    assert len(town.texts("fix")) == 2


async def test_a_device_that_heals_under_repair_stays_with_its_owner(town: Any, finding: Any) -> None:
    broken = finding(ledger=Ledger.HEALTH, severity=Severity.HIGH, title="故障", rule="gas-fault")
    await town.service.process_findings([broken])
    await town.service.perform("1", "acknowledge", Actor("fix", "吴师傅", ResponseSource.SCREEN))
    await town.service.process_findings([structs.replace(broken, phase=FindingPhase.ENDED)])
    assert town.alert().state is State.ACKNOWLEDGED
    assert town.story()[-1] == "现场数据已恢复正常，仍须有人确认"


async def test_a_late_danger_is_still_told_with_its_delay(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding(late_ms=720_000)])
    await town.send()
    assert "（迟报12分钟）" in town.texts("wang")[0]
    assert town.story()[0] == "紧急：燃气泄漏，枫林苑3栋2单元402（迟报12分钟）"


async def test_what_we_slept_through_ourselves_is_told_with_its_delay_too(town: Any, finding: Any) -> None:
    town.clock.now += 3_600_000
    await town.service.process_findings([finding()])
    await town.send()
    assert "14:05（迟报60分钟）" in town.texts("wang")[0]


async def test_ninety_broken_devices_of_one_building_are_one_story(town: Any, finding: Any) -> None:
    many = [
        other(finding, f"d{n}", ledger=Ledger.HEALTH, severity=Severity.HIGH, rule="offline", title="离线")
        for n in range(90)
    ]
    outcomes = await town.service.process_findings(many)
    await town.send()
    assert {outcome.alert for outcome in outcomes} == {1}
    assert town.alert().joined == 89
    assert len(town.texts("fix")) == 1


async def test_two_on_one_rank_are_called_together(town: Any, finding: Any) -> None:
    twin = Duty("twin", "grid", Role.WORKER, "deputy")
    town.people = structs.replace(town.people, duties=(*town.people.duties, twin))
    await town.service.process_findings([finding()])
    await town.send()
    assert len(town.texts("wang")) == len(town.texts("deputy")) == 1
    assert "呼叫网格员 赵敏、王芳" in town.story()


async def test_without_any_provider_the_logbook_speaks_and_the_ladder_climbs(town: Any, finding: Any) -> None:
    del town.channels["sms"]
    town.end()
    town.begin()
    await town.service.process_findings([finding()])
    await town.send()
    assert [(row.channel, row.state.value) for row in town.deliveries()] == [("logbook", "delivered")]
    await town.pass_time(60)
    assert [row.name for row in town.deliveries()] == ["王芳", "赵敏", "李强"]
    broken = other(finding, "b", ledger=Ledger.HEALTH, severity=Severity.LOW, rule="battery-low", title="电量低")
    await town.service.process_findings([broken])
    assert await town.service.send_digest(town.clock.now) == 0


async def test_what_the_screens_and_the_api_see(town: Any, finding: Any) -> None:
    await town.service.process_findings(
        [finding(), other(finding, "second", place="403", severity=Severity.HIGH, rule="x")]
    )
    await town.send()
    await town.service.perform("1", "acknowledge", WANG)
    look = town.ledger.write_blocking
    shown = look(lambda tx: list_alerts(tx, AlertFilter(), 1))
    assert [one["id"] for one in shown.items] == ["2"]
    following = look(lambda tx: list_alerts(tx, AlertFilter(), 1, shown.next))
    assert [one["id"] for one in following.items] == ["1"]
    assert following.next is None
    one = look(lambda tx: get_alert(tx, "1"))
    assert one["owner"] == {"id": "wang", "name": "王芳"}
    assert one["deadline"] == {"what": "arrive", "at": town.clock.now + 600_000}
    assert one["told"][0]["state"] == "accepted"
    assert one["allowed"][0] == "arrive"
    assert look(lambda tx: alert_detail(tx, "1"))["timeline"][0]["text"].startswith("紧急")
    assert look(lambda tx: get_alert(tx, "99")) is None
    assert look(lambda tx: alert_detail(tx, "x")) is None
    for wanted, ids in (
        (AlertFilter(state=["open"]), ["2"]),
        (AlertFilter(state=["open", "acknowledged"]), ["2", "1"]),
        (AlertFilter(severity=["critical"]), ["1"]),
        (AlertFilter(ledger="health"), []),
        (AlertFilter(place=["403"]), ["2"]),
        (AlertFilter(place=[]), []),
        (AlertFilter(device="second"), ["2"]),
        (AlertFilter(kind="gas_alarm"), []),
        (AlertFilter(since=town.clock.now + 1), []),
        (AlertFilter(until=town.clock.now + 1), ["2", "1"]),
    ):
        found = look(lambda tx, wanted=wanted: list_alerts(tx, wanted, 10))
        assert [one["id"] for one in found.items] == ids
    assert look(counters)["alerts"] == {"acknowledged": 1, "open": 1}
    assert [step["to"] for step in look(lambda tx: deliveries_of_alert(tx, "1"))[0]["trail"]] == ["accepted"]
    assert look(lambda tx: findings_of_alert(tx, "1"))[0]["phase"] == "began"


async def test_a_number_is_free_again_a_day_after_its_alert_was_closed(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding(severity=Severity.LOW, ledger=Ledger.DANGER)])
    phone = "19900000001"

    def code(alert: int, now: int) -> int | None:
        return town.ledger.write_blocking(lambda tx: SqlAlertStore(tx).assign_reply_code(phone, alert, "wang", now))

    assert code(1, town.clock.now) == 1
    await town.service.process_findings([other(finding, "second", place="403")])
    assert code(2, town.clock.now) == 2
    for action in ("acknowledge", "resolve", "close"):
        await town.service.perform("1", action, WANG)
    town.people = structs.replace(town.people, duties=())
    await town.service.process_findings([other(finding, "third", place="404")])
    assert town.alert(3).state is State.OPEN
    assert code(3, town.clock.now + 86_400_001) == 1
    assert code(3, town.clock.now) == 1


async def test_who_calls_again_while_somebody_is_on_it_is_heard_by_the_one_who_is(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    await town.service.perform("1", "acknowledge", WANG)
    await town.send()
    before = len(town.texts("wang"))

    await town.service.process_findings([finding(id="again", begin=finding().begin + 60_000)])
    await town.send()
    assert len(town.texts("wang")) == before + 1


async def test_a_danger_that_begins_again_for_an_owner_who_left_the_register_calls_the_ladder(
    town: Any, finding: Any
) -> None:
    await town.service.process_findings([finding()])
    await town.service.perform("1", "acknowledge", structs.replace(WANG, id="gone"))

    await town.service.process_findings([finding(id="again", begin=finding().begin + 60_000)])
    assert ["再次报警：燃气泄漏", "呼叫网格员 王芳"] == [town.story()[-3], town.story()[-1]]


async def test_what_was_dealt_with_and_still_burns_calls_again(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    for action in ("acknowledge", "resolve"):
        await town.service.perform("1", action, WANG)
    await town.pass_time(660)
    assert town.alert(1).state is State.RESOLVED

    town.service.due_alerts.status_of = lambda *_: FindingStatus.ACTIVE
    await town.pass_time(660)
    assert town.alert(1).state is State.OPEN
    assert "已处置，但设备仍在报警，重新呼叫" in town.story()


async def test_one_alert_that_our_own_fault_stops_keeps_no_other_from_its_deadline(town: Any, finding: Any) -> None:
    faults: list[str] = []
    town.service.isolation.on_fault = lambda about, _fault: faults.append(about)
    await town.service.process_findings([finding(), other(finding, "b", place="403")])
    await town.send()
    process = town.service.due_alerts.process

    def fails(tx: Any, alert: Any) -> None:
        if alert.id == 1:
            raise ZeroDivisionError
        process(tx, alert)

    town.service.due_alerts.process = fails
    town.clock.now += 60_000
    await town.service.tick(town.clock.now)
    await town.service.tick(town.clock.now)
    await town.send()
    assert (faults, town.alert(1).rung, town.alert(2).rung) == (["1"], 0, 1)
    town.service.due_alerts.process = process
    town.clock.now += 60_000
    await town.service.tick(town.clock.now)
    assert town.alert(1).rung == 1


async def test_one_finding_that_our_own_fault_stops_keeps_no_other_from_being_told(town: Any, finding: Any) -> None:
    faults: list[str] = []
    broken, sound = finding(), other(finding, "b", place="403")
    process_one = town.service.intake._process_one

    def fails(tx: Any, one: Any) -> Any:
        if one.id == broken.id:
            raise ZeroDivisionError
        return process_one(tx, one)

    town.service.intake._process_one = fails
    with pytest.raises(ZeroDivisionError):
        await town.service.process_findings([broken, sound], Lane.URGENT, 7)
    town.service.isolation.on_fault = lambda about, _fault: faults.append(about)
    await town.service.process_findings([broken, sound], Lane.URGENT, 7)
    await town.send()
    assert "枫林苑3栋2单元403" in town.texts("wang")[0]
    assert len(faults) == 1
    assert town.ledger.write_blocking(lambda tx: positions(tx, READER)) == {Lane.URGENT: 7}
    town.service.isolation.unavailable = (ZeroDivisionError,)
    with pytest.raises(ZeroDivisionError):
        await town.service.process_findings([broken], Lane.URGENT, 8)


async def test_who_waits_for_the_rest_is_told_though_one_finding_fails(town: Any, finding: Any) -> None:
    """A store that is away in the middle stops the batch, which is then tried again as a whole."""
    town.service.isolation.on_fault = lambda *_: None
    town.service.isolation.unavailable = (ConnectionError,)
    town.service.intake._process_one = raising([ZeroDivisionError(), ConnectionError()])
    with pytest.raises(ConnectionError):
        await town.service.process_findings([finding()], Lane.URGENT, 9)


def raising(faults: list[Exception]) -> Any:
    def fails(*_: object) -> Any:
        raise faults.pop(0)

    return fails


async def test_a_danger_whose_rule_was_removed_has_not_recovered(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    gone = (Evidence(RULE_REMOVED, True, at=town.clock.now),)
    await town.service.process_findings([finding(phase=FindingPhase.ENDED, now=town.clock.now + 1, evidence=gone)])
    assert town.alert().recovered_at is None
    assert any("规则" in line for line in town.story())
