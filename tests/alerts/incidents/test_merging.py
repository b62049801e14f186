"""Alerts are merged and split by hand. Neither ever silences a danger, and everything stays readable."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from alerts.alert import Actor, ResponseSource, State
from alerts.lifecycle.event import InvalidField, InvalidTransition
from domain import FindingPhase, Ledger, Severity, Subject
from store.database.alerts.queries import alert_detail, findings_of_alert
from store.database.alerts.repository import SqlAlertStore

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
LI = Actor("li", "李强", ResponseSource.SCREEN)


def leak(finding: Any, number: int, **changes: Any) -> Any:
    """A gas leak behind another door; the first two are alerts of their own."""
    name = f"gas-{number}"
    defaults = {"id": f"gas-alarm@1/{name}/1", "device": name, "subject": Subject("device", name), "place": "403"}
    return finding(**{**defaults, **changes})


async def two_alerts(harness: Any, finding: Any, **changes: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.service.process_findings([leak(finding, 2, **changes)])
    await harness.send()
    assert harness.alert(2).state is State.OPEN


def findings_of(harness: Any, alert: int) -> set[str]:
    rows = harness.database.write_blocking(lambda tx: findings_of_alert(tx, str(alert)))
    return {row["finding"] for row in rows}


async def test_a_merged_alert_is_closed_and_its_people_learn_who_has_it(harness: Any, finding: Any) -> None:
    await two_alerts(harness, finding)
    await harness.service.perform(1, "acknowledge", LI)
    await harness.service.perform(2, "acknowledge", WANG)
    await harness.send()
    await harness.service.perform(2, "merge", LI, reason="同一处漏气", into=1)
    await harness.send()
    assert (harness.alert(2).state, harness.alert(2).merged_into) == (State.CLOSED, 1)
    assert (
        harness.texts("wang")[-1] == "【枫树社区】已并案：燃气泄漏，枫林苑3栋2单元403。由李强继续处置，您无需再答复。"
    )
    assert "又报燃气泄漏" in harness.texts("li")[-1], "the owner of the other one is notified of the door"
    assert findings_of(harness, 1) == {finding().id, leak(finding, 2).id}
    assert findings_of(harness, 2) == set()
    assert harness.alert(1).doors == ("枫林苑3栋2单元403",)
    shown = harness.database.write_blocking(lambda tx: alert_detail(tx, "1"))
    assert (shown["merged"], [one["title"] for one in shown["findings"]]) == (["2"], ["燃气泄漏", "燃气泄漏"])
    assert "李强并入告警1，原因：同一处漏气" in harness.timeline(2)
    assert "李强把告警2并入：燃气泄漏，枫林苑3栋2单元403" in harness.timeline(1)
    refused = await harness.service.receive_text("19900000001", "23", harness.clock.now)
    assert refused.reason == "closed"
    with pytest.raises(InvalidTransition, match="已并入告警1"):
        await harness.service.perform(2, "reopen", LI)
    await harness.service.process_findings([leak(finding, 2, phase=FindingPhase.ENDED)])
    assert harness.alert(1).recovered_at is None, "the first leak goes on"
    await harness.service.process_findings([finding(phase=FindingPhase.ENDED)])
    assert harness.alert(1).recovered_at is not None


async def test_a_more_severe_danger_raises_the_alert_it_is_merged_into(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding(severity=Severity.MEDIUM, rule="gas-low", id="low")])
    await harness.service.process_findings([leak(finding, 2)])
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.send()
    await harness.service.perform(2, "merge", LI, into=1)
    await harness.send()
    alert = harness.alert(1)
    assert (alert.state, alert.severity, alert.owner) == (State.OPEN, Severity.CRITICAL, None)
    assert "紧急：燃气泄漏" in harness.texts("wang")[-1]


@pytest.mark.parametrize(
    ("state", "sentence"), [("shelve", "目标告警已搁置"), ("resolve", "目标告警已搁置"), ("return", "目标告警已搁置")]
)
async def test_an_active_danger_is_not_merged_into_an_alert_without_action(
    harness: Any, finding: Any, state: str, sentence: str
) -> None:
    await two_alerts(harness, finding)
    if state == "resolve":
        await harness.service.perform(1, "acknowledge", WANG)
    await harness.service.perform(1, state, WANG, reason="检修", until=harness.clock.now + 3_600_000, to=None)
    with pytest.raises(InvalidTransition, match=sentence):
        await harness.service.perform(2, "merge", LI, into=1)
    assert harness.alert(2).state is State.OPEN


async def test_merging_is_refused_with_its_reason(harness: Any, finding: Any) -> None:
    await two_alerts(harness, finding)
    with pytest.raises(InvalidTransition, match="不能并入自己"):
        await harness.service.perform(1, "merge", LI, into=1)
    with pytest.raises(InvalidField) as unknown:
        await harness.service.perform(1, "merge", LI, into=99)
    assert unknown.value.field == "into"
    fault = leak(finding, 9, ledger=Ledger.HEALTH, rule="battery", hazard="device", severity=Severity.LOW)
    await harness.service.process_findings([fault])
    with pytest.raises(InvalidTransition, match="险情和设备故障"):
        await harness.service.perform(3, "merge", LI, into=1)
    key = leak(finding, 8, rule="button-medical", hazard="medical", severity=Severity.HIGH, place="402")
    await harness.service.process_findings([key])
    assert harness.alert(4).state is State.OPEN
    with pytest.raises(InvalidTransition, match="不会通知处置这一险情的人"):
        await harness.service.perform(4, "merge", LI, into=1)


async def test_the_ladder_starts_again_where_no_person_can_be_notified(harness: Any, finding: Any) -> None:
    await two_alerts(harness, finding)
    await harness.service.perform(1, "acknowledge", WANG)
    people = {**harness.people.people, "wang": structs.replace(harness.people.people["wang"], phone=None, wecom=None)}
    harness.people = structs.replace(harness.people, people=people)
    await harness.service.perform(2, "merge", LI, into=1)
    assert (harness.alert(1).state, harness.alert(1).round) == (State.OPEN, 1)


async def test_a_split_danger_begins_its_own_escalation(harness: Any, finding: Any) -> None:
    await two_alerts(harness, finding)
    await harness.service.perform(2, "merge", LI, into=1)
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.send()
    await harness.service.perform(1, "split", LI, reason="两户各自漏气", findings=[leak(finding, 2).id])
    await harness.send()
    new = harness.alert(3)
    assert (new.state, new.address, new.title) == (State.OPEN, "枫林苑3栋2单元403", "燃气泄漏")
    assert "紧急：燃气泄漏，14:05，枫林苑3栋2单元403" in harness.texts("wang")[-1]
    assert (harness.alert(1).doors, harness.alert(1).owner) == ((), "wang")
    assert findings_of(harness, 3) == {leak(finding, 2).id}
    assert "李强拆出为告警3：燃气泄漏，原因：两户各自漏气" in harness.timeline(1)
    await harness.service.process_findings([leak(finding, 2, phase=FindingPhase.ENDED)])
    assert harness.alert(3).recovered_at is not None


async def test_splitting_is_refused_with_its_reason(harness: Any, finding: Any) -> None:
    await two_alerts(harness, finding)
    for findings, sentence in (([finding().id], "至少要在原告警里留下"), (["no-such"], "不属于本告警")):
        with pytest.raises(InvalidTransition, match=sentence):
            await harness.service.perform(1, "split", LI, findings=findings)
    with pytest.raises(InvalidField):
        await harness.service.perform(1, "split", LI)
    assert harness.alert(1).joined == 0


async def test_a_finding_recorded_by_an_older_version_cannot_be_split_off(harness: Any, finding: Any) -> None:
    await two_alerts(harness, finding)
    await harness.service.perform(2, "merge", LI, into=1)
    harness.database.write_blocking(lambda tx: tx.exec_driver_sql("UPDATE alert_findings SET body = NULL"))
    with pytest.raises(InvalidTransition, match="旧版本"):
        await harness.service.perform(1, "split", LI, findings=[leak(finding, 2).id])


async def test_a_merge_that_fails_halfway_leaves_both_alerts_as_they_were(
    harness: Any, finding: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await two_alerts(harness, finding)
    before = harness.alert(1), harness.alert(2), len(harness.timeline(1)), len(harness.deliveries(2))

    def killed(*_: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(harness.service.actions.merging, "_absorb", killed)
    with pytest.raises(SystemExit):
        await harness.service.perform(2, "merge", LI, into=1)
    harness.stop()
    harness.start()
    assert (harness.alert(1), harness.alert(2), len(harness.timeline(1)), len(harness.deliveries(2))) == before
    assert findings_of(harness, 2) == {leak(finding, 2).id}


async def test_a_device_that_begins_three_times_in_a_minute_is_shown_as_chattering(harness: Any, finding: Any) -> None:
    for number in range(3):
        began = finding(id=f"gas-alarm@1/gas-1/{number}", now=harness.clock.now)
        await harness.service.process_findings([began])
        harness.clock.now += 20_000
        shown = harness.database.write_blocking(lambda tx: alert_detail(tx, "1"))
        assert shown["chattering"] is (number == 2)


async def test_a_fault_of_a_device_is_never_merged_with_a_danger(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.service.process_findings([leak(finding, 2, ledger=Ledger.HEALTH, rule="offline")])
    with pytest.raises(InvalidTransition) as refused:
        await harness.service.perform(2, "merge", LI, into=1)
    assert refused.value.refusal.value == "merge_ledger"


async def test_an_exercise_is_never_merged_with_a_real_danger(harness: Any, finding: Any) -> None:
    """A drill that took a real leak in would close with it."""
    await two_alerts(harness, finding)
    drill = structs.replace(harness.alert(2), exercise=True)
    harness.database.write_blocking(lambda tx: save(tx, drill))
    with pytest.raises(InvalidTransition, match="演练"):
        await harness.service.perform(2, "merge", LI, into=1)


def save(tx: Any, alert: Any) -> None:
    store = SqlAlertStore(tx)
    store.save_alert(alert)
    store.flush()


async def test_an_alert_that_was_dealt_with_is_merged_without_calling_again(harness: Any, finding: Any) -> None:
    await two_alerts(harness, finding)
    for action in ("arrive", "resolve"):
        await harness.service.perform(2, action, WANG)
    await harness.send()
    called = len(harness.texts("deputy"))
    await harness.service.perform(1, "shelve", WANG, reason="检修", until=harness.clock.now + 60_000)
    with pytest.raises(InvalidTransition, match="目标告警已搁置"):
        await harness.service.perform(2, "merge", LI, into=1)
    await harness.service.perform(1, "reopen", LI)
    await harness.service.perform(2, "merge", LI, into=1)
    await harness.send()
    assert (harness.alert(2).merged_into, harness.alert(1).joined) == (1, 1)
    assert len(harness.texts("deputy")) == called, "what was dealt with is no new danger"


async def test_every_door_of_a_merged_alert_stays_and_several_are_split_off_together(
    harness: Any, finding: Any
) -> None:
    await two_alerts(harness, finding)
    await harness.service.process_findings([leak(finding, 3, place="404", rule="gas-low", title="燃气异常")])
    await harness.service.perform(3, "merge", LI, into=2)
    await harness.service.perform(2, "merge", LI, into=1)
    assert harness.alert(1).doors == ("枫林苑3栋2单元403", "枫林苑3栋2单元404")
    moved = [leak(finding, 2).id, leak(finding, 3).id]
    await harness.service.perform(1, "split", LI, findings=moved)
    new = harness.alert(4)
    assert (new.title, new.joined, new.doors) == ("燃气泄漏、燃气异常", 1, ("枫林苑3栋2单元404",))
    assert (harness.alert(1).doors, harness.alert(1).joined) == ((), 0)


async def test_a_closed_alert_is_not_split(harness: Any, finding: Any) -> None:
    await two_alerts(harness, finding)
    await harness.service.perform(2, "merge", LI, into=1)
    for action in ("arrive", "resolve"):
        await harness.service.perform(1, action, WANG)
    await harness.service.perform(1, "verify", LI)
    await harness.service.perform(1, "close", LI, disposition="real")
    with pytest.raises(InvalidTransition, match="已结案"):
        await harness.service.perform(1, "split", LI, findings=[leak(finding, 2).id])
