"""The law: the table is total, waits are kept in event time, late words move nothing that is newer."""

from __future__ import annotations

from itertools import product

import pytest

from domain import Evidence, Severity
from domain import FindingPhase as Said
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
    patience: RuleTiming, *words: RuleEvent, watch: RuleState = QUIET_STATE
) -> tuple[RuleState, list[tuple[str, int]]]:
    """Plays words; a word's journal time is its event time. Gives the last watch and what was told, when."""
    findings: list[tuple[str, int]] = []
    for word in words:
        watch, effects = step(patience, watch, word, word.at)
        findings += [(effect.phase.value, effect.at) for effect in effects]
    return watch, findings


def danger(at: int, severity: Severity = Severity.HIGH, late: bool = False) -> RuleEvent:
    return RuleEvent(Signal.DANGER, at, severity, late)


def clear(at: int, late: bool = False) -> RuleEvent:
    return RuleEvent(Signal.CLEAR, at, late=late)


def test_the_table_has_an_answer_for_every_phase_and_signal() -> None:
    assert set(product(Phase, Signal)) == set(TRANSITIONS)


def test_only_danger_leaves_quiet_and_only_a_clear_word_a_cancel_or_a_reset_leads_out_of_firing() -> None:
    leaving_quiet = {signal for signal in Signal if TRANSITIONS[Phase.QUIET, signal] is not Phase.QUIET}
    ending = {signal for signal in Signal if TRANSITIONS[Phase.FIRING, signal] is Phase.QUIET}
    assert leaving_quiet == {Signal.DANGER}
    assert ending == {Signal.CANCEL, Signal.RESET}
    assert TRANSITIONS[Phase.FIRING, Signal.WENT_SILENT] is Phase.STALE


def test_the_diagram_shows_every_change_of_the_table() -> None:
    drawn = diagram()
    assert drawn.startswith("stateDiagram-v2\n    [*] --> quiet\n")
    for (phase, signal), target in TRANSITIONS.items():
        if phase is not target:
            line = next(line for line in drawn.splitlines() if f" {phase} --> {target}:" in line)
            assert signal.value in line


@pytest.mark.parametrize("signal", [signal for signal in Signal if signal is not Signal.DANGER])
def test_a_quiet_watch_stays_the_same_object_and_tells_nothing(signal: Signal) -> None:
    assert step(GAS, QUIET_STATE, RuleEvent(signal, 5), 5) == (QUIET_STATE, NO_EFFECTS)
    assert step(GAS, QUIET_STATE, RuleEvent(signal, 5), 5)[0] is QUIET_STATE


def test_danger_that_lasts_begins_and_a_clear_that_lasts_ends() -> None:
    watch, told = run(GAS, danger(10), danger(20), danger(40), clear(70), clear(130))
    assert told == [("began", 40), ("ended", 130)]
    assert watch is QUIET_STATE


def test_without_hold_and_release_it_begins_and_ends_at_once() -> None:
    assert run(RuleTiming(), danger(10), clear(11))[1] == [("began", 10), ("ended", 11)]


def test_a_danger_contradicted_before_its_hold_is_forgotten() -> None:
    for word in (clear(30), RuleEvent(Signal.DEADBAND, 30), RuleEvent(Signal.CANCEL, 30), RuleEvent(Signal.RESET, 30)):
        assert run(GAS, danger(10), word) == (QUIET_STATE, [])


def test_the_same_word_twice_changes_nothing() -> None:
    watch, _ = run(GAS, danger(10))
    assert step(GAS, watch, danger(10), 10) == (watch, NO_EFFECTS)
    firing, _ = run(GAS, danger(10), danger(40))
    assert step(GAS, firing, danger(40), 40)[0] is firing
    between, _ = run(GAS, danger(10), danger(40), RuleEvent(Signal.DEADBAND, 50))
    assert step(GAS, between, RuleEvent(Signal.DEADBAND, 50), 50)[0] is between
    clearing, _ = run(GAS, danger(10), danger(40), clear(50))
    assert step(GAS, clearing, clear(50), 50)[0] is clearing


