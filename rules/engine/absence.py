"""Absence: devices and quantities that miss their reporting interval.

Judged by arrival time, per device and per quantity, also for devices that never reported. Recorded outages do not
count. Functions return rule events; nothing is stored here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domain import Evidence, Instant
from rules.compiled.rule import CompiledRule
from rules.engine.community_index import CommunityIndex
from rules.engine.context import EvaluationContext
from rules.engine.expiry import expiry_dates
from rules.lifecycle.state_machine import RuleEvent
from rules.lifecycle.transitions import Signal
from rules.rulebook.model import Absent
from rules.state.device import DeviceState
from rules.state.gateway import MISSED_REPORTS
from rules.state.outages import Outages

MAX_SHOWN: Final = 10
"""Devices behind a gateway that are named; their number comes first."""


def next_check(state: DeviceState, outages: Outages, looked_at: Instant | None = None) -> Instant | None:
    """When a registered device must be checked next if it reports nothing until then; None when nothing is left to
    report.

    Behind a silent gateway no device is overdue; a silent gateway itself is checked again. A rule that is held back
    by its schedule or by another finding is not checked at its deadline, which has passed: those wake it.
    """
    if not state.registered:
        return None
    times = [due for rule, due in expiry_dates(state) if _is_awaited(state, rule)]
    if not _is_suppressed(state):
        asked = ((rule, absent) for rule, absent in _applicable(state) if _is_awaited(state, rule))
        times += [_deadline(state, absent, outages) for rule, absent in asked]
    if looked_at is not None:
        # Overdue, but `only_if` does not hold, by what is written of it: asked again in a while.
        times = [due if due > looked_at else looked_at + state.report_interval_ms for due in times]
    return min([*times, *_gateway_checks(state, looked_at)], default=None)


def _is_awaited(state: DeviceState, rule: CompiledRule) -> bool:
    return rule.name not in state.rule_states and not state.is_held_back(rule.name)


def _gateway_checks(state: DeviceState, looked_at: Instant | None) -> Iterator[Instant]:
    """When a gateway is checked whatever its deadline: a child that reports again may bring the deadline nearer, but
    never nearer than this.
    """
    if state.own_gateway is None:
        return
    if state.own_gateway.is_silent:
        yield state.own_gateway.next_check_at
        return
    periods = [child.report_interval_ms for child in state.own_gateway.children.values()]
    for _, absent in state.ruleset.absence_rules:
        if absent.children is not None and absent.children <= len(periods):
            since = state.own_gateway.last_child_traffic(state) if looked_at is None else looked_at
            yield since + MISSED_REPORTS * min(periods) + absent.grace


def overdue_events(
    state: DeviceState, outages: Outages, community: CommunityIndex, now: Instant
) -> Iterator[tuple[CompiledRule, RuleEvent]]:
    """The events of a device's overdue absence rules at `now` (arrival time)."""
    if _is_suppressed(state):
        return
    context = EvaluationContext(state, community, now, {})
    for rule, absent in _applicable(state):
        overdue = rule.name not in state.rule_states and _deadline(state, absent, outages) <= now
        if overdue and (rule.only_if is None or rule.only_if(context) is True):
            evidence = (_evidence(state, absent), *_children(state, absent, community))
            yield rule, RuleEvent(Signal.DANGER, now, rule.rule.severity, evidence=evidence)


def overdue(state: DeviceState, outages: Outages, now: Instant) -> Iterator[CompiledRule]:
    """Absence and expiry rules that are due and inactive, whether their `only_if` holds or not."""
    silent = (
        []
        if _is_suppressed(state)
        else [rule for rule, absent in _applicable(state) if _deadline(state, absent, outages) <= now]
    )
    over = [rule for rule, due in expiry_dates(state) if due <= now]
    return (rule for rule in [*silent, *over] if rule.name not in state.rule_states)


