"""The lifecycle of an alert: the whole table, and the effects of each step."""

from __future__ import annotations

from contextlib import suppress
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from alerts.alert import (
    ACTIVE_STATES,
    OWNED_STATES,
    SYSTEM,
    Actor,
    Alert,
    Helper,
    ResponseSource,
    State,
    has_no_next_step,
)
from alerts.lifecycle.advance import advance
from alerts.lifecycle.danger import Danger
from alerts.lifecycle.event import AlertEvent, Deadlines, Effect, InvalidField, InvalidTransition, Step
from alerts.lifecycle.preconditions import allowed_actions, requires_verification
from alerts.lifecycle.transitions import ACTIONS, TRANSITIONS, ActionRefusal, Signal, diagram
from domain import Ledger, Severity, Subject

DEADLINES = Deadlines(
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


def alert_with(state: State = State.OPEN, **changes: Any) -> Alert:
    defaults = Alert(
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
    return replace(defaults, **changes)


def step(alert: Alert, signal: Signal, actor: Actor = WANG, **more: Any) -> Step:
    return advance(alert, AlertEvent(signal, actor, **more), NOW, DEADLINES)


def test_the_table_has_a_transition_for_every_state_and_signal() -> None:
    assert set(TRANSITIONS) == set(product(State, Signal))


def test_every_refusal_has_a_text(catalog: Any) -> None:
    assert {refusal.value for refusal in ActionRefusal} == set(catalog.refusals)


def test_the_diagram_is_printed_from_the_table() -> None:
    lines = diagram().splitlines()
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> open"]
    assert "    open --> acknowledged: acknowledge" in lines
    assert "    resolved --> verified: verify" in lines
    assert not [line for line in lines if "open --> open" in line]


def test_an_acknowledgement_starts_the_arrival_deadline_and_notifies() -> None:
    alert, effects = step(alert_with(), Signal.ACKNOWLEDGE).alert, step(alert_with(), Signal.ACKNOWLEDGE).effects
    assert (alert.state, alert.owner, alert.owner_name, alert.taken_at) == (State.ACKNOWLEDGED, "wang", "王芳", NOW)
    assert (alert.climb_at, alert.due_at) == (None, NOW + DEADLINES.arrive_ms)
    assert effects == (Effect.CANCEL_PENDING, Effect.NOTIFY_ACKNOWLEDGED)


def test_a_repeated_action_of_the_same_person_changes_nothing() -> None:
    taken = alert_with(State.ACKNOWLEDGED, owner="wang")
    assert step(taken, Signal.ACKNOWLEDGE) == Step(taken)
    declined = alert_with(passed=("wang",))
    assert step(declined, Signal.DECLINE) == Step(declined)


def test_an_acknowledgement_of_a_taken_alert_is_refused() -> None:
    with pytest.raises(InvalidTransition) as refused:
        step(alert_with(State.ACKNOWLEDGED, owner="wang"), Signal.ACKNOWLEDGE, LI)
    assert refused.value.refusal is ActionRefusal.ALREADY_TAKEN


def test_an_acknowledgement_expires_without_an_arrival() -> None:
    taken = alert_with(State.ACKNOWLEDGED, owner="wang", owner_name="王芳", taken_at=1)
    result = step(taken, Signal.DEADLINE, SYSTEM)
    assert (result.alert.state, result.alert.owner, result.effects) == (
        State.OPEN,
        None,
        (Effect.ESCALATE, Effect.NOTIFY_FORMER_OWNER),
    )


def test_an_arrival_acknowledges_too() -> None:
    result = step(alert_with(), Signal.ARRIVE)
    assert (result.alert.state, result.alert.owner) == (State.ON_SITE, "wang")
    assert result.alert.due_at == NOW + DEADLINES.resolve_ms
    assert result.effects == (Effect.CANCEL_PENDING, Effect.NOTIFY_ACKNOWLEDGED)
    acknowledged = step(alert_with(State.ACKNOWLEDGED, owner="wang"), Signal.ARRIVE)
    assert (acknowledged.alert.state, acknowledged.effects) == (State.ON_SITE, (Effect.UPDATE_OWNER_CARD,))


def test_the_handler_may_not_verify_their_own_work() -> None:
    done = step(alert_with(State.ON_SITE, owner="wang"), Signal.RESOLVE)
    notified = (Effect.CANCEL_PENDING, Effect.NOTIFY_RESOLVED)
    assert done.effects == (*notified, Effect.ASK_VERIFIER, Effect.ASK_DISPOSITION)
    with pytest.raises(InvalidTransition) as refused:
        step(done.alert, Signal.VERIFY)
    assert refused.value.refusal is ActionRefusal.SAME_PERSON
    assert step(done.alert, Signal.VERIFY, LI).alert.state is State.VERIFIED


def test_a_serious_danger_is_closed_only_after_it_was_verified() -> None:
    resolved = alert_with(State.RESOLVED, handler="wang")
    with pytest.raises(InvalidTransition) as refused:
        step(resolved, Signal.CLOSE)
    assert refused.value.refusal is ActionRefusal.NEEDS_VERIFYING
    assert "close" not in allowed_actions(resolved)
    low_alert = replace(resolved, severity=Severity.LOW)
    assert not requires_verification(low_alert)
    assert "close" in allowed_actions(low_alert)
    with pytest.raises(InvalidField) as missing:
        step(low_alert, Signal.CLOSE)
    assert missing.value.field == "disposition"
    closed = step(low_alert, Signal.CLOSE, disposition="false_alarm").alert
    assert (closed.state, closed.wake_at, closed.disposition) == (State.CLOSED, None, "false_alarm")
    assert allowed_actions(closed) == ("reopen", "conclude", "comment")


def test_declining_calls_the_next_person_at_once() -> None:
    result = step(alert_with(), Signal.DECLINE)
    assert (result.alert.passed, result.effects) == (("wang",), (Effect.NOTIFY_NEXT_PERSON,))
    taken = alert_with(State.ACKNOWLEDGED, owner="wang")
    reopened = step(taken, Signal.DECLINE).alert
    assert (reopened.state, reopened.owner) == (State.OPEN, None)
    with pytest.raises(InvalidTransition) as refused:
        step(taken, Signal.DECLINE, LI)
    assert refused.value.refusal is ActionRefusal.NOT_YOURS


def test_a_return_needs_a_reason_and_escalates_at_once() -> None:
    with pytest.raises(InvalidField) as missing:
        step(alert_with(), Signal.RETURN)
    assert missing.value.field == "reason"
    result = step(alert_with(passed=("wang",)), Signal.RETURN, reason="在隔壁社区")
    assert (result.alert.state, result.alert.passed) == (State.RETURNED, ("wang",))
    assert result.effects == (Effect.CANCEL_PENDING, Effect.ESCALATE)


@pytest.mark.parametrize("until", [None, NOW, NOW - 1, NOW + DEADLINES.shelve_max_ms + 1])
def test_shelving_needs_an_end_within_a_day(until: int | None) -> None:
    with pytest.raises(InvalidField) as wrong:
        step(alert_with(), Signal.SHELVE, reason="检修", until=until)
    assert wrong.value.field == "until"


def test_a_shelved_alert_reopens_at_its_end() -> None:
    shelved = step(alert_with(), Signal.SHELVE, reason="检修", until=NOW + 5).alert
    assert (shelved.state, shelved.wake_at) == (State.SHELVED, NOW + 5)
    reopened = step(shelved, Signal.DEADLINE, SYSTEM)
    assert (reopened.alert.state, reopened.alert.round, reopened.effects) == (
        State.OPEN,
        1,
        (Effect.CANCEL_PENDING, Effect.START_ESCALATION),
    )


def test_a_recovered_danger_stays_open() -> None:
    recovered = step(alert_with(stale=True), Signal.RECOVERED, SYSTEM).alert
    assert (recovered.state, recovered.recovered_at, recovered.stale) == (State.OPEN, NOW, False)
    assert recovered.wake_at == NOW


def test_a_recovered_device_closes_its_health_alert_unless_it_is_taken() -> None:
    assert step(alert_with(), Signal.HEALTH_RECOVERED, SYSTEM).alert.state is State.CLOSED
    assert step(alert_with(State.ACKNOWLEDGED), Signal.HEALTH_RECOVERED, SYSTEM).alert.state is State.ACKNOWLEDGED


def test_a_raised_severity_starts_the_ladder_again() -> None:
    medium_alert = alert_with(severity=Severity.MEDIUM, rung=2, recovered_at=5)
    raised = step(medium_alert, Signal.SEVERITY_RAISED, SYSTEM, danger=BURST)
    assert (raised.alert.severity, raised.alert.title, raised.alert.rung) == (Severity.CRITICAL, "爆管", -1)
    assert raised.alert.recovered_at is None
    assert raised.effects == (Effect.CANCEL_PENDING, Effect.START_ESCALATION)
    assert (raised.alert.danger_at, raised.alert.ladder_rule, raised.alert.hazard) == (7, "water-burst", "water")


@pytest.mark.parametrize(
    ("state", "signal", "remain"),
    [
        (State.ACKNOWLEDGED, Signal.SEVERITY_RAISED, True),
        (State.RESOLVED, Signal.REOPEN, False),
        (State.VERIFIED, Signal.SEVERITY_RAISED, False),
        (State.SHELVED, Signal.DEADLINE, False),
    ],
)
def test_who_assists_remains_while_the_case_was_not_dealt_with(state: State, signal: Signal, remain: bool) -> None:
    helpers = (Helper("near", "何近", "volunteer", NOW - 1),)
    owned = {"owner": "wang"} if state is State.ACKNOWLEDGED else {}
    alert = alert_with(state, severity=Severity.MEDIUM, helpers=helpers, due_at=NOW, **owned)
    again = step(alert, signal, SYSTEM, danger=BURST, reason="还在漏").alert
    assert (again.state, again.round) == (State.OPEN, alert.round + 1)
    assert again.helpers == (helpers if remain else ())


def test_a_raised_severity_reopens_a_taken_alert() -> None:
    taken = alert_with(State.ACKNOWLEDGED, severity=Severity.MEDIUM, owner="wang")
    raised = step(taken, Signal.SEVERITY_RAISED, SYSTEM, danger=BURST)
    assert (raised.alert.state, raised.alert.owner, raised.alert.due_at) == (State.OPEN, None, NOW + DEADLINES.take_ms)
    assert raised.effects == (Effect.CANCEL_PENDING, Effect.START_ESCALATION, Effect.NOTIFY_OWNER)
    on_site = step(alert_with(State.ON_SITE, owner="wang"), Signal.SEVERITY_RAISED, SYSTEM, danger=BURST)
    assert (on_site.alert.state, on_site.alert.title, on_site.effects) == (
        State.ON_SITE,
        "爆管",
        (Effect.NOTIFY_JOINED,),
    )


@pytest.mark.parametrize(
    ("state", "state_after", "effects"),
    [
        (State.OPEN, State.OPEN, (Effect.CALL_NEXT_RANK_OR_RUNG,)),
        (State.RETURNED, State.RETURNED, (Effect.CALL_NEXT_RANK_OR_RUNG,)),
        (State.ON_SITE, State.ON_SITE, (Effect.NOTIFY_OVERDUE,)),
        (State.RESOLVED, State.RESOLVED, (Effect.NOTIFY_OVERDUE,)),
        (State.VERIFIED, State.CLOSED, (Effect.CANCEL_PENDING,)),
    ],
)
def test_the_deadline_of_each_state(state: State, state_after: State, effects: tuple[Effect, ...]) -> None:
    result = step(alert_with(state), Signal.DEADLINE, SYSTEM)
    assert (result.alert.state, result.effects) == (state_after, effects)


def test_an_assignment_reopens_the_alert() -> None:
    result = step(alert_with(State.ON_SITE, owner="wang"), Signal.ASSIGN, LI)
    assert (result.alert.state, result.alert.owner, result.alert.round) == (State.OPEN, None, 1)


def test_refusals_have_readable_reasons() -> None:
    assert str(InvalidTransition(ActionRefusal.CLOSED)) == "closed"
    assert str(InvalidTransition(ActionRefusal.CLOSED, "已结案")) == "已结案"


event_values = st.tuples(
    st.sampled_from(list(Signal)), st.sampled_from([WANG, LI]), st.sampled_from(list(Severity)), st.integers(1, 10_000)
)


@given(st.lists(event_values, max_size=25))
def test_every_unsettled_alert_has_a_next_step(sequence: list[Any]) -> None:
    alert, now = alert_with(), NOW
    for signal, actor, severity, wait in sequence:
        now += wait
        event = AlertEvent(signal, actor, reason="理由", until=now + 1_000, danger=replace(BURST, severity=severity))
        to = {Signal.RETURN: "street", Signal.MERGE: "7"}.get(signal) if severity is not Severity.LOW else None
        event = replace(event, to=to, disposition="real" if severity is Severity.HIGH else None)
        asked = replace(alert, verify_at=now) if alert.state is State.RESOLVED else alert
        with suppress(InvalidTransition, InvalidField):
            alert = advance(asked, event, now, replace(DEADLINES, realarm_ms=900_000)).alert
        assert not has_no_next_step(alert)
        assert (alert.state in ACTIVE_STATES) <= (alert.next_deadline is not None)
        assert (alert.returned_to is not None) <= (alert.state is State.RETURNED)
        assert (alert.overdue_since is None) == (alert.overdue_what == "")
        assert (alert.verify_at is not None) <= (alert.state is State.RESOLVED)
        assert (alert.supervise_at is not None) <= (alert.overdue_since is not None)
        assert (alert.realarm_at is not None) <= (alert.state in OWNED_STATES)


def test_actions_are_the_signals_of_people() -> None:
    assert Signal.DEADLINE not in ACTIONS
    assert Signal.ACKNOWLEDGE in ACTIONS


@pytest.mark.parametrize("signal", [Signal.RECURRED, Signal.ADDED])
@pytest.mark.parametrize("state", [State.RESOLVED, State.VERIFIED, State.CLOSED])
def test_a_danger_on_a_settled_alert_escalates_again(signal: Signal, state: State) -> None:
    reopened = step(alert_with(state, owner="wang"), signal, SYSTEM, danger=BURST)
    assert (reopened.alert.state, reopened.alert.owner) == (State.OPEN, None)
    assert Effect.START_ESCALATION in reopened.effects


@pytest.mark.parametrize(
    ("alert", "possible", "impossible"),
    [
        (alert_with(State.RETURNED), "pass", "back"),
        (alert_with(State.RETURNED, returned_to="department"), "back", "pass"),
        (alert_with(State.CLOSED, merged_into=7), "comment", "reopen"),
        (alert_with(State.RESOLVED, severity=Severity.CRITICAL), "verify", "close"),
        (alert_with(State.ON_SITE, owner="wang"), "reinforce", "acknowledge"),
        (alert_with(State.ON_SITE, owner="wang", people_needed=2), "acknowledge", "close"),
        (alert_with(State.OPEN), "acknowledge", "reinforce"),
    ],
)
def test_buttons_are_offered_for_what_is_possible(alert: Alert, possible: str, impossible: str) -> None:
    actions = allowed_actions(alert)
    assert possible in actions
    assert impossible not in actions


@pytest.mark.parametrize(("state", "signal"), [(State.ON_SITE, Signal.RESOLVE), (State.OPEN, Signal.SHELVE)])
def test_an_order_ends_with_the_work_that_was_ordered(state: State, signal: Signal) -> None:
    ordered = alert_with(state, owner="wang", order_until=NOW + 5)
    done = step(ordered, signal, reason="检修", until=NOW + 5)
    assert done.alert.order_until is None
    assert step(ordered, Signal.RECOVERED, SYSTEM).alert.order_until == NOW + 5


def test_an_alert_given_back_to_the_ladder_is_not_given_back_once_more() -> None:
    """Nobody has it: without a body to hand it to there is nothing to return."""
    with pytest.raises(InvalidTransition) as refused:
        step(alert_with(State.RETURNED), Signal.RETURN, reason="不归我管")
    assert refused.value.refusal is ActionRefusal.RETURNED
    handed = step(alert_with(State.RETURNED), Signal.RETURN, reason="请社区办", to="community")
    assert (handed.alert.returned_to, handed.effects[-1]) == ("community", Effect.NOTIFY_BODY)