def test_time_completes_a_hold_and_a_release_and_knows_nothing_of_silence() -> None:
    pending, _ = run(GAS, danger(10))
    held = timer_event(GAS, pending)
    assert pending.wake_at == 40
    assert held == RuleEvent(Signal.HOLD_ELAPSED, 40)
    firing, told = run(GAS, held, watch=pending)
    assert told == [("began", 40)]
    assert firing.wake_at == 40 + 1000
    assert timer_event(GAS, firing) is None
    clearing, _ = run(GAS, clear(50), watch=firing)
    assert timer_event(GAS, clearing) == RuleEvent(Signal.RELEASE_ELAPSED, 110)


def test_a_hold_that_must_be_seen_owes_no_wake_up() -> None:
    watch, _ = run(RuleTiming(hold_ms=30, hold_fires_on_timer=False), danger(10))
    assert watch.wake_at is None
    assert run(RuleTiming(hold_ms=30, hold_fires_on_timer=False), danger(10), danger(40))[1] == [("began", 40)]


def test_a_hold_that_must_be_seen_starts_again_after_a_silence() -> None:
    seen = RuleTiming(hold_ms=30, hold_fires_on_timer=False, stale_after_ms=100)
    watch, told = run(seen, danger(10), danger(111), danger(130))
    assert (watch.since, told) == (111, [])
    assert run(seen, danger(10), danger(110))[1] == [("began", 110)]


def test_between_the_limits_a_release_starts_again() -> None:
    words = (danger(0), danger(30), clear(40), RuleEvent(Signal.DEADBAND, 60), clear(80), clear(130), clear(140))
    assert run(GAS, *words)[1] == [("began", 30), ("ended", 140)]


def test_silence_while_firing_is_stale_and_the_next_word_takes_it_up_again() -> None:
    stale, told = run(GAS, danger(0), danger(30), RuleEvent(Signal.WENT_SILENT, 500))
    assert (stale.phase, stale.wake_at) == (Phase.STALE, None)
    assert told[-1] == ("stale", 500)
    assert run(GAS, danger(600), watch=stale)[1] == [("graded", 600)]
    assert run(GAS, RuleEvent(Signal.NO_DATA, 600), watch=stale)[1] == [("graded", 600)]
    assert run(GAS, clear(600), clear(660), watch=stale)[1] == [("ended", 660)]
    assert run(GAS, RuleEvent(Signal.HOLD_ELAPSED, 600), watch=stale) == (stale, [])
    again, told = run(GAS, danger(5, late=True), watch=stale)
    assert (again.phase, told) == (Phase.FIRING, [("graded", 5)])


def test_silence_while_the_all_clear_waits_is_stale_too() -> None:
    assert run(GAS, danger(0), danger(30), clear(40), RuleEvent(Signal.WENT_SILENT, 50))[1][-1] == ("stale", 50)


def test_a_cancel_withdraws_and_a_reset_ends() -> None:
    assert run(RuleTiming(release_ms=60), danger(0), RuleEvent(Signal.CANCEL, 5))[1] == [("began", 0), ("withdrawn", 5)]
    assert run(RuleTiming(release_ms=60), danger(0), RuleEvent(Signal.RESET, 5))[1] == [("began", 0), ("ended", 5)]


def test_an_event_is_forgotten_without_a_word_and_may_happen_anew() -> None:
    sos = RuleTiming(release_ms=60, momentary=True)
    again = (
        danger(0),
        clear(0),
        danger(50),
        clear(50),
        RuleEvent(Signal.RELEASE_ELAPSED, 110),
        danger(200),
        clear(200),
    )
    assert run(sos, *again)[1] == [("began", 0), ("began", 200)]
    assert run(sos, danger(0), clear(0), RuleEvent(Signal.RESET, 5))[1] == [("began", 0), ("ended", 5)]


def test_a_latched_rule_hears_no_all_clear() -> None:
    latched = RuleTiming(latch=True)
    watch, told = run(latched, danger(0), clear(10), clear(1000))
    assert told == [("began", 0)]
    assert run(latched, RuleEvent(Signal.RESET, 2000), watch=watch)[1] == [("ended", 2000)]
    assert run(RuleTiming(hold_ms=30, latch=True), danger(0), clear(10)) == (QUIET_STATE, [])


