"""Which findings join an alert and which open one: the table is total, and no row leaves a danger unnotified."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from msgspec.structs import replace

from alerts.alert import OWNED_STATES, Alert, State
from alerts.handling.joining import (
    AREA_WINDOW_MS,
    DECISIONS,
    GROUP_CRITICAL_AFTER,
    GROUP_WINDOW_MS,
    Decision,
    Match,
    Recipients,
    Relation,
    TaskState,
    compare_recipients,
    match_alert,
    task_state,
)
from domain import Ledger, Severity, Subject

START = 1_767_333_900_000


def test_a_danger_that_reaches_no_recipient_opens_or_raises_an_alert() -> None:
    for (ledger, _, recipients, task), decision in DECISIONS.items():
        if ledger is Ledger.DANGER and recipients is Recipients.NOBODY and task is not TaskState.SHELVED:
            assert decision in (Decision.OPEN, Decision.RAISE), (recipients, task)


def alert_of(finding: Any, number: int = 1, **changes: Any) -> Alert:
    plain = Alert(
        id=number,
        rule=finding.rule,
        title=finding.title,
        hazard=finding.hazard,
        severity=finding.severity,
        ledger=finding.ledger,
        subject=finding.subject,
        started_at=START,
        opened_at=START,
        updated_at=START,
        state_since=START,
        danger_at=START,
        ladder_rule=finding.rule,
        device=finding.device,
        building="b3",
    )
    return replace(plain, **changes)


def test_manholes_of_a_street_join_and_severe_ones_when_there_are_many(finding: Any) -> None:
    rising = finding(
        rule="manhole-rising", hazard="manhole", severity=Severity.MEDIUM, device="manhole-9", place="road-9"
    )

    def match(about: Any, cell: str | None = "g1", later_ms: int = AREA_WINDOW_MS, **changes: Any) -> Relation | None:
        alerts = [alert_of_other_device(about, n, building=None, cell="g1", **changes) for n in (3, 2, 1)]
        at = START + later_ms
        found = match_alert(about, None, alerts, lambda _: Recipients.SAME, at, cell=cell)
        assert found is None or found.alert.id == 1
        return None if found is None else found.relation

    assert match(rising) is Relation.SAME_AREA
    one = [alert_of_other_device(rising, 1, building=None, cell="g1")]
    level = replace(rising, rule="manhole-water-high")
    same = {"manhole-rising", "manhole-water-high"}
    found = match_alert(level, None, one, lambda _: Recipients.SAME, START, (), "g1", lambda *rules: same == set(rules))
    assert found is not None, "the second manhole, by another rule about its water"
    assert found.relation is Relation.SAME_AREA
    assert match(rising, later_ms=AREA_WINDOW_MS + 1) is None
    assert match(rising, cell="g2") is None
    assert match(rising, cell=None) is None
    assert match(rising, rule="lamp-dark") is None
    severe = replace(rising, severity=Severity.HIGH)
    assert match(severe) is Relation.SAME_AREA, "three high ones were called singly"
    assert match(severe, severity=Severity.MEDIUM) is None, "lesser ones do not count"
    assert match(replace(rising, severity=Severity.CRITICAL)) is None, "of critical ones five are"
    assert match(replace(rising, device=None, place="road-9")) is None, "a resident's report"
    assert match(replace(rising, ledger=Ledger.HEALTH)) is None
    assert match(replace(rising, subject=Subject("person", "p-9"))) is None


def alert_of_other_device(finding: Any, number: int, **changes: Any) -> Alert:
    return alert_of(finding, number, subject=Subject("device", f"other-{number}"), device=f"other-{number}", **changes)


def match_of(
    finding: Any,
    building: str | None,
    alerts: list[Alert],
    now: int = START,
    recipients: Recipients = Recipients.SAME,
) -> tuple[int, Relation, Decision] | None:
    matched: Match | None = match_alert(finding, building, alerts, lambda _alert: recipients, now)
    return None if matched is None else (matched.alert.id, matched.relation, matched.decision)


def test_the_table_has_a_decision_for_every_case() -> None:
    assert set(DECISIONS) == set(product(Ledger, Relation, Recipients, TaskState))


def test_every_relation_has_a_text(catalog: Any) -> None:
    assert {relation.value for relation in Relation} == set(catalog.why)


@pytest.mark.parametrize("state", State)
def test_every_state_of_an_alert_has_a_task_state(state: State) -> None:
    task = task_state(state)
    assert (task is TaskState.TAKEN) == (state in OWNED_STATES)
    assert (task is TaskState.SHELVED) == (state is State.SHELVED)
    assert (task is TaskState.UNTAKEN) == (state in (State.OPEN, State.RETURNED))


def test_no_danger_joins_an_alert_without_notification() -> None:
    """A danger joins only alerts that are taken or being called, never shelved or settled ones."""
    for (ledger, relation, recipients, task), decision in DECISIONS.items():
        if ledger is Ledger.DANGER and decision is Decision.JOIN:
            assert recipients is Recipients.SAME, (relation, task)
            assert task in (TaskState.UNTAKEN, TaskState.TAKEN), relation
        if ledger is Ledger.DANGER and recipients is Recipients.OTHERS:
            assert decision is Decision.OPEN, (relation, task)
        if task is TaskState.SETTLED:
            assert decision is Decision.OPEN, (ledger, relation)


def test_the_same_subject_recurs_and_the_same_device_joins(finding: Any) -> None:
    finding_ = finding()
    assert match_of(finding_, "b3", [alert_of(finding_)]) == (1, Relation.SAME_DANGER, Decision.RECUR)
    assert match_of(finding_, None, [alert_of(finding_, rule="gas-high")]) == (1, Relation.SAME_DEVICE, Decision.JOIN)
    assert match_of(finding_, None, [alert_of(finding_, rule="gas-high", device="gas-2")]) == (
        1,
        Relation.SAME_DEVICE,
        Decision.JOIN,
    )


def test_nothing_joins_a_settled_alert_or_one_of_the_other_ledger(finding: Any) -> None:
    finding_ = finding()
    assert (
        match_of(finding_, "b3", [alert_of(finding_, state=State.RESOLVED), alert_of(finding_, ledger=Ledger.HEALTH)])
        is None
    )


def test_another_hazard_of_the_same_device_opens_an_alert_unless_one_is_unreadable(finding: Any) -> None:
    finding_ = finding()
    assert match_of(finding_, None, [alert_of(finding_, rule="band-sos", hazard="person")]) is None
    assert match_of(finding_, None, [alert_of(finding_, rule="unreadable-danger", hazard="unknown")]) is not None
    broken = finding(ledger=Ledger.HEALTH)
    assert match_of(broken, None, [alert_of(broken, rule="battery", hazard="device")]) is not None


def test_without_a_device_only_the_subject_joins(finding: Any) -> None:
    finding_ = finding(device=None, subject=Subject("person", "e1"))
    assert match_of(finding_, None, [alert_of(finding_, rule="other", subject=Subject("person", "e2"))]) is None
    assert match_of(finding_, None, [alert_of(finding_, rule="other")]) == (1, Relation.SAME_DEVICE, Decision.JOIN)


def test_the_first_ten_critical_findings_of_one_building_open_their_own_alerts(finding: Any) -> None:
    finding_ = finding()
    others = [alert_of_other_device(finding_, n) for n in range(2, 2 + GROUP_CRITICAL_AFTER)]
    assert match_of(finding_, "b3", others[1:]) is None
    assert match_of(finding_, "b4", others) is None


def test_from_the_eleventh_on_critical_dangers_of_one_building_join_the_first_open_alert(finding: Any) -> None:
    others = [alert_of_other_device(finding(), n) for n in range(2, 2 + GROUP_CRITICAL_AFTER)]
    assert match_of(finding(), "b3", others) == (2, Relation.SAME_BUILDING, Decision.JOIN)
    assert match_of(finding(), "b3", others, START + GROUP_WINDOW_MS + 1) is None


def test_from_the_fourth_on_lesser_dangers_of_one_building_join_the_first_open_alert(finding: Any) -> None:
    finding_ = finding(severity=Severity.HIGH)
    neighbours = [alert_of_other_device(finding_, n) for n in (7, 5, 6)]
    assert match_of(finding_, "b3", neighbours) == (5, Relation.SAME_BUILDING, Decision.JOIN)
    assert match_of(finding_, "b3", neighbours[:2]) is None
    assert match_of(finding_, None, neighbours) is None
    assert match_of(finding_, "b3", neighbours, START + GROUP_WINDOW_MS + 1) is None
    shelved = [neighbours[0], replace(neighbours[1], state=State.SHELVED), neighbours[2]]
    assert match_of(finding_, "b3", shelved) == (6, Relation.SAME_BUILDING, Decision.JOIN)


def test_broken_devices_of_one_building_join_one_alert_at_once(finding: Any) -> None:
    finding_ = finding(severity=Severity.MEDIUM, ledger=Ledger.HEALTH)
    assert match_of(finding_, "b3", [alert_of_other_device(finding_, 2)]) is not None


def test_recipients_are_compared_by_role_time_and_severity(policy: Any, finding: Any) -> None:
    high, critical = (policy.ladder(Ledger.DANGER, finding_) for finding_ in (Severity.HIGH, Severity.CRITICAL))
    clinic_ladder = policy.ladder(Ledger.DANGER, Severity.HIGH, "button-medical")
    critical_finding, high_finding = finding(), finding(severity=Severity.HIGH)
    open_high, open_critical = alert_of(high_finding), alert_of(critical_finding)

    assert compare_recipients(critical_finding, critical, open_high, high, True, True) is Recipients.SOONER
    assert compare_recipients(high_finding, high, open_critical, critical, True, True) is Recipients.SAME
    assert compare_recipients(high_finding, clinic_ladder, open_critical, critical, True, True) is Recipients.OTHERS
    assert compare_recipients(critical_finding, critical, open_high, clinic_ladder, True, True) is Recipients.OTHERS
    assert compare_recipients(critical_finding, critical, open_critical, critical, False, True) is Recipients.OTHERS
    assert compare_recipients(critical_finding, critical, open_critical, critical, True, False) is Recipients.NOBODY
    quick_ladder = high.model_copy(update={"take_within": 30_000})
    assert compare_recipients(high_finding, quick_ladder, open_high, high, True, True) is Recipients.SOONER
    with_clinic = high.model_copy(update={"rungs": (*high.rungs, clinic_ladder.rungs[0])})
    assert compare_recipients(high_finding, with_clinic, open_high, high, True, True) is Recipients.OTHERS
    assert compare_recipients(critical_finding, critical, open_high, with_clinic, True, True) is Recipients.OTHERS
