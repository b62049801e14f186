"""Judges a rule again on the values by which it was judged last, because time or another finding may have changed its
answer: what is held back begins when its hours begin or its inhibitor ends, and what stands ends when they end.

It notes those values, says what they mean now, and keeps no timers. Only values that may still be believed count.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from domain import Instant, Value
from rules.compiled.rule import STALE_AFTER, PlannedRule
from rules.engine.community_index import Neighbourhood
from rules.engine.context import Scope
from rules.engine.evaluation import Occasion, words_of
from rules.language.time_edges import Spot, next_edge
from rules.lifecycle.state_machine import QUIET_WATCH, Watch, Word
from rules.lifecycle.transitions import Phase, Signal
from rules.state.device import Seat
from rules.state.inputs import Inputs, Measured, merged
from rules.state.outages import Outages


class Look(Struct, frozen=True):
    """When a rule is judged again: in event time, and in journal time."""

    at: Instant
    due: Instant


def note_inputs(
    seat: Seat, planned: PlannedRule, near: Neighbourhood, values: Mapping[str, Value], occasion: Occasion
) -> None:
    """Keeps what a rule was just judged by, if time or another finding may change the answer; else lets go of it."""
    known = None if seat.context is None else seat.context.inputs.get(planned.name)
    stands = planned.name in seat.watches
    if occasion.retained:
        # Nobody knows how old it is: what stands may end by it, and nothing begins by it later.
        if stands and known is None:
            seat.keep_inputs(planned.name, Inputs({}, occasion.at, edge_after(seat, planned, near, occasion.at)))
        return
    if occasion.late and known is None:
        return  # something newer may have been said, which need not be kept
    measured = merged(known.measured, values, occasion.at) if occasion.late and known else {}
    measured = measured or _measured(seat, planned, values, occasion.at)
    if not stands and not _may_begin(seat, planned, near, measured, occasion.at):
        seat.keep_inputs(planned.name, None)
        return
    at = occasion.at if known is None else max(known.at, occasion.at)
    lasts = known is not None and known.edge is not None and known.edge > at
    edge = known.edge if known is not None and lasts else edge_after(seat, planned, near, at)
    seat.keep_inputs(planned.name, Inputs(measured, at, edge, known is not None and known.unlatched))


def _measured(seat: Seat, planned: PlannedRule, values: Mapping[str, Value], at: Instant) -> Measured:
    remembered = seat.remembered or {}
    return {name: remembered.get(name, (at, values[name])) for name in planned.lasting if name in values}


def _may_begin(seat: Seat, planned: PlannedRule, near: Neighbourhood, measured: Measured, at: Instant) -> bool:
    """Whether hours or other findings alone keep it from beginning."""
    scope = Scope(seat, near, at, {name: value for name, (_, value) in measured.items()})
    try:
        return planned.is_reevaluated and all(true(scope) is True for true in planned.possible)
    except TypeError:
        return False  # told and counted where it was judged


def let_go(seat: Seat, planned: PlannedRule, near: Neighbourhood) -> None:
    """It is over: its inputs are kept only if hours or other findings alone keep it from beginning anew."""
    inputs = None if seat.context is None else seat.context.inputs.get(planned.name)
    if inputs is None:
        return
    inputs.unlatched = False
    if planned.condition is None or not _may_begin(seat, planned, near, inputs.measured, inputs.at):
        seat.keep_inputs(planned.name, None)


def edge_after(seat: Seat, planned: PlannedRule, near: Neighbourhood, at: Instant) -> Instant | None:
    """When the time changes an answer of this rule about this device next."""
    if not planned.time_atoms:
        return None
    device = seat.device
    point = near.point_of(device) if planned.asks_sun else None
    spot = Spot(near.zone_of(device), point)
    return next_edge(planned.time_atoms, lambda one: near.attribute(device, one.owner, one.name), spot, at)


def judged_again(seat: Seat, planned: PlannedRule, near: Neighbourhood, outages: Outages, look: Look) -> Word | None:
    """What the values of before say to its watch now; None when they say nothing new. Raises TypeError."""
    assert seat.context is not None
    inputs, watch = seat.context.inputs[planned.name], seat.watches.get(planned.name, QUIET_WATCH)
    pass_edge(seat, planned, near, look.at)
    values = inputs.believed(outages, STALE_AFTER.patience_ms(seat.report_every_ms), inputs.at)
    if watch is QUIET_WATCH and len(values) < len(inputs.measured):
        seat.keep_inputs(planned.name, None)
        return None
    measured_at = max(inputs.newest or 0, watch.word_at)
    scope = Scope(seat, near, inputs.at, values, inputs.newest)
    at = max(inputs.at, measured_at)
    (word,) = words_of(planned, watch, scope, Occasion(at, look.due, False, False, measured_at=measured_at))
    return word if _counts(watch, word) else None


def pass_edge(seat: Seat, planned: PlannedRule, near: Neighbourhood, at: Instant) -> None:
    """Its answer is known up to here; the edge after it is the next."""
    assert seat.context is not None
    inputs = seat.context.inputs[planned.name]
    inputs.at = max(inputs.at, at)
    if inputs.edge is not None and inputs.edge <= inputs.at:
        inputs.edge = edge_after(seat, planned, near, inputs.at)


def _counts(watch: Watch, word: Word) -> bool:
    """The device did not speak: what is unknown says nothing, and who fell silent in danger is not heard again."""
    if watch.phase is Phase.QUIET:
        return word.signal is Signal.DANGER
    if watch.phase is Phase.STALE:
        return word.signal is Signal.CLEAR
    return word.signal is not Signal.NO_WORD


def is_still_true(seat: Seat, planned: PlannedRule, near: Neighbourhood, now: Instant) -> bool:
    """Whether what the device said last is dangerous now."""
    assert planned.condition is not None
    inputs = None if seat.context is None else seat.context.inputs.get(planned.name)
    if inputs is None:
        return False
    values = {name: value for name, (_, value) in inputs.measured.items()}
    try:
        return planned.condition.answer(Scope(seat, near, max(now, inputs.at), values, inputs.newest)) is True
    except TypeError:
        return False
