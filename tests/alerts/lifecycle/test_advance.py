"""The life of an alert: the whole table, and what each step asks for."""

from __future__ import annotations

from contextlib import suppress
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from alerts.alert import ACTIVE_STATES, SYSTEM, Actor, Alert, ResponseSource, State, has_no_next_step
from alerts.lifecycle.advance import advance, allowed_actions, requires_verification
from alerts.lifecycle.danger import Danger
from alerts.lifecycle.event import AlertEvent, Deadlines, Effect, InvalidField, InvalidTransition, Step
from alerts.lifecycle.transitions import ACTIONS, TRANSITIONS, ActionRefusal, Signal, diagram
from domain import Ledger, Severity, Subject

PACE = Deadlines(
    take_ms=60_000,
    arrive_ms=600_000,
    resolve_ms=7_200_000,
    verify_ms=86_400_000,
    close_ms=86_400_000,
    shelve_max_ms=86_400_000,
)
NOW = 1_000_000
BURST = Danger("water-burst", "water", "爆管", Severity.CRITICAL, at=7, advice="关阀", address="3栋402")
WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
LI = Actor("li", "李强", ResponseSource.SCREEN)


def an_alert(state: State = State.OPEN, **changes: Any) -> Alert:
    plain = Alert(
        id=1,
        rule="gas-alarm",
        title="燃气泄漏",
        hazard="gas",
        severity=Severity.CRITICAL,
        ledger=Ledger.DANGER,
        subject=Subject("device", "gas-1"),
        started_at=0,
        opened_at=0,
        updated_at=0,
        state_since=0,
        danger_at=0,
        ladder_rule="gas-alarm",
        state=state,
        climb_at=NOW if state in (State.OPEN, State.RETURNED) else None,
        due_at=None if state is State.CLOSED else NOW,
    )
    return replace(plain, **changes)


def step(alert: Alert, signal: Signal, actor: Actor = WANG, **more: Any) -> Step:
    return advance(alert, AlertEvent(signal, actor, **more), NOW, PACE)


def test_the_table_answers_every_signal_in_every_state() -> None:
    assert set(TRANSITIONS) == set(product(State, Signal))


def test_every_refusal_has_a_sentence(words: Any) -> None:
    assert {refusal.value for refusal in ActionRefusal} == set(words.refusals)


def test_the_diagram_is_printed_from_the_table() -> None:
    lines = diagram().splitlines()
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> open"]
    assert "    open --> acknowledged: acknowledge" in lines
    assert "    resolved --> verified: verify" in lines
    assert not [line for line in lines if "open --> open" in line]


def test_taking_it_starts_the_way_to_the_door_and_tells_everybody() -> None:
    after, effects = step(an_alert(), Signal.ACKNOWLEDGE).alert, step(an_alert(), Signal.ACKNOWLEDGE).effects
    assert (after.state, after.owner, after.owner_name, after.taken_at) == (State.ACKNOWLEDGED, "wang", "王芳", NOW)
    assert (after.climb_at, after.due_at) == (None, NOW + PACE.arrive_ms)
    assert effects == (Effect.CANCEL_PENDING, Effect.NOTIFY_ACKNOWLEDGED)


def test_a_second_press_by_the_same_person_changes_nothing() -> None:
    taken = an_alert(State.ACKNOWLEDGED, owner="wang")
    assert step(taken, Signal.ACKNOWLEDGE) == Step(taken)
    gone = an_alert(passed=("wang",))
    assert step(gone, Signal.DECLINE) == Step(gone)


def test_somebody_else_hears_that_it_is_taken() -> None:
    with pytest.raises(InvalidTransition) as refused:
        step(an_alert(State.ACKNOWLEDGED, owner="wang"), Signal.ACKNOWLEDGE, LI)
    assert refused.value.refusal is ActionRefusal.ALREADY_TAKEN


def test_an_acknowledgement_expires_when_nobody_arrives() -> None:
    taken = an_alert(State.ACKNOWLEDGED, owner="wang", owner_name="王芳", taken_at=1)
    result = step(taken, Signal.DEADLINE, SYSTEM)
    assert (result.alert.state, result.alert.owner, result.effects) == (State.OPEN, None, (Effect.ESCALATE,))


