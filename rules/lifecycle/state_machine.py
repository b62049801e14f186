"""State machine of one rule for one subject.

`step(timing, state, event, now)` returns the next state and the findings to emit. Pure: the host calls back at
`state.wake_at`. Hold and release are measured in event time (`event.at`); `now` is arrival time and drives timers: a
wait that nothing contradicts elapses at `wake_at`. Quiet rules have no stored state; QUIET_STATE stands for it.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from domain import Evidence, FindingPhase, Instant, Severity, Subject
from rules.lifecycle.transitions import TRANSITIONS, Phase, Signal

Q, P, F, C, S = Phase.QUIET, Phase.PENDING, Phase.FIRING, Phase.CLEARING, Phase.STALE


class RuleTiming(Struct, frozen=True):
    """How long a rule waits. `stale_after_ms` None: a firing rule does not go stale when its device is silent."""

    hold_ms: int = 0
    release_ms: int = 0
    hold_fires_on_timer: bool = True
    """The hold elapses by timer, without another reading (`if_silent: fire`)."""
    latch: bool = False
    """An all-clear does not end it; a person resets it."""
    stale_after_ms: int | None = None
    momentary: bool = False
    """A momentary event: it has no end of its own. After `release` without repetition it may begin anew."""


class RuleState(Struct, frozen=True, gc=False):
    """All that is remembered about one rule and one subject. A value: it can be written down and read back anywhere."""

    phase: Phase
    since: Instant = 0
    """Event time at which the present danger, or the present all-clear, began."""
    begin: Instant = 0
    """Event time at which the active danger began: part of the finding's id."""
    last_event_at: Instant = field(default=0, name="word_at")
    """Event time of the newest event that counted."""
    peak_at: Instant = 0
    """Event time of the newest event with this severity."""
    wake_at: Instant | None = None
    severity: Severity = Severity.LOW
    late: bool = False
    """It began with a late event."""
    evidence: tuple[Evidence, ...] = ()
    subject: Subject | None = None
    version: str = ""
    """Subject and rule version at the beginning: the finding keeps its id."""
    danger_times: tuple[Instant, ...] = field(default=(), name="dangers")
    """Event times of dangers since `begin`, at most `MAX_DANGERS`: a late all-clear falls between two."""


class RuleEvent(Struct, frozen=True, gc=False):
    """An event for one rule and one subject: from a reading (`at` is event time) or from a timer."""

    signal: Signal
    at: Instant
    severity: Severity = Severity.LOW
    late: bool = False
    """Older than the newest reading of the device."""
    evidence: tuple[Evidence, ...] = ()
    subject: Subject | None = None
    version: str = ""
    ahead_of_backlog: bool = False
    """It overtook earlier events, which may still arrive. It completes no hold that a timer completes."""
    measured_at: Instant | None = None
    """Event time of the values, where it is earlier than `at`: time or another finding changed the result, not the
    device. Readings in between still count.
    """

    @property
    def reading_time(self) -> Instant:
        """Event time of the reading behind the event."""
        return self.at if self.measured_at is None else self.measured_at


class Effect(Struct, frozen=True, gc=False):
    """A finding to emit: its phase, the event time, and the state it is emitted from."""

    phase: FindingPhase
    at: Instant
    state: RuleState


Step = tuple[RuleState, tuple[Effect, ...]]
QUIET_STATE: Final = RuleState(Q)
MAX_DANGERS: Final = 64
"""Danger times kept of one rule state: bounded, however long a device alarms."""
NO_EFFECTS: Final[tuple[Effect, ...]] = ()

_EMITTED_PHASE: Final[dict[tuple[Phase, Phase], FindingPhase]] = {
    (P, F): FindingPhase.BEGAN,
    (F, S): FindingPhase.STALE,
    (C, S): FindingPhase.STALE,
    (S, F): FindingPhase.GRADED,  # same severity: the device reports again, the danger is active
    (C, Q): FindingPhase.ENDED,
}
"""The phase of the finding that a transition emits. PENDING is not emitted, and neither is the wait of an all-clear."""


