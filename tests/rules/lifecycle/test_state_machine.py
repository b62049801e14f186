"""The state machine of a rule: the table is total, waits count in event time, late events change nothing newer."""

from __future__ import annotations

from itertools import product

import pytest

from domain import Evidence, FindingPhase, Severity
from rules.lifecycle.state_machine import (
    NO_EFFECTS,
    QUIET_STATE,
    Effect,
    RuleEvent,
    RuleState,
    RuleTiming,
    step,
    timer_event,
)
from rules.lifecycle.transitions import TRANSITIONS, Phase, Signal, diagram

GAS = RuleTiming(hold_ms=30, release_ms=60, stale_after_ms=1000)


def run(
    timing: RuleTiming, *events: RuleEvent, state: RuleState = QUIET_STATE
) -> tuple[RuleState, list[tuple[str, int]]]:
    """Applies events, each received at its event time. Returns the last state and the effects as (phase, at)."""
    emitted: list[tuple[str, int]] = []
    for event in events:
        state, effects = step(timing, state, event, event.at)
        emitted += [(effect.phase.value, effect.at) for effect in effects]
    return state, emitted


def danger(at: int, severity: Severity = Severity.HIGH, late: bool = False) -> RuleEvent:
    return RuleEvent(Signal.DANGER, at, severity, late)


def clear(at: int, late: bool = False) -> RuleEvent:
    return RuleEvent(Signal.CLEAR, at, late=late)


def test_the_table_has_a_transition_for_every_phase_and_signal() -> None:
    assert set(product(Phase, Signal)) == set(TRANSITIONS)


def test_only_danger_leaves_quiet_and_only_cancel_and_reset_lead_from_firing_to_quiet() -> None:
    leaving_quiet = {signal for signal in Signal if TRANSITIONS[Phase.QUIET, signal] is not Phase.QUIET}
    ending = {signal for signal in Signal if TRANSITIONS[Phase.FIRING, signal] is Phase.QUIET}
    assert leaving_quiet == {Signal.DANGER}
    assert ending == {Signal.CANCEL, Signal.RESET}
    assert TRANSITIONS[Phase.FIRING, Signal.WENT_SILENT] is Phase.STALE


def test_the_diagram_shows_every_transition_of_the_table() -> None:
    drawn = diagram()
    assert drawn.startswith("stateDiagram-v2\n    [*] --> quiet\n")
    for (phase, signal), target in TRANSITIONS.items():
        if phase is not target:
            line = next(line for line in drawn.splitlines() if f" {phase} --> {target}:" in line)
            assert signal.value in line


@pytest.mark.parametrize("signal", [signal for signal in Signal if signal is not Signal.DANGER])
def test_a_quiet_state_stays_the_same_object_and_emits_nothing(signal: Signal) -> None:
    assert step(GAS, QUIET_STATE, RuleEvent(signal, 5), 5) == (QUIET_STATE, NO_EFFECTS)
    assert step(GAS, QUIET_STATE, RuleEvent(signal, 5), 5)[0] is QUIET_STATE


def test_a_lasting_danger_begins_and_a_lasting_clear_ends() -> None:
    state, effects = run(GAS, danger(10), danger(20), danger(40), clear(70), clear(130))
    assert effects == [("began", 40), ("ended", 130)]
    assert state is QUIET_STATE


def test_without_hold_and_release_a_finding_begins_and_ends_at_once() -> None:
    assert run(RuleTiming(), danger(10), clear(11))[1] == [("began", 10), ("ended", 11)]


def test_a_danger_that_ends_within_its_hold_is_dropped() -> None:
    for event in (clear(30), RuleEvent(Signal.DEADBAND, 30), RuleEvent(Signal.CANCEL, 30), RuleEvent(Signal.RESET, 30)):
        assert run(GAS, danger(10), event) == (QUIET_STATE, [])


def test_the_same_event_twice_changes_nothing() -> None:
    state, _ = run(GAS, danger(10))
    assert step(GAS, state, danger(10), 10) == (state, NO_EFFECTS)
    firing, _ = run(GAS, danger(10), danger(40))
    assert step(GAS, firing, danger(40), 40)[0] is firing
    between, _ = run(GAS, danger(10), danger(40), RuleEvent(Signal.DEADBAND, 50))
    assert step(GAS, between, RuleEvent(Signal.DEADBAND, 50), 50)[0] is between
    clearing, _ = run(GAS, danger(10), danger(40), clear(50))
    assert step(GAS, clearing, clear(50), 50)[0] is clearing


