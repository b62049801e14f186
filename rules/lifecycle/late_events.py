"""Late events: the events that give the same findings as in-order delivery, given what a rule state holds.

Urgent readings overtake a backlog, and a night of readings may arrive in one batch; the findings are those of
in-order delivery all the same. Pure functions.
"""

from __future__ import annotations

from typing import Final

from domain import Instant
from rules.lifecycle.state_machine import ACTIVE_PHASES, RuleEvent, RuleState, RuleTiming, timer_event
from rules.lifecycle.transitions import Phase, Signal

_NOT_DANGER: Final = frozenset({Signal.DEADBAND, Signal.CLEAR})


def expand_late_event(timing: RuleTiming, rule_state: RuleState, event: RuleEvent) -> tuple[RuleEvent, ...]:
    """The events that give the same findings as in-order delivery: usually `event` alone.

    First an elapsed timer, if its deadline lies before the event: a whole night in one batch is judged as it would
    have been live. For a late all-clear between two dangers, a reset followed by the later dangers. A cancelled
    event is followed by the later ones.

    >>> from rules.lifecycle.state_machine import QUIET_STATE, step
    >>> state, _ = step(RuleTiming(), QUIET_STATE, RuleEvent(Signal.DANGER, at=10), now=10)
    >>> state, _ = step(RuleTiming(), state, RuleEvent(Signal.DANGER, at=30), now=11)
    >>> late = RuleEvent(Signal.CLEAR, at=20)
    >>> [(event.signal.value, event.at) for event in expand_late_event(RuleTiming(), state, late)]
    [('reset', 20), ('danger', 30)]
    """
    over = timer_event(timing, rule_state) if _interrupts_timer(timing, rule_state, event) else None
    if over is not None and over.at < event.at:
        return over, event
    if event.signal is Signal.CANCEL:
        return event, *_replay_dangers(timing, rule_state, event.at)
    if timing.latch or timing.momentary or not _is_late_clear(rule_state, event):
        return (event,)
    return _split_at_clear(timing, rule_state, event) or (event,)


def restart_time(rule_state: RuleState, event: RuleEvent) -> Instant | None:
    """Event time at which danger began again after a late all-clear; None without one."""
    if rule_state.phase not in ACTIVE_PHASES or not _is_late_clear(rule_state, event):
        return None
    return next((at for at in rule_state.danger_times if at > event.at), None)


def _is_late_clear(rule_state: RuleState, event: RuleEvent) -> bool:
    return event.signal is Signal.CLEAR and rule_state.begin < event.at < rule_state.last_event_at


def _interrupts_timer(timing: RuleTiming, rule_state: RuleState, event: RuleEvent) -> bool:
    """It would end a wait that time alone completes."""
    if rule_state.phase is Phase.CLEARING:
        return event.signal is Signal.DANGER
    return rule_state.phase is Phase.PENDING and timing.hold_fires_on_timer and event.signal in _NOT_DANGER


def _split_at_clear(timing: RuleTiming, rule_state: RuleState, clear: RuleEvent) -> tuple[RuleEvent, ...]:
    """A reset and the dangers after a late all-clear, if it lasted long enough to end the active finding."""
    over = clear.at + (0 if rule_state.phase is Phase.PENDING else timing.release_ms)
    again = _replay_dangers(timing, rule_state, clear.at)
    if not again or again[0].at <= over:
        return ()
    calm = (
        [RuleEvent(Signal.CLEAR, rule_state.since)]
        if rule_state.phase is Phase.CLEARING and rule_state.since > again[-1].at
        else []
    )
    return RuleEvent(Signal.RESET, over, evidence=clear.evidence), *again, *calm


def _replay_dangers(timing: RuleTiming, rule_state: RuleState, after: Instant) -> tuple[RuleEvent, ...]:
    """The recorded dangers after an instant, as events."""
    later = [at for at in rule_state.danger_times if at > after]
    events = [
        RuleEvent(Signal.DANGER, at, rule_state.severity, evidence=rule_state.evidence, ahead_of_backlog=True)
        for at in later
    ]
    if not timing.momentary:
        return tuple(events)
    return tuple(each for event in events for each in (event, RuleEvent(Signal.CLEAR, event.at)))
