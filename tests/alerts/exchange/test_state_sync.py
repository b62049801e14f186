"""What a change of state there means here: a table over direction, state and action."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from alerts.alert import State
from alerts.exchange.incoming import IncomingState
from alerts.exchange.mapping import IncomingAction
from alerts.exchange.messages import Direction, ReceivedOutcome
from alerts.exchange.state_sync import decide
from alerts.lifecycle.transitions import Signal
from tests.alerts.exchange.builders import T0, a_link, an_alert


def a_state(action: IncomingAction, version: int = 5, word: str = "词") -> IncomingState:
    return IncomingState("E1", word, action, version, T0, "原因", None)


@pytest.mark.parametrize(
    ("state", "action", "signals"),
    [
        (State.RESOLVED, IncomingAction.REOPEN, (Signal.REOPEN,)),
        (State.CLOSED, IncomingAction.REOPEN, (Signal.REOPEN,)),
        (State.OPEN, IncomingAction.REOPEN, ()),
        (State.RESOLVED, IncomingAction.VERIFY, (Signal.VERIFY,)),
        (State.OPEN, IncomingAction.VERIFY, ()),
        (State.RESOLVED, IncomingAction.CLOSE, (Signal.VERIFY, Signal.CLOSE)),
        (State.VERIFIED, IncomingAction.CLOSE, (Signal.CLOSE,)),
        (State.OPEN, IncomingAction.CLOSE, ()),
        (State.OPEN, IncomingAction.URGE, ()),
        (State.RESOLVED, IncomingAction.RESOLVE, ()),
    ],
)
def test_their_own_case_is_verified_closed_and_reopened_by_them(
    state: State, action: IncomingAction, signals: tuple[Signal, ...]
) -> None:
    decision = decide(a_link(), an_alert(state=state), a_state(action))

    assert decision.signals == signals
    assert decision.outcome is (ReceivedOutcome.APPLIED if signals else ReceivedOutcome.NOTED)


@pytest.mark.parametrize("returned_to", ["hotline", "system:hotline"])
@pytest.mark.parametrize(
    ("action", "applied"),
    [(IncomingAction.RESOLVE, True), (IncomingAction.REFUSE, True), (IncomingAction.ACCEPT, False)],
)
def test_a_case_that_is_theirs_is_answered_by_them(returned_to: str, action: IncomingAction, applied: bool) -> None:
    alert = an_alert(state=State.RETURNED, returned_to=returned_to)
    decision = decide(a_link(direction=Direction.OUT), alert, a_state(action))

    assert (decision.outcome is ReceivedOutcome.APPLIED) is applied


@pytest.mark.parametrize("alert", [{"state": State.OPEN}, {"state": State.RETURNED, "returned_to": "street"}])
def test_an_answer_to_what_is_no_longer_theirs_is_noted(alert: dict[str, Any]) -> None:
    for action in (IncomingAction.RESOLVE, IncomingAction.REFUSE):
        decision = decide(a_link(direction=Direction.OUT), an_alert(**alert), a_state(action))
        assert decision.outcome is ReceivedOutcome.NOTED


@given(known=st.integers(1, 9), version=st.integers(0, 9), action=st.sampled_from(list(IncomingAction)))
def test_what_is_late_or_repeated_changes_nothing(known: int, version: int, action: IncomingAction) -> None:
    link = a_link(their_version=known, state="词")
    decision = decide(link, an_alert(state=State.RESOLVED), a_state(action, version))

    if version < known:
        assert decision.outcome is ReceivedOutcome.OUT_OF_ORDER
    elif version == known:
        assert decision.outcome is ReceivedOutcome.REPEATED
    else:
        assert decision.outcome in (ReceivedOutcome.APPLIED, ReceivedOutcome.NOTED)
    assert decision.outcome is ReceivedOutcome.APPLIED or not decision.signals


@given(st.permutations([*range(1, 7), *range(1, 7)]))
def test_in_whatever_order_and_however_often_changes_arrive_the_newest_counts_last(order: list[int]) -> None:
    link, alert = a_link(), an_alert(state=State.RESOLVED)
    applied = []
    for version in order:
        event = a_state(IncomingAction.NOTE, version, f"词{version}")
        if decide(link, alert, event).outcome is ReceivedOutcome.NOTED:
            applied.append(version)
            link = replace(link, state=event.state, their_version=version)

    assert (link.state, applied) == ("词6", sorted(set(applied)))