def test_timers_complete_holds_and_releases_only() -> None:
    pending, _ = run(GAS, danger(10))
    held = timer_event(GAS, pending)
    assert pending.wake_at == 40
    assert held == RuleEvent(Signal.HOLD_ELAPSED, 40)
    firing, effects = run(GAS, held, state=pending)
    assert effects == [("began", 40)]
    assert firing.wake_at == 40 + 1000
    assert timer_event(GAS, firing) is None
    clearing, _ = run(GAS, clear(50), state=firing)
    assert timer_event(GAS, clearing) == RuleEvent(Signal.RELEASE_ELAPSED, 110)


def test_a_hold_that_needs_readings_has_no_timer() -> None:
    state, _ = run(RuleTiming(hold_ms=30, hold_fires_on_timer=False), danger(10))
    assert state.wake_at is None
    assert run(RuleTiming(hold_ms=30, hold_fires_on_timer=False), danger(10), danger(40))[1] == [("began", 40)]


def test_a_hold_that_needs_readings_starts_again_after_a_silence() -> None:
    seen = RuleTiming(hold_ms=30, hold_fires_on_timer=False, stale_after_ms=100)
    state, effects = run(seen, danger(10), danger(111), danger(130))
    assert (state.since, effects) == (111, [])
    assert run(seen, danger(10), danger(110))[1] == [("began", 110)]


def test_between_the_limits_a_release_starts_again() -> None:
    events = (danger(0), danger(30), clear(40), RuleEvent(Signal.DEADBAND, 60), clear(80), clear(130), clear(140))
    assert run(GAS, *events)[1] == [("began", 30), ("ended", 140)]


def test_silence_while_firing_is_stale_until_the_next_event() -> None:
    stale, effects = run(GAS, danger(0), danger(30), RuleEvent(Signal.WENT_SILENT, 500))
    assert (stale.phase, stale.wake_at) == (Phase.STALE, None)
    assert effects[-1] == ("stale", 500)
    assert run(GAS, danger(600), state=stale)[1] == [("graded", 600)]
    assert run(GAS, RuleEvent(Signal.NO_DATA, 600), state=stale)[1] == [("graded", 600)]
    assert run(GAS, clear(600), clear(660), state=stale)[1] == [("ended", 660)]
    assert run(GAS, RuleEvent(Signal.HOLD_ELAPSED, 600), state=stale) == (stale, [])
    later_events, effects = run(GAS, danger(5, late=True), state=stale)
    assert (later_events.phase, effects) == (Phase.FIRING, [("graded", 5)])


def test_silence_during_the_release_is_stale_too() -> None:
    assert run(GAS, danger(0), danger(30), clear(40), RuleEvent(Signal.WENT_SILENT, 50))[1][-1] == ("stale", 50)


def test_a_cancel_withdraws_and_a_reset_ends() -> None:
    assert run(RuleTiming(release_ms=60), danger(0), RuleEvent(Signal.CANCEL, 5))[1] == [("began", 0), ("withdrawn", 5)]
    assert run(RuleTiming(release_ms=60), danger(0), RuleEvent(Signal.RESET, 5))[1] == [("began", 0), ("ended", 5)]


def test_a_momentary_event_ends_without_effect_and_may_begin_again() -> None:
    sos = RuleTiming(release_ms=60, momentary=True)
    later_events = (
        danger(0),
        clear(0),
        danger(50),
        clear(50),
        RuleEvent(Signal.RELEASE_ELAPSED, 110),
        danger(200),
        clear(200),
    )
    assert run(sos, *later_events)[1] == [("began", 0), ("began", 200)]
    assert run(sos, danger(0), clear(0), RuleEvent(Signal.RESET, 5))[1] == [("began", 0), ("ended", 5)]


def test_a_latched_rule_ignores_all_clears() -> None:
    latched = RuleTiming(latch=True)
    state, effects = run(latched, danger(0), clear(10), clear(1000))
    assert effects == [("began", 0)]
    assert run(latched, RuleEvent(Signal.RESET, 2000), state=state)[1] == [("ended", 2000)]
    assert run(RuleTiming(hold_ms=30, latch=True), danger(0), clear(10)) == (QUIET_STATE, [])