def test_arriving_without_a_word_takes_it_too() -> None:
    result = step(an_alert(), Signal.ARRIVE)
    assert (result.alert.state, result.alert.owner) == (State.ON_SITE, "wang")
    assert result.alert.due_at == NOW + PACE.resolve_ms
    assert result.effects == (Effect.CANCEL_PENDING, Effect.NOTIFY_ACKNOWLEDGED)
    known = step(an_alert(State.ACKNOWLEDGED, owner="wang"), Signal.ARRIVE)
    assert (known.alert.state, known.effects) == (State.ON_SITE, (Effect.UPDATE_OWNER_CARD,))


def test_the_handler_may_not_verify_his_own_work() -> None:
    done = step(an_alert(State.ON_SITE, owner="wang"), Signal.RESOLVE)
    assert done.effects == (Effect.CANCEL_PENDING, Effect.NOTIFY_RESOLVED)
    with pytest.raises(InvalidTransition) as refused:
        step(done.alert, Signal.VERIFY)
    assert refused.value.refusal is ActionRefusal.SAME_PERSON
    assert step(done.alert, Signal.VERIFY, LI).alert.state is State.VERIFIED


def test_a_serious_danger_is_closed_only_after_it_was_verified() -> None:
    resolved = an_alert(State.RESOLVED, handler="wang")
    with pytest.raises(InvalidTransition) as refused:
        step(resolved, Signal.CLOSE)
    assert refused.value.refusal is ActionRefusal.NEEDS_VERIFYING
    assert "close" not in allowed_actions(resolved)
    small = replace(resolved, severity=Severity.LOW)
    assert not requires_verification(small)
    assert "close" in allowed_actions(small)
    closed = step(small, Signal.CLOSE).alert
    assert (closed.state, closed.wake_at) == (State.CLOSED, None)
    assert allowed_actions(closed) == ("reopen", "comment")


def test_passing_calls_the_next_person_at_once() -> None:
    result = step(an_alert(), Signal.DECLINE)
    assert (result.alert.passed, result.effects) == (("wang",), (Effect.NOTIFY_NEXT_PERSON,))
    taken = an_alert(State.ACKNOWLEDGED, owner="wang")
    freed = step(taken, Signal.DECLINE).alert
    assert (freed.state, freed.owner) == (State.OPEN, None)
    with pytest.raises(InvalidTransition) as refused:
        step(taken, Signal.DECLINE, LI)
    assert refused.value.refusal is ActionRefusal.NOT_YOURS


def test_what_is_not_ours_needs_a_reason_and_goes_up_at_once() -> None:
    with pytest.raises(InvalidField) as missing:
        step(an_alert(), Signal.RETURN)
    assert missing.value.field == "reason"
    result = step(an_alert(passed=("wang",)), Signal.RETURN, reason="在隔壁社区")
    assert (result.alert.state, result.alert.passed) == (State.RETURNED, ("wang",))
    assert result.effects == (Effect.CANCEL_PENDING, Effect.ESCALATE)


@pytest.mark.parametrize("until", [None, NOW, NOW - 1, NOW + PACE.shelve_max_ms + 1])
def test_a_shelf_needs_an_hour_within_a_day(until: int | None) -> None:
    with pytest.raises(InvalidField) as wrong:
        step(an_alert(), Signal.SHELVE, reason="检修", until=until)
    assert wrong.value.field == "until"


def test_a_shelf_opens_again_by_itself() -> None:
    shelved = step(an_alert(), Signal.SHELVE, reason="检修", until=NOW + 5).alert
    assert (shelved.state, shelved.wake_at) == (State.SHELVED, NOW + 5)
    again = step(shelved, Signal.DEADLINE, SYSTEM)
    assert (again.alert.state, again.alert.round, again.effects) == (
        State.OPEN,
        1,
        (Effect.CANCEL_PENDING, Effect.START_ESCALATION),
    )


def test_a_danger_that_recovered_stays_with_people() -> None:
    calm = step(an_alert(stale=True), Signal.RECOVERED, SYSTEM).alert
    assert (calm.state, calm.recovered_at, calm.stale) == (State.OPEN, NOW, False)
    assert calm.wake_at == NOW


def test_a_device_that_talks_again_closes_its_own_alert_unless_somebody_is_on_it() -> None:
    assert step(an_alert(), Signal.HEALTH_RECOVERED, SYSTEM).alert.state is State.CLOSED
    assert step(an_alert(State.ACKNOWLEDGED), Signal.HEALTH_RECOVERED, SYSTEM).alert.state is State.ACKNOWLEDGED


