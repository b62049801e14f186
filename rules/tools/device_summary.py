"""Summaries of devices by the state of the engine: last message, battery forecast, conditions. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from domain import Instant, Ledger
from domain.device_summary import DeviceCondition, DeviceSummary
from domain.self_tests import limit_of
from rules.compiled.rule import CompiledRule
from rules.state.device import NO_RULE_STATES, DeviceState
from rules.state.gateway import GATEWAY_ATTRIBUTE
from rules.state.self_tests import current_run
from rules.windows.trend import days_left

BATTERY_QUANTITIES: Final = frozenset({"battery_pct", "battery_v", "battery_low"})
_CHARGE: Final = "battery_pct"


def unwell_devices(states: Mapping[str, DeviceState], now: Instant) -> dict[str, DeviceSummary]:
    """The registered devices in at least one condition, by id. Quiet ones cost two comparisons each."""
    summaries = {
        device_id: summary(state, now)
        for device_id, state in states.items()
        if state.registered
        and (
            state.rule_states is not NO_RULE_STATES
            or (state.parent_gateway is not None and state.parent_gateway.is_silent)
            or state.offline_since is not None
        )
    }
    return {device_id: one for device_id, one in summaries.items() if one.conditions}


def summary(state: DeviceState, now: Instant) -> DeviceSummary:
    """The summary of one device."""
    trend = (state.trends or {}).get(_CHARGE)
    gateway = state.parent_gateway
    return DeviceSummary(
        device=state.device,
        conditions=frozenset(_conditions(state, now)),
        last_message_at=state.last_arrival or None,
        report_every_ms=state.report_interval_ms,
        battery_pct=None if trend is None else trend.last,
        battery_at=None if trend is None else trend.at,
        battery_days_left=None if trend is None else days_left(trend, trend.at, trend.last),
        findings=tuple(name for name in state.rule_states if state.is_active(name)),
        gateway=None if gateway is None else str(state.device.attributes.get(GATEWAY_ATTRIBUTE)),
        gateway_silent_since=None if gateway is None else gateway.outages.open_since,
    )


def _conditions(state: DeviceState, now: Instant) -> Iterator[DeviceCondition]:
    if state.is_offline or (state.parent_gateway is not None and state.parent_gateway.is_silent):
        yield DeviceCondition.OFFLINE
    if state.test is not None and current_run(state.test, now, limit_of(state.device)) is not None:
        yield DeviceCondition.TEST
    for name in state.rule_states:
        if state.is_active(name):
            yield _condition(state.ruleset.by_name[name])


def _condition(compiled: CompiledRule) -> DeviceCondition:
    """What an active finding of this rule means for its device."""
    if compiled.rule.ledger is Ledger.DANGER:
        return DeviceCondition.ALARM
    if compiled.absent is not None and compiled.absent.quantity is None:
        return DeviceCondition.OFFLINE
    if compiled.rule.expires is not None:
        return DeviceCondition.EXPIRED
    return DeviceCondition.FAULT if BATTERY_QUANTITIES.isdisjoint(compiled.quantities) else DeviceCondition.LOW_BATTERY
