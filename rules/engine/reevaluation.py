"""Re-evaluates a rule on the values of its last evaluation when time or another finding may have changed the result.

What was held back begins when its schedule or its inhibitor allows it, and what is active ends with them. Only
values that are not older than the device's reporting plan allows are used.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from domain import Instant, Value
from rules.compiled.rule import DEFAULT_STALENESS, CompiledRule
from rules.engine.community_index import CommunityIndex
from rules.engine.context import EvaluationContext
from rules.engine.evaluation import Arrival, evaluate_rule
from rules.language.time_edges import Location, next_edge
from rules.lifecycle.state_machine import QUIET_STATE, RuleEvent, RuleState
from rules.lifecycle.transitions import Phase, Signal
from rules.state.device import DeviceState
from rules.state.inputs import Measured, RuleInputs, merge_late
from rules.state.outages import Outages
from rules.windows.moving import next_move


class ReevaluationTime(Struct, frozen=True):
    """When a rule is judged again: in event time, and in journal time."""

    at: Instant
    due: Instant


def record_inputs(
    state: DeviceState, rule: CompiledRule, community: CommunityIndex, values: Mapping[str, Value], arrival: Arrival
) -> None:
    """Stores the values a rule was evaluated with if time or another finding may change the result; otherwise drops
    them.
    """
    known = None if state.pending is None else state.pending.inputs.get(rule.name)
    has_state = rule.name in state.rule_states
    if arrival.retained:
        # Its age is unknown: an active finding may end by it, and nothing begins by it later.
        if has_state and known is None:
            state.keep_inputs(rule.name, RuleInputs({}, arrival.at, next_time_edge(state, rule, community, arrival.at)))
        return
    if arrival.late and known is None:
        return  # a newer reading may exist that was not stored
    measured = merge_late(known.measured, values, arrival.at) if arrival.late and known else {}
    measured = measured or _measured(state, rule, values, arrival.at)
    at = arrival.at if known is None else max(known.at, arrival.at)
    lasts = known is not None and known.edge is not None and known.edge > at
    edge = known.edge if known is not None and lasts else next_time_edge(state, rule, community, at)
    moves = edge is not None and bool(rule.moving_windows)
    if not has_state and not moves and not _could_begin(state, rule, community, measured, arrival.at):
        state.keep_inputs(rule.name, None)
        return
    state.keep_inputs(rule.name, RuleInputs(measured, at, edge, known is not None and known.unlatched))


def _measured(state: DeviceState, rule: CompiledRule, values: Mapping[str, Value], at: Instant) -> Measured:
    remembered = state.last_values or {}
    return {name: remembered.get(name, (at, values[name])) for name in rule.lasting_quantities if name in values}


def _could_begin(
    state: DeviceState, rule: CompiledRule, community: CommunityIndex, measured: Measured, at: Instant
) -> bool:
    """Whether hours or other findings alone keep it from beginning."""
    context = EvaluationContext(state, community, at, {name: value for name, (_, value) in measured.items()})
    try:
        return rule.is_reevaluated and all(true(context) is True for true in rule.start_conditions)
    except TypeError:
        return False  # counted where it was evaluated


def drop_inputs(state: DeviceState, rule: CompiledRule, community: CommunityIndex) -> None:
    """It is over: its inputs are kept only if hours, other findings or windows that move on may begin it anew."""
    inputs = None if state.pending is None else state.pending.inputs.get(rule.name)
    if inputs is None:
        return
    inputs.unlatched = False
    if rule.moving_windows and (edge := next_time_edge(state, rule, community, inputs.at)) is not None:
        inputs.edge = edge
        return
    if rule.condition is None or not _could_begin(state, rule, community, inputs.measured, inputs.at):
        state.keep_inputs(rule.name, None)


def next_time_edge(state: DeviceState, rule: CompiledRule, community: CommunityIndex, at: Instant) -> Instant | None:
    """When the time changes an answer of this rule about this device next. That windows move on lets a rule begin, and
    ends nothing: what is active ends by a reading."""
    edges = (_next_time(state, rule, community, at), _next_move(state, rule, at))
    return min((edge for edge in edges if edge is not None), default=None)


def _next_move(state: DeviceState, rule: CompiledRule, at: Instant) -> Instant | None:
    if not rule.moving_windows or rule.name in state.rule_states:
        return None
    return next_move(rule.moving_windows, state.histories or {}, at)


def _next_time(state: DeviceState, rule: CompiledRule, community: CommunityIndex, at: Instant) -> Instant | None:
    if not rule.time_conditions:
        return None
    device = state.device
    point = community.point_of(device) if rule.uses_sun else None
    spot = Location(community.zone_of(device), point)
    return next_edge(rule.time_conditions, lambda one: community.attribute(device, one.owner, one.name), spot, at)


def reevaluate(
    state: DeviceState, rule: CompiledRule, community: CommunityIndex, outages: Outages, look: ReevaluationTime
) -> RuleEvent | None:
    """The event of a rule re-evaluated on its stored values; None without news. Raises TypeError."""
    assert state.pending is not None
    inputs, rule_state = state.pending.inputs[rule.name], state.rule_states.get(rule.name, QUIET_STATE)
    advance_edge(state, rule, community, look.at)
    values = inputs.current_values(outages, DEFAULT_STALENESS.allowed_silence_ms(state.report_interval_ms), inputs.at)
    if rule_state is QUIET_STATE and len(values) < len(inputs.measured):
        state.keep_inputs(rule.name, None)
        return None
    measured_at = max(inputs.newest_measurement or 0, rule_state.last_event_at)
    moves = rule_state is QUIET_STATE and bool(rule.moving_windows)
    states_at = _move_windows(state, rule, inputs, outages) if moves else None
    context = EvaluationContext(state, community, inputs.at, values, inputs.newest_measurement, states_at)
    at = max(inputs.at, measured_at)
    (event,) = evaluate_rule(rule, rule_state, context, Arrival(at, look.due, False, False, measured_at=measured_at))
    return event if _is_news(rule_state, event) else None


def _move_windows(state: DeviceState, rule: CompiledRule, inputs: RuleInputs, outages: Outages) -> Instant:
    """How far windows over yes/no states have moved on: by the time in which the device could be heard. While it could
    not, its silence says nothing; what is missing is the next edge."""
    since = inputs.at if inputs.newest_measurement is None else inputs.newest_measurement
    if state.parent_gateway is not None:
        outages = outages.merged_with(state.parent_gateway.outages, since)
    outage_ms = outages.outage_ms(since, inputs.at)
    states_at = inputs.at - outage_ms
    move = next_move(rule.moving_windows, state.histories or {}, states_at) if outage_ms else None
    if move is not None:
        edge = max(move + outage_ms, outages.retry_time(inputs.at) or 0)
        inputs.edge = edge if inputs.edge is None else min(edge, inputs.edge)
    return states_at


def advance_edge(state: DeviceState, rule: CompiledRule, community: CommunityIndex, at: Instant) -> None:
    """Its answer is known up to here; the edge after it is the next."""
    assert state.pending is not None
    inputs = state.pending.inputs[rule.name]
    inputs.at = max(inputs.at, at)
    if inputs.edge is not None and inputs.edge <= inputs.at:
        inputs.edge = next_time_edge(state, rule, community, inputs.at)


def _is_news(rule_state: RuleState, event: RuleEvent) -> bool:
    """Without a reading, an unknown result changes nothing, and a stale finding is not revived."""
    if rule_state.phase is Phase.QUIET:
        return event.signal is Signal.DANGER
    if rule_state.phase is Phase.STALE:
        return event.signal is Signal.CLEAR
    return event.signal is not Signal.NO_DATA


def is_still_true(state: DeviceState, rule: CompiledRule, community: CommunityIndex, now: Instant) -> bool:
    """Whether the stored values are dangerous now."""
    assert rule.condition is not None
    inputs = None if state.pending is None else state.pending.inputs.get(rule.name)
    if inputs is None:
        return False
    values = {name: value for name, (_, value) in inputs.measured.items()}
    try:
        return (
            rule.condition.danger(
                EvaluationContext(state, community, max(now, inputs.at), values, inputs.newest_measurement)
            )
            is True
        )
    except TypeError:
        return False