def test_severity_goes_up_at_once_and_down_only_after_release() -> None:
    high, critical = Severity.HIGH, Severity.CRITICAL
    words = [danger(0, high), danger(30, high), danger(40, critical), danger(50, high), danger(60, critical)]
    watch, told = run(GAS, *words, danger(100, high), danger(120, high))
    assert told == [("began", 30), ("graded", 40), ("graded", 120)]
    assert watch.severity is high
    assert watch.peak_at == 120


def test_severity_may_rise_while_the_hold_runs_and_is_told_once() -> None:
    pending, told = run(GAS, danger(0), danger(10, Severity.CRITICAL))
    assert told == []
    assert pending.severity is Severity.CRITICAL


def test_a_danger_that_returns_worse_than_it_was_is_told_again() -> None:
    words = (danger(0), danger(30), clear(40), danger(50, Severity.CRITICAL))
    watch, told = run(GAS, *words)
    assert told == [("began", 30), ("graded", 50)]
    assert watch.severity is Severity.CRITICAL


def test_a_late_all_clear_closes_nothing_newer() -> None:
    firing, _ = run(GAS, danger(100), danger(130))
    assert step(GAS, firing, clear(50, late=True), 131) == (firing, NO_EFFECTS)
    assert step(GAS, firing, clear(120, late=True), 131) == (firing, NO_EFFECTS)


def test_a_late_contradiction_inside_a_wait_starts_the_wait_afresh_from_the_newest_word() -> None:
    pending, _ = run(GAS, danger(100), danger(120))
    after, told = step(GAS, pending, clear(110, late=True), 125)
    assert (after.since, after.wake_at, told) == (120, 155, NO_EFFECTS)
    assert step(GAS, pending, clear(100, late=True), 125) == (pending, NO_EFFECTS)
    assert step(GAS, pending, danger(90, late=True), 125) == (pending, NO_EFFECTS)
    clearing, _ = run(GAS, danger(0), danger(30), clear(100), clear(120))
    after, told = step(GAS, clearing, danger(110, late=True), 125)
    assert (after.phase, after.since, after.wake_at, told) == (Phase.CLEARING, 120, 185, NO_EFFECTS)
    assert step(GAS, clearing, clear(110, late=True), 125) == (clearing, NO_EFFECTS)
    after, told = step(GAS, clearing, danger(90, late=True), 125)
    assert (after.phase, after.since, after.danger_times, told) == (Phase.CLEARING, 100, (0, 30, 90), NO_EFFECTS)


def test_a_late_contradiction_of_a_hold_that_must_be_seen_owes_no_wake_up_either() -> None:
    seen = RuleTiming(hold_ms=30, hold_fires_on_timer=False)
    pending, _ = run(seen, danger(100), danger(120))
    assert step(seen, pending, clear(110, late=True), 125)[0].wake_at is None


def test_a_late_strip_is_judged_by_itself_and_never_completed_by_live_words() -> None:
    assert run(GAS, danger(10, late=True), danger(40, late=True))[1] == [("began", 40)]
    watch, told = run(GAS, danger(10, late=True), danger(100))
    assert told == []
    assert (watch.since, watch.late) == (100, False)


def test_what_is_told_carries_the_evidence_of_the_word_or_of_the_beginning() -> None:
    hot, cool = (Evidence("lel_pct", value, "%LEL", 10, 0) for value in (12, 3))
    watch, _ = step(RuleTiming(), QUIET_STATE, RuleEvent(Signal.DANGER, 0, Severity.HIGH, evidence=(hot,)), 0)
    assert watch.evidence == (hot,)
    _, told = step(RuleTiming(), watch, RuleEvent(Signal.CLEAR, 9, evidence=(cool,)), 9)
    assert told == (Effect(Said.ENDED, 9, told[0].state),)
    assert told[0].state.evidence == (cool,)
    _, told = step(RuleTiming(), watch, RuleEvent(Signal.RESET, 9), 9)
    assert told[0].state.evidence == (hot,)