def test_severity_rises_at_once_and_falls_after_the_release() -> None:
    high, critical = Severity.HIGH, Severity.CRITICAL
    events = [danger(0, high), danger(30, high), danger(40, critical), danger(50, high), danger(60, critical)]
    state, effects = run(GAS, *events, danger(100, high), danger(120, high))
    assert effects == [("began", 30), ("graded", 40), ("graded", 120)]
    assert state.severity is high
    assert state.peak_at == 120


def test_severity_may_rise_during_the_hold_without_an_effect() -> None:
    pending, effects = run(GAS, danger(0), danger(10, Severity.CRITICAL))
    assert effects == []
    assert pending.severity is Severity.CRITICAL


def test_a_danger_that_returns_with_a_higher_severity_is_emitted_again() -> None:
    events = (danger(0), danger(30), clear(40), danger(50, Severity.CRITICAL))
    state, effects = run(GAS, *events)
    assert effects == [("began", 30), ("graded", 50)]
    assert state.severity is Severity.CRITICAL


def test_a_late_all_clear_ends_nothing_newer() -> None:
    firing, _ = run(GAS, danger(100), danger(130))
    assert step(GAS, firing, clear(50, late=True), 131) == (firing, NO_EFFECTS)
    assert step(GAS, firing, clear(120, late=True), 131) == (firing, NO_EFFECTS)


def test_a_late_contradiction_within_a_wait_restarts_the_wait_at_the_newest_event() -> None:
    pending, _ = run(GAS, danger(100), danger(120))
    late_state, effects = step(GAS, pending, clear(110, late=True), 125)
    assert (late_state.since, late_state.wake_at, effects) == (120, 155, NO_EFFECTS)
    assert step(GAS, pending, clear(100, late=True), 125) == (pending, NO_EFFECTS)
    assert step(GAS, pending, danger(90, late=True), 125) == (pending, NO_EFFECTS)
    clearing, _ = run(GAS, danger(0), danger(30), clear(100), clear(120))
    late_state, effects = step(GAS, clearing, danger(110, late=True), 125)
    assert (late_state.phase, late_state.since, late_state.wake_at, effects) == (Phase.CLEARING, 120, 185, NO_EFFECTS)
    assert step(GAS, clearing, clear(110, late=True), 125) == (clearing, NO_EFFECTS)
    late_state, effects = step(GAS, clearing, danger(90, late=True), 125)
    assert (late_state.phase, late_state.since, late_state.danger_times, effects) == (
        Phase.CLEARING,
        100,
        (0, 30, 90),
        NO_EFFECTS,
    )


def test_a_late_contradiction_of_a_hold_that_needs_readings_has_no_timer() -> None:
    seen = RuleTiming(hold_ms=30, hold_fires_on_timer=False)
    pending, _ = run(seen, danger(100), danger(120))
    assert step(seen, pending, clear(110, late=True), 125)[0].wake_at is None


def test_late_events_are_never_completed_by_events_in_time() -> None:
    assert run(GAS, danger(10, late=True), danger(40, late=True))[1] == [("began", 40)]
    state, effects = run(GAS, danger(10, late=True), danger(100))
    assert effects == []
    assert (state.since, state.late) == (100, False)


def test_an_effect_has_the_evidence_of_its_event_or_of_the_begin() -> None:
    hot, cool = (Evidence("lel_pct", value, "%LEL", 10, 0) for value in (12, 3))
    state, _ = step(RuleTiming(), QUIET_STATE, RuleEvent(Signal.DANGER, 0, Severity.HIGH, evidence=(hot,)), 0)
    assert state.evidence == (hot,)
    _, effects = step(RuleTiming(), state, RuleEvent(Signal.CLEAR, 9, evidence=(cool,)), 9)
    assert effects == (Effect(FindingPhase.ENDED, 9, effects[0].state),)
    assert effects[0].state.evidence == (cool,)
    _, effects = step(RuleTiming(), state, RuleEvent(Signal.RESET, 9), 9)
    assert effects[0].state.evidence == (hot,)