def step(timing: RuleTiming, rule_state: RuleState, event: RuleEvent, now: Instant) -> Step:
    """Applies one event. Returns the same state and NO_EFFECTS when nothing changes.

    >>> timing = RuleTiming(hold_ms=30_000)
    >>> state, effects = step(timing, QUIET_STATE, RuleEvent(Signal.DANGER, at=10_000), now=10_000)
    >>> state.phase.value, state.wake_at, effects
    ('pending', 40000, ())
    >>> state, effects = step(timing, state, RuleEvent(Signal.HOLD_ELAPSED, at=40_000), now=40_000)
    >>> state.phase.value, effects[0].phase.value, state.begin
    ('firing', 'began', 10000)
    """
    if event.signal in _FROM_READING:
        if event.reading_time < rule_state.last_event_at:
            return _apply_late_event(timing, rule_state, event, now)
        if rule_state.phase is P and _hold_is_void(timing, rule_state, event):
            rule_state = QUIET_STATE
    if rule_state.phase is Q and event.signal is not Signal.DANGER:
        return QUIET_STATE, NO_EFFECTS
    if timing.latch and event.signal is Signal.CLEAR and rule_state.phase in ACTIVE_PHASES:
        event = replace(event, signal=Signal.DEADBAND)
    return _complete_elapsed_waits(timing, *_transition(timing, rule_state, event, now), event, now)


def _hold_is_void(timing: RuleTiming, rule_state: RuleState, event: RuleEvent) -> bool:
    """A hold that this event cannot complete: it began with a late event, or it needs readings and there were none for
    too long.
    """
    unseen = not timing.hold_fires_on_timer and timing.stale_after_ms is not None
    return (rule_state.late and not event.late) or (
        unseen and event.reading_time - rule_state.last_event_at > (timing.stale_after_ms or 0)
    )


_FROM_READING: Final = frozenset({Signal.DANGER, Signal.DEADBAND, Signal.CLEAR})
ACTIVE_PHASES: Final = frozenset({F, C, S})
"""A finding is active: it has begun and has not ended."""


def _transition(timing: RuleTiming, rule_state: RuleState, event: RuleEvent, now: Instant) -> Step:
    """The transition of one event, before elapsed waits are completed."""
    phase = TRANSITIONS[rule_state.phase, event.signal]
    if phase is rule_state.phase:
        return _stay_in_phase(timing, rule_state, event)
    if phase is Q:
        return QUIET_STATE, _end_effects(timing, rule_state, event)
    after = _enter_phase(timing, rule_state, event, phase, now)
    finding_phase = _EMITTED_PHASE.get((rule_state.phase, phase))
    effects = NO_EFFECTS if finding_phase is None else (Effect(finding_phase, event.at, after),)
    if rule_state.phase is P or event.signal is not Signal.DANGER:
        return after, effects
    after, graded = _update_severity(timing, after, event)
    return after, graded or effects


def _end_effects(timing: RuleTiming, rule_state: RuleState, event: RuleEvent) -> tuple[Effect, ...]:
    if rule_state.phase is P or (timing.momentary and event.signal is Signal.RELEASE_ELAPSED):
        return NO_EFFECTS
    finding_phase = FindingPhase.WITHDRAWN if event.signal is Signal.CANCEL else FindingPhase.ENDED
    evidence = event.evidence or rule_state.evidence
    return (Effect(finding_phase, event.at, replace(rule_state, evidence=evidence)),)


def _enter_phase(timing: RuleTiming, rule_state: RuleState, event: RuleEvent, phase: Phase, now: Instant) -> RuleState:
    if phase is P:
        wake_at = now + timing.hold_ms if timing.hold_fires_on_timer else None
        return RuleState(
            phase=P,
            since=event.at,
            begin=event.at,
            last_event_at=event.reading_time,
            peak_at=event.at,
            wake_at=wake_at,
            severity=event.severity,
            late=event.late,
            evidence=event.evidence,
            subject=event.subject,
            version=event.version,
            danger_times=(event.at,),
        )
    if phase is C:
        # A reading from before a finding that began by time may still arrive: no end before the beginning.
        since, wake_at = max(event.at, rule_state.begin), now + timing.release_ms
        return replace(rule_state, phase=C, since=since, last_event_at=event.reading_time, wake_at=wake_at, late=False)
    begin = rule_state.since if rule_state.phase is P else rule_state.begin
    wake_at = now + timing.stale_after_ms if phase is F and timing.stale_after_ms is not None else None
    word_at = event.reading_time if event.signal in _FROM_READING else rule_state.last_event_at
    return replace(rule_state, phase=phase, begin=begin, last_event_at=word_at, wake_at=wake_at)


def _stay_in_phase(timing: RuleTiming, rule_state: RuleState, event: RuleEvent) -> Step:
    if event.signal not in _FROM_READING:
        return rule_state, NO_EFFECTS
    if event.signal is Signal.DANGER:
        return _update_severity(timing, rule_state, event)
    return (
        rule_state
        if event.reading_time == rule_state.last_event_at
        else replace(rule_state, last_event_at=event.reading_time)
    ), NO_EFFECTS