def is_overdue(state: DeviceState, compiled: CompiledRule, outages: Outages, now: Instant) -> bool:
    """Whether the absence or expiry that a rule reports is still true."""
    silent = (rule for rule, absent in state.ruleset.absence_rules if _deadline(state, absent, outages) <= now)
    over = (rule for rule, due in expiry_dates(state) if due <= now)
    return any(rule is compiled for rule in (*silent, *over))


def is_reported_silent(state: DeviceState) -> bool:
    """True while an absence of the whole device is reported."""
    return any(absent.quantity is None and state.is_active(rule.name) for rule, absent in state.ruleset.absence_rules)


def only_itself_received(state: DeviceState, now: Instant) -> bool:
    """True for a gateway that reports on plan itself while nothing behind it is received."""
    return state.own_gateway is not None and any(
        state.last_arrival > state.own_gateway.last_child_traffic(state)
        and now < state.last_arrival + absent.allowed_silence_ms(state.report_interval_ms)
        and not state.is_offline
        for _, absent in state.ruleset.absence_rules
        if absent.children is not None
    )


def _is_suppressed(state: DeviceState) -> bool:
    """Absence is not judged: its gateway is silent, or it is an implied gateway without devices."""
    if state.own_gateway is not None and state.own_gateway.implied and not state.own_gateway.children:
        return True
    return state.parent_gateway is not None and state.parent_gateway.is_silent


def _applicable(state: DeviceState) -> Iterator[tuple[CompiledRule, Absent]]:
    """Its absence rules; while it is reported as silent only those about its children."""
    reported = state.own_gateway is not None and state.own_gateway.is_silent
    return (
        (rule, absent) for rule, absent in state.ruleset.absence_rules if absent.children is not None or not reported
    )


def _deadline(state: DeviceState, absent: Absent, outages: Outages) -> Instant:
    last, timing = _last_seen(state, absent), absent.allowed_silence_ms(state.report_interval_ms)
    if state.parent_gateway is not None:
        outages = outages.merged_with(state.parent_gateway.outages, last)
    due = outages.deadline(last, timing)
    if absent.quantity is not None:
        return due
    if state.own_gateway is not None and absent.children is not None and not state.own_gateway.is_silent:
        last = state.own_gateway.last_child_traffic(state)
        missed = state.own_gateway.silence_threshold_ms(absent.children, last)
        due = due if missed is None else min(due, outages.deadline(last, missed + absent.grace))
    if state.is_offline and state.offline_since is not None:
        return min(due, outages.deadline(state.offline_since, absent.grace))
    return due


def _last_seen(state: DeviceState, absent: Absent) -> Instant:
    """Arrival time that an absence is measured from: for a gateway the last traffic through it, unless it has a
    reporting plan of its own.
    """
    own_plan = absent.children is None and "report_every" in state.device.attributes
    if state.own_gateway is None or absent.quantity is not None or own_plan:
        return state.last_seen(absent.quantity)
    return state.own_gateway.last_traffic(state)


def _evidence(state: DeviceState, absent: Absent) -> Evidence:
    """What was missing, how long it may be missing, and when it was last there (never: no instant)."""
    last = state.last_arrival or None if absent.quantity is None else (state.last_arrival_of or {}).get(absent.quantity)
    limit = absent.allowed_silence_ms(state.report_interval_ms)
    return Evidence(absent.quantity or "heard", None, "ms", limit, last)


def _children(state: DeviceState, absent: Absent, community: CommunityIndex) -> Iterator[Evidence]:
    """How many devices a gateway took with it, and the first of them by address."""
    if state.own_gateway is None or absent.children is None:
        return
    gone = sorted(state.own_gateway.children.values(), key=lambda child: child.device.id)
    yield Evidence("count", len(gone), "", absent.children, state.own_gateway.last_traffic(state))
    for child in gone[:MAX_SHOWN]:
        yield Evidence(
            "device", community.address_or_id(child.device.place, child.device.id), at=child.last_arrival or None
        )
