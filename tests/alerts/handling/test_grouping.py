"""What joins and what opens: the table is total, and no row lets a danger go unnotified."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from msgspec.structs import replace

from alerts.alert import OWNED_STATES, Alert, State
from alerts.handling.grouping import (
    DECISIONS,
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


def test_no_danger_is_left_to_people_of_whom_none_can_be_told() -> None:
    for (ledger, _, recipients, task), decision in DECISIONS.items():
        if ledger is Ledger.DANGER and recipients is Recipients.NOBODY and task is not TaskState.SHELVED:
            assert decision in (Decision.OPEN, Decision.RAISE), (recipients, task)


def like(finding: Any, number: int = 1, **changes: Any) -> Alert:
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


def elsewhere(finding: Any, number: int, **changes: Any) -> Alert:
    return like(finding, number, subject=Subject("device", f"other-{number}"), device=f"other-{number}", **changes)


def found(
    finding: Any,
    building: str | None,
    alerts: list[Alert],
    now: int = START,
    recipients: Recipients = Recipients.SAME,
) -> tuple[int, Relation, Decision] | None:
    matched: Match | None = match_alert(finding, building, alerts, lambda _alert: recipients, now)
    return None if matched is None else (matched.alert.id, matched.relation, matched.decision)


def test_the_table_answers_every_case() -> None:
    assert set(DECISIONS) == set(product(Ledger, Relation, Recipients, TaskState))


def test_every_relation_has_a_sentence(words: Any) -> None:
    assert {relation.value for relation in Relation} == set(words.why)


@pytest.mark.parametrize("state", State)
def test_every_state_of_an_alert_is_one_of_a_task(state: State) -> None:
    task = task_state(state)
    assert (task is TaskState.TAKEN) == (state in OWNED_STATES)
    assert (task is TaskState.SHELVED) == (state is State.SHELVED)
    assert (task is TaskState.UNTAKEN) == (state in (State.OPEN, State.RETURNED))


def test_no_danger_joins_where_nobody_would_be_told() -> None:
    """A danger joins only what is taken or being called; shelved and settled never take a new one in quietly."""
    for (ledger, relation, recipients, task), decision in DECISIONS.items():
        if ledger is Ledger.DANGER and decision is Decision.JOIN:
            assert recipients is Recipients.SAME, (relation, task)
            assert task in (TaskState.UNTAKEN, TaskState.TAKEN), relation
        if ledger is Ledger.DANGER and recipients is Recipients.OTHERS:
            assert decision is Decision.OPEN, (relation, task)
        if task is TaskState.SETTLED:
            assert decision is Decision.OPEN, (ledger, relation)


def test_the_same_subject_recurs_and_the_same_device_joins(finding: Any) -> None:
    one = finding()
    assert found(one, "b3", [like(one)]) == (1, Relation.SAME_DANGER, Decision.RECUR)
    assert found(one, None, [like(one, rule="gas-high")]) == (1, Relation.SAME_DEVICE, Decision.JOIN)
    assert found(one, None, [like(one, rule="gas-high", device="gas-2")]) == (1, Relation.SAME_DEVICE, Decision.JOIN)


def test_nothing_joins_what_is_settled_or_in_the_other_ledger(finding: Any) -> None:
    one = finding()
    assert found(one, "b3", [like(one, state=State.RESOLVED), like(one, ledger=Ledger.HEALTH)]) is None


def test_another_hazard_of_the_same_device_stands_alone_unless_one_could_not_be_read(finding: Any) -> None:
    one = finding()
    assert found(one, None, [like(one, rule="band-sos", hazard="person")]) is None
    assert found(one, None, [like(one, rule="unreadable-danger", hazard="unknown")]) is not None
    broken = finding(ledger=Ledger.HEALTH)
    assert found(broken, None, [like(broken, rule="battery", hazard="device")]) is not None


def test_without_a_device_only_the_subject_joins(finding: Any) -> None:
    one = finding(device=None, subject=Subject("person", "e1"))
    assert found(one, None, [like(one, rule="other", subject=Subject("person", "e2"))]) is None
    assert found(one, None, [like(one, rule="other")]) == (1, Relation.SAME_DEVICE, Decision.JOIN)


def test_critical_alerts_of_one_building_stand_alone(finding: Any) -> None:
    one = finding()
    assert found(one, "b3", [elsewhere(one, n) for n in range(2, 9)]) is None


def test_from_the_fourth_on_lesser_dangers_of_one_building_join_the_first_that_takes_them(finding: Any) -> None:
    one = finding(severity=Severity.HIGH)
    near = [elsewhere(one, n) for n in (7, 5, 6)]
    assert found(one, "b3", near) == (5, Relation.SAME_BUILDING, Decision.JOIN)
    assert found(one, "b3", near[:2]) is None
    assert found(one, None, near) is None
    assert found(one, "b3", near, START + GROUP_WINDOW_MS + 1) is None
    shelved = [near[0], replace(near[1], state=State.SHELVED), near[2]]
    assert found(one, "b3", shelved) == (6, Relation.SAME_BUILDING, Decision.JOIN)


def test_broken_devices_of_one_building_are_one_story_at_once(finding: Any) -> None:
    one = finding(severity=Severity.MEDIUM, ledger=Ledger.HEALTH)
    assert found(one, "b3", [elsewhere(one, 2)]) is not None


def test_who_is_called_is_compared_by_role_time_and_severity(ladders: Any, finding: Any) -> None:
    high, critical = (ladders.ladder(Ledger.DANGER, one) for one in (Severity.HIGH, Severity.CRITICAL))
    nurse = ladders.ladder(Ledger.DANGER, Severity.HIGH, "button-medical")
    worse, lesser = finding(), finding(severity=Severity.HIGH)
    open_high, open_critical = like(lesser), like(worse)

    assert compare_recipients(worse, critical, open_high, high, True, True) is Recipients.SOONER
    assert compare_recipients(lesser, high, open_critical, critical, True, True) is Recipients.SAME
    assert compare_recipients(lesser, nurse, open_critical, critical, True, True) is Recipients.OTHERS
    assert compare_recipients(worse, critical, open_high, nurse, True, True) is Recipients.OTHERS
    assert compare_recipients(worse, critical, open_critical, critical, False, True) is Recipients.OTHERS
    assert compare_recipients(worse, critical, open_critical, critical, True, False) is Recipients.NOBODY
    quick = high.model_copy(update={"take_within": 30_000})
    assert compare_recipients(lesser, quick, open_high, high, True, True) is Recipients.SOONER
    with_clinic = high.model_copy(update={"rungs": (*high.rungs, nurse.rungs[0])})
    assert compare_recipients(lesser, with_clinic, open_high, high, True, True) is Recipients.OTHERS
    assert compare_recipients(worse, critical, open_high, with_clinic, True, True) is Recipients.OTHERS
