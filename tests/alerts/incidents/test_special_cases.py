"""Device faults, late dangers, queries, reply codes and internal errors of the alert service."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from alerts.alert import Actor, ResponseSource, State
from alerts.handling.finding_status import FindingStatus
from domain import Duty, Evidence, FindingPhase, Lane, Ledger, Severity, Subject
from domain.findings import ENDED_BY_RULE_CHANGE
from store.database.alerts.delivery_trails import deliveries_of_alert
from store.database.alerts.queries import (
    AlertFilter,
    alert_detail,
    counters,
    findings_of_alert,
    get_alert,
    list_alerts,
)
from store.database.alerts.repository import READER, SqlAlertStore
from store.database.system.journal_positions import positions

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
LI = Actor("li", "李强", ResponseSource.SCREEN)


def finding_of_device(finding: Any, name: str, **changes: Any) -> Any:
    return finding(id=name, device=name, subject=Subject("device", name), **changes)


async def test_a_broken_device_calls_no_person_at_night(harness: Any, finding: Any) -> None:
    harness.clock.now += 9 * 3_600_000
    broken = finding(ledger=Ledger.HEALTH, severity=Severity.HIGH, title="燃气报警器故障", rule="gas-fault")
    await harness.service.process_findings([broken])
    await harness.send()
    assert harness.texts("fix") == []
    assert "08:00" in harness.timeline()[-2] or "08:00" in harness.timeline()[-1]
    await harness.advance_time(9 * 3_600)
    assert "检修" in harness.texts("fix")[0]
    assert harness.texts("wang") == []
    await harness.service.process_findings([structs.replace(broken, phase=FindingPhase.ENDED)])
    assert harness.alert().state is State.CLOSED
    assert harness.timeline()[-1] == "设备已恢复，自动结案"


async def test_low_faults_are_only_logged_and_in_the_daily_report(harness: Any, finding: Any) -> None:
    await harness.service.process_findings(
        [finding(ledger=Ledger.HEALTH, severity=Severity.LOW, title="电量低", rule="battery-low")]
    )
    await harness.send()
    assert harness.texts("fix") == []
    assert harness.timeline()[-1] == "值班日志已发给 吴师傅（维保）"
    second = finding_of_device(
        finding, "second", place="403", ledger=Ledger.HEALTH, severity=Severity.LOW, title="拆动", rule="x"
    )
    await harness.service.process_findings([second])
    await harness.send()
    for _ in range(2):
        await harness.service.send_digest(harness.clock.now)
        await harness.send()
    assert harness.texts("fix") == [
        "【枫树社区】设备日报：待检修2项，最急：电量低，枫林苑3栋2单元402。请打开工作台查看。"
    ]
    harness.clock.now += 86_400_000
    await harness.service.send_digest(harness.clock.now)
    await harness.send()
    assert len(harness.texts("fix")) == 2


async def test_a_device_that_recovers_during_repair_stays_with_its_owner(harness: Any, finding: Any) -> None:
    broken = finding(ledger=Ledger.HEALTH, severity=Severity.HIGH, title="故障", rule="gas-fault")
    await harness.service.process_findings([broken])
    await harness.service.perform("1", "acknowledge", Actor("fix", "吴师傅", ResponseSource.SCREEN))
    await harness.service.process_findings([structs.replace(broken, phase=FindingPhase.ENDED)])
    assert harness.alert().state is State.ACKNOWLEDGED
    assert harness.timeline()[-1] == "现场数据已恢复正常，仍须有人确认"


async def test_a_late_danger_is_sent_with_its_delay(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding(late_ms=720_000)])
    await harness.send()
    assert "（迟报12分钟）" in harness.texts("wang")[0]
    assert harness.timeline()[0] == "紧急：燃气泄漏，枫林苑3栋2单元402（迟报12分钟）"


async def test_a_danger_of_our_own_downtime_is_sent_with_its_delay(harness: Any, finding: Any) -> None:
    harness.clock.now += 3_600_000
    await harness.service.process_findings([finding()])
    await harness.send()
    assert "14:05（迟报60分钟）" in harness.texts("wang")[0]


async def test_ninety_broken_devices_of_one_building_are_one_alert(harness: Any, finding: Any) -> None:
    findings = [
        finding_of_device(finding, f"d{n}", ledger=Ledger.HEALTH, severity=Severity.HIGH, rule="offline", title="离线")
        for n in range(90)
    ]
    outcomes = await harness.service.process_findings(findings)
    await harness.send()
    assert {outcome.alert for outcome in outcomes} == {1}
    assert harness.alert().joined == 89
    assert len(harness.texts("fix")) == 1


async def test_two_people_of_one_rank_are_called_together(harness: Any, finding: Any) -> None:
    second_worker = Duty("twin", "grid", "worker", "deputy")
    harness.people = structs.replace(harness.people, duties=(*harness.people.duties, second_worker))
    await harness.service.process_findings([finding()])
    await harness.send()
    assert len(harness.texts("wang")) == len(harness.texts("deputy")) == 1
    assert "呼叫网格员 赵敏、王芳" in harness.timeline()


async def test_without_a_provider_the_logbook_is_written_and_the_alert_escalates(harness: Any, finding: Any) -> None:
    del harness.channels["sms"]
    harness.stop()
    harness.start()
    await harness.service.process_findings([finding()])
    await harness.send()
    assert [(row.channel, row.state.value) for row in harness.deliveries()] == [("logbook", "delivered")]
    await harness.advance_time(60)
    assert [row.name for row in harness.deliveries()] == ["王芳", "赵敏", "李强"]
    broken = finding_of_device(
        finding, "b", ledger=Ledger.HEALTH, severity=Severity.LOW, rule="battery-low", title="电量低"
    )
    await harness.service.process_findings([broken])
    assert await harness.service.send_digest(harness.clock.now) == 0


async def test_the_queries_of_the_console(harness: Any, finding: Any) -> None:
    await harness.service.process_findings(
        [finding(), finding_of_device(finding, "second", place="403", severity=Severity.HIGH, rule="x")]
    )
    await harness.send()
    await harness.service.perform("1", "acknowledge", WANG)
    read = harness.database.write_blocking
    first_page = read(lambda tx: list_alerts(tx, AlertFilter(), 1))
    assert [item["id"] for item in first_page.items] == ["2"]
    second_page = read(lambda tx: list_alerts(tx, AlertFilter(), 1, first_page.next))
    assert [item["id"] for item in second_page.items] == ["1"]
    assert second_page.next is None
    alert = read(lambda tx: get_alert(tx, "1"))
    assert alert["owner"] == {"id": "wang", "name": "王芳"}
    assert alert["deadline"] == {"what": "arrive", "at": harness.clock.now + 600_000}
    assert alert["told"][0]["state"] == "accepted"
    assert alert["allowed"][0] == "arrive"
    assert read(lambda tx: alert_detail(tx, "1"))["timeline"][0]["text"].startswith("紧急")
    assert read(lambda tx: get_alert(tx, "99")) is None
    assert read(lambda tx: alert_detail(tx, "x")) is None
    for alert_filter, ids in (
        (AlertFilter(state=["open"]), ["2"]),
        (AlertFilter(state=["open", "acknowledged"]), ["2", "1"]),
        (AlertFilter(severity=["critical"]), ["1"]),
        (AlertFilter(ledger="health"), []),
        (AlertFilter(place=["403"]), ["2"]),
        (AlertFilter(place=[]), []),
        (AlertFilter(device="second"), ["2"]),
        (AlertFilter(kind="gas_alarm"), []),
        (AlertFilter(since=harness.clock.now + 1), []),
        (AlertFilter(until=harness.clock.now + 1), ["2", "1"]),
    ):
        found = read(lambda tx, wanted=alert_filter: list_alerts(tx, wanted, 10))
        assert [item["id"] for item in found.items] == ids
    assert read(counters)["alerts"] == {"acknowledged": 1, "open": 1}
    assert [step["to"] for step in read(lambda tx: deliveries_of_alert(tx, "1"))[0]["trail"]] == ["accepted"]
    assert read(lambda tx: findings_of_alert(tx, "1"))[0]["phase"] == "began"


async def test_a_reply_code_is_free_a_day_after_its_alert_was_closed(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding(severity=Severity.LOW, ledger=Ledger.DANGER)])
    phone = "19900000001"

    def code(alert: int, now: int) -> int | None:
        return harness.database.write_blocking(
            lambda tx: SqlAlertStore(tx).assign_reply_code(phone, alert, "wang", now)
        )

    assert code(1, harness.clock.now) == 1
    await harness.service.process_findings([finding_of_device(finding, "second", place="403")])
    assert code(2, harness.clock.now) == 2
    for action in ("acknowledge", "resolve", "close"):
        await harness.service.perform("1", action, WANG, disposition="real")
    harness.people = structs.replace(harness.people, duties=())
    await harness.service.process_findings([finding_of_device(finding, "third", place="404")])
    assert harness.alert(3).state is State.OPEN
    assert code(3, harness.clock.now + 86_400_001) == 1
    assert code(3, harness.clock.now) == 1


async def test_a_danger_that_begins_again_is_sent_to_the_owner(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform("1", "acknowledge", WANG)
    await harness.send()
    before = len(harness.texts("wang"))

    await harness.service.process_findings([finding(id="again", begin=finding().begin + 60_000)])
    await harness.send()
    assert len(harness.texts("wang")) == before + 1


async def test_a_danger_that_begins_again_for_a_removed_owner_calls_the_ladder(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.service.perform("1", "acknowledge", structs.replace(WANG, id="gone"))

    await harness.service.process_findings([finding(id="again", begin=finding().begin + 60_000)])
    assert ["再次报警：燃气泄漏", "呼叫网格员 王芳"] == [harness.timeline()[-3], harness.timeline()[-1]]


async def test_a_resolved_danger_that_is_still_active_is_called_again(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    for action in ("acknowledge", "resolve"):
        await harness.service.perform("1", action, WANG)
    await harness.advance_time(660)
    assert harness.alert(1).state is State.RESOLVED

    harness.service.due_alerts.status_of = lambda *_: FindingStatus.ACTIVE
    await harness.advance_time(660)
    assert harness.alert(1).state is State.OPEN
    assert "已处置，但设备仍在报警，重新呼叫" in harness.timeline()


async def test_an_internal_error_on_one_alert_does_not_stop_the_deadlines_of_others(harness: Any, finding: Any) -> None:
    faults: list[str] = []
    harness.service.isolation.on_fault = lambda about, _fault: faults.append(about)
    await harness.service.process_findings([finding(), finding_of_device(finding, "b", place="403")])
    await harness.send()
    process = harness.service.due_alerts.process

    def fail(tx: Any, alert: Any) -> None:
        if alert.id == 1:
            raise ZeroDivisionError
        process(tx, alert)

    harness.service.due_alerts.process = fail
    harness.clock.now += 60_000
    await harness.service.tick(harness.clock.now)
    await harness.service.tick(harness.clock.now)
    await harness.send()
    assert (faults, harness.alert(1).rung, harness.alert(2).rung) == (["1"], 0, 1)
    harness.service.due_alerts.process = process
    harness.clock.now += 60_000
    await harness.service.tick(harness.clock.now)
    assert harness.alert(1).rung == 1


async def test_an_internal_error_on_one_finding_does_not_stop_the_others(harness: Any, finding: Any) -> None:
    faults: list[str] = []
    broken, valid = finding(), finding_of_device(finding, "b", place="403")
    process_one = harness.service.intake._process_one

    def fail(tx: Any, processed: Any) -> Any:
        if processed.id == broken.id:
            raise ZeroDivisionError
        return process_one(tx, processed)

    harness.service.intake._process_one = fail
    with pytest.raises(ZeroDivisionError):
        await harness.service.process_findings([broken, valid], Lane.URGENT, 7)
    harness.service.isolation.on_fault = lambda about, _fault: faults.append(about)
    await harness.service.process_findings([broken, valid], Lane.URGENT, 7)
    await harness.send()
    assert "枫林苑3栋2单元403" in harness.texts("wang")[0]
    assert len(faults) == 1
    assert harness.database.write_blocking(lambda tx: positions(tx, READER)) == {Lane.URGENT: 7}
    harness.service.isolation.unavailable = (ZeroDivisionError,)
    with pytest.raises(ZeroDivisionError):
        await harness.service.process_findings([broken], Lane.URGENT, 8)


async def test_an_unavailable_store_after_an_internal_error_stops_the_batch(harness: Any, finding: Any) -> None:
    """A store that becomes unavailable within a batch stops the batch, which is then repeated as a whole."""
    harness.service.isolation.on_fault = lambda *_: None
    harness.service.isolation.unavailable = (ConnectionError,)
    harness.service.intake._process_one = raise_each([ZeroDivisionError(), ConnectionError()])
    with pytest.raises(ConnectionError):
        await harness.service.process_findings([finding()], Lane.URGENT, 9)


def raise_each(faults: list[Exception]) -> Any:
    def fail(*_: object) -> Any:
        raise faults.pop(0)

    return fail


async def test_a_danger_whose_rule_was_removed_has_not_recovered(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    evidence = (Evidence(ENDED_BY_RULE_CHANGE, True, at=harness.clock.now),)
    await harness.service.process_findings(
        [finding(phase=FindingPhase.ENDED, now=harness.clock.now + 1, evidence=evidence)]
    )
    assert harness.alert().recovered_at is None
    assert any("规则" in line for line in harness.timeline())
