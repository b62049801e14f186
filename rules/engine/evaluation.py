"""Turns what a condition says about one reading into words for a watch: signal, event time, severity, evidence. It
decides nothing about time and keeps nothing.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from domain import Evidence, Instant
from rules.compiled.rule import PlannedRule
from rules.engine.context import Scope
from rules.lifecycle.state_machine import Watch, Word
from rules.lifecycle.transitions import Phase, Signal

RETAINED: Final = "retained"
"""A line of evidence that says: this was a retained message, and nobody knows how old it is."""


class Occasion(Struct, frozen=True, gc=False):
    """When a reading speaks: event time, journal time, and whether it is older than what the device said already."""

    at: Instant
    now: Instant
    late: bool
    retained: bool
    ahead: bool = False
    """It overtook what the device said before."""
    measured_at: Instant | None = None
    """When the values were measured, where time or another finding is what speaks."""


def words_of(planned: PlannedRule, watch: Watch, scope: Scope, occasion: Occasion) -> list[Word]:
    """What one reading says to the watch of one rule."""
    assert planned.condition is not None
    said = planned.condition.judge(watch, scope, occasion.at)
    return [_word(signal, planned, watch, scope, occasion) for signal in said]


def _word(signal: Signal, planned: PlannedRule, watch: Watch, scope: Scope, occasion: Occasion) -> Word:
    condition, at = planned.condition, occasion.at
    assert condition is not None
    seen = at if occasion.measured_at is None else occasion.measured_at
    if signal is not Signal.DANGER:
        told = signal is Signal.CLEAR and watch.phase in (Phase.FIRING, Phase.CLEARING, Phase.STALE)
        evidence = condition.evidence(scope, seen) if told else ()
        return Word(signal, at, late=occasion.late, evidence=evidence, measured_at=occasion.measured_at)
    severity = condition.severity(scope)
    # Rendering costs more than judging, and a danger that goes on unchanged tells nothing new.
    news = watch.phase is not Phase.FIRING or severity is not watch.severity
    evidence = condition.evidence(scope, seen) if news else ()
    if occasion.retained:
        evidence = (*evidence, Evidence(RETAINED, True, at=at))
    late = occasion.late or occasion.retained
    return Word(signal, at, severity, late, evidence, ahead=occasion.ahead, measured_at=occasion.measured_at)
