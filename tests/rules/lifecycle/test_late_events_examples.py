"""What one late event is expanded to, case by case; the properties over whole histories are in test_late_events.py."""

from __future__ import annotations

from msgspec.structs import replace

from rules.lifecycle.late_events import expand_late_event, restart_time
from rules.lifecycle.state_machine import QUIET_STATE, RuleEvent, RuleState, RuleTiming, step
from rules.lifecycle.transitions import Phase, Signal

TIMING = RuleTiming(release_ms=100)


def state_after(*events: RuleEvent) -> RuleState:
    state = QUIET_STATE
    for event in events:
        state, _ = step(TIMING, state, event, event.at)
    return state


def signals(events: tuple[RuleEvent, ...]) -> list[tuple[Signal, int]]:
    return [(event.signal, event.at) for event in events]


def test_a_clear_between_two_dangers_ends_the_first_when_it_lasted_long_enough() -> None:
    state = state_after(RuleEvent(Signal.DANGER, 10), RuleEvent(Signal.DANGER, 300))
    expanded = expand_late_event(TIMING, state, RuleEvent(Signal.CLEAR, 50))
    assert signals(expanded) == [(Signal.RESET, 150), (Signal.DANGER, 300)]


def test_a_clear_too_short_before_the_next_danger_changes_nothing() -> None:
    state = state_after(RuleEvent(Signal.DANGER, 10), RuleEvent(Signal.DANGER, 300))
    assert signals(expand_late_event(TIMING, state, RuleEvent(Signal.CLEAR, 250))) == [(Signal.CLEAR, 250)]


def test_a_clear_received_before_is_repeated_after_the_dangers() -> None:
    state = state_after(RuleEvent(Signal.DANGER, 10), RuleEvent(Signal.DANGER, 300), RuleEvent(Signal.CLEAR, 310))
    assert state.phase is Phase.CLEARING
    expanded = expand_late_event(TIMING, state, RuleEvent(Signal.CLEAR, 50))
    assert signals(expanded) == [(Signal.RESET, 150), (Signal.DANGER, 300), (Signal.CLEAR, 310)]


def test_a_late_clear_without_a_later_danger_is_unchanged() -> None:
    state = replace(state_after(RuleEvent(Signal.DANGER, 10), RuleEvent(Signal.DANGER, 300)), danger_times=())
    assert signals(expand_late_event(TIMING, state, RuleEvent(Signal.CLEAR, 50))) == [(Signal.CLEAR, 50)]


def test_a_wait_that_elapsed_before_the_event_completes_first() -> None:
    state = state_after(RuleEvent(Signal.DANGER, 10), RuleEvent(Signal.CLEAR, 20))
    expanded = expand_late_event(TIMING, state, RuleEvent(Signal.DANGER, 500))
    assert signals(expanded) == [(Signal.RELEASE_ELAPSED, 120), (Signal.DANGER, 500)]


def test_a_late_clear_names_when_the_danger_began_again() -> None:
    state = state_after(RuleEvent(Signal.DANGER, 10), RuleEvent(Signal.DANGER, 300))
    assert restart_time(state, RuleEvent(Signal.CLEAR, 50)) == 300
    assert restart_time(state, RuleEvent(Signal.CLEAR, 310)) is None
    assert restart_time(QUIET_STATE, RuleEvent(Signal.CLEAR, 50)) is None