def _update_severity(timing: RuleTiming, rule_state: RuleState, event: RuleEvent) -> Step:
    """Danger that goes on: up at once; down only after `release` without such severity, so that it cannot chatter."""
    at, reading_time = event.at, event.reading_time
    rule_state = _record_danger(rule_state, at) if at == reading_time else rule_state
    if event.severity is rule_state.severity:
        return (
            rule_state
            if reading_time == rule_state.last_event_at
            else replace(rule_state, last_event_at=reading_time, peak_at=at)
        ), NO_EFFECTS
    if event.severity.rank > rule_state.severity.rank and at - rule_state.peak_at < timing.release_ms:
        return replace(rule_state, last_event_at=reading_time), NO_EFFECTS
    evidence = event.evidence or rule_state.evidence
    after = replace(rule_state, last_event_at=reading_time, peak_at=at, severity=event.severity, evidence=evidence)
    return after, (Effect(FindingPhase.GRADED, event.at, after),) if rule_state.phase is F else NO_EFFECTS


def _record_danger(rule_state: RuleState, at: Instant) -> RuleState:
    """Records the time of a danger; beyond the limit the one closest to its predecessor is dropped."""
    known = rule_state.danger_times
    if at in known or at < rule_state.begin:
        return rule_state
    dangers = (*known, at) if not known or at > known[-1] else tuple(sorted((*known, at)))
    if len(dangers) > MAX_DANGERS:
        closest = min(range(1, len(dangers) - 1), key=lambda index: dangers[index] - dangers[index - 1])
        dangers = dangers[:closest] + dangers[closest + 1 :]
    return replace(rule_state, danger_times=dangers)


def _complete_elapsed_waits(
    timing: RuleTiming, rule_state: RuleState, effects: tuple[Effect, ...], event: RuleEvent, now: Instant
) -> Step:
    """Completes a hold or release that has elapsed by the event's own time."""
    if rule_state.phase is P and event.signal is Signal.DANGER and _hold_elapsed(timing, rule_state, event):
        after, more = _transition(timing, rule_state, RuleEvent(Signal.HOLD_ELAPSED, event.at), now)
    elif rule_state.phase is C and event.signal is Signal.CLEAR and _elapsed(rule_state, event, timing.release_ms):
        released = RuleEvent(Signal.RELEASE_ELAPSED, max(event.at, rule_state.since), evidence=event.evidence)
        after, more = _transition(timing, rule_state, released, now)
    else:
        return rule_state, effects
    return after, effects + more


def _hold_elapsed(timing: RuleTiming, rule_state: RuleState, event: RuleEvent) -> bool:
    # An event that overtook others completes no hold that a timer completes anyway.
    waits = event.ahead_of_backlog and timing.hold_ms and timing.hold_fires_on_timer
    return _elapsed(rule_state, event, timing.hold_ms) and not waits


def _elapsed(rule_state: RuleState, event: RuleEvent, wait_ms: int) -> bool:
    """A wait has elapsed by measured time; by stored values alone only the timer completes it."""
    return not wait_ms or event.reading_time - rule_state.since >= wait_ms


def _apply_late_event(timing: RuleTiming, rule_state: RuleState, event: RuleEvent, now: Instant) -> Step:
    """An event older than the newest one. It begins and ends nothing; it can only interrupt a wait it falls into.

    A late all-clear closes nothing newer, and a late danger does not undo a newer all-clear: the wait restarts at
    the newest event, which is the latest instant at which it can truly have begun.
    """
    if event.signal is Signal.DANGER:
        rule_state = _record_danger(rule_state, event.at)
    if rule_state.phase is S:
        return _transition(timing, rule_state, RuleEvent(Signal.NO_DATA, event.at), now)
    interrupts = rule_state.phase in (P, C) and (rule_state.phase is P) != (event.signal is Signal.DANGER)
    if not interrupts or event.at <= rule_state.since:
        return rule_state, NO_EFFECTS
    wait = timing.hold_ms if rule_state.phase is P else timing.release_ms
    wake_at = None if rule_state.wake_at is None else now + wait
    return replace(rule_state, since=rule_state.last_event_at, wake_at=wake_at), NO_EFFECTS


def timer_event(timing: RuleTiming, rule_state: RuleState) -> RuleEvent | None:
    """The event of a timer that is due; None when only the engine can decide (silence).

    Its event time is the end of the wait; its arrival time is the due instant, whenever the host ran it.
    """
    if rule_state.phase is P:
        return RuleEvent(Signal.HOLD_ELAPSED, at=rule_state.since + timing.hold_ms)
    return RuleEvent(Signal.RELEASE_ELAPSED, at=rule_state.since + timing.release_ms) if rule_state.phase is C else None