def test_a_worse_finding_begins_the_worse_ladder() -> None:
    mild = an_alert(severity=Severity.MEDIUM, rung=2, recovered_at=5)
    worse = step(mild, Signal.SEVERITY_RAISED, SYSTEM, danger=BURST)
    assert (worse.alert.severity, worse.alert.title, worse.alert.rung) == (Severity.CRITICAL, "爆管", -1)
    assert worse.alert.recovered_at is None
    assert worse.effects == (Effect.CANCEL_PENDING, Effect.START_ESCALATION)
    assert (worse.alert.danger_at, worse.alert.ladder_rule, worse.alert.hazard) == (7, "water-burst", "water")


def test_a_worse_danger_is_asked_of_everybody_again_also_when_somebody_took_the_lesser() -> None:
    taken = an_alert(State.ACKNOWLEDGED, severity=Severity.MEDIUM, owner="wang")
    worse = step(taken, Signal.SEVERITY_RAISED, SYSTEM, danger=BURST)
    assert (worse.alert.state, worse.alert.owner, worse.alert.due_at) == (State.OPEN, None, NOW + PACE.take_ms)
    assert worse.effects == (Effect.CANCEL_PENDING, Effect.START_ESCALATION, Effect.NOTIFY_OWNER)
    there = step(an_alert(State.ON_SITE, owner="wang"), Signal.SEVERITY_RAISED, SYSTEM, danger=BURST)
    assert (there.alert.state, there.alert.title, there.effects) == (State.ON_SITE, "爆管", (Effect.NOTIFY_JOINED,))


@pytest.mark.parametrize(
    ("state", "after", "effects"),
    [
        (State.OPEN, State.OPEN, (Effect.NOTIFY_DEPUTY,)),
        (State.RETURNED, State.RETURNED, (Effect.NOTIFY_DEPUTY,)),
        (State.ON_SITE, State.ON_SITE, (Effect.NOTIFY_OVERDUE,)),
        (State.RESOLVED, State.RESOLVED, (Effect.NOTIFY_OVERDUE,)),
        (State.VERIFIED, State.CLOSED, (Effect.CANCEL_PENDING,)),
    ],
)
def test_what_happens_when_time_runs_out(state: State, after: State, effects: tuple[Effect, ...]) -> None:
    result = step(an_alert(state), Signal.DEADLINE, SYSTEM)
    assert (result.alert.state, result.effects) == (after, effects)


def test_assigning_waits_for_the_person_named() -> None:
    result = step(an_alert(State.ON_SITE, owner="wang"), Signal.ASSIGN, LI)
    assert (result.alert.state, result.alert.owner, result.alert.round) == (State.OPEN, None, 1)


def test_the_reasons_of_a_refusal_can_be_read() -> None:
    assert str(InvalidTransition(ActionRefusal.CLOSED)) == "closed"
    assert str(InvalidTransition(ActionRefusal.CLOSED, "已结案")) == "已结案"


happenings = st.tuples(
    st.sampled_from(list(Signal)), st.sampled_from([WANG, LI]), st.sampled_from(list(Severity)), st.integers(1, 10_000)
)


@given(st.lists(happenings, max_size=25))
def test_nothing_unsettled_is_ever_without_a_next_step(sequence: list[Any]) -> None:
    alert, now = an_alert(), NOW
    for signal, actor, severity, wait in sequence:
        now += wait
        what = AlertEvent(signal, actor, reason="理由", until=now + 1_000, danger=replace(BURST, severity=severity))
        with suppress(InvalidTransition):
            alert = advance(alert, what, now, PACE).alert
        assert not has_no_next_step(alert)
        assert (alert.state in ACTIVE_STATES) <= (alert.wake_at is not None)


def test_actions_are_what_people_do() -> None:
    assert Signal.DEADLINE not in ACTIONS
    assert Signal.ACKNOWLEDGE in ACTIONS


@pytest.mark.parametrize("signal", [Signal.RECURRED, Signal.ADDED])
@pytest.mark.parametrize("state", [State.RESOLVED, State.VERIFIED, State.CLOSED])
def test_a_danger_on_a_settled_case_escalates_anew(signal: Signal, state: State) -> None:
    again = step(an_alert(state, owner="wang"), signal, SYSTEM, danger=BURST)
    assert (again.alert.state, again.alert.owner) == (State.OPEN, None)
    assert Effect.START_ESCALATION in again.effects
