"""What a reading changes in the state of a device: last values, sample histories, baselines and trends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain import Instant, Quality, Reading, Value
from rules.compiled.reading_plan import ReadingPlan
from rules.compiled.rule import DEFAULT_STALENESS
from rules.engine.community_index import CommunityIndex
from rules.language.local_calendar import utc_offset_ms
from rules.state.device import DeviceState
from rules.windows.trend import update_trend

CLOCK_OFFSET: Final = "clock_offset_s"
"""By how many seconds a device's clock is ahead, where it is not sane."""
_UNSURE_CLOCK: Final = frozenset({Quality.CLOCK, Quality.RETAINED})


def record_quiet_reading(
    state: DeviceState, plan: ReadingPlan, community: CommunityIndex, at: Instant, now: Instant,
    values: dict[str, Value],
) -> None:  # fmt: skip
    """What a reading by which no rule can begin leaves behind. It is not late, and its device is quiet."""
    state.record_arrival(values, at, now)
    if plan.is_stateless:
        return
    if plan.has_histories:
        update_histories(state, at, values)
        update_baselines(state, community, at, values)
    else:
        for name in plan.trends:
            _update_trend(state, name, at, values[name])
    last_values, remembered = state.last_values, plan.remembered
    if last_values is not None and len(last_values) == len(remembered):
        for name in remembered:
            last_values[name] = at, values[name]
    if last_values is None or len(last_values) != len(remembered):
        with_last_values(state, at, values, False)  # others are known: those that are too old are dropped


def update_baselines(state: DeviceState, community: CommunityIndex, at: Instant, values: dict[str, Value]) -> None:
    """Teaches what is usual; the hour that is still going on counts only when it is over. What falls is followed."""
    for name in state.ruleset.trend_quantities.intersection(values):
        _update_trend(state, name, at, values[name])
    if not state.ruleset.baseline_quantities:
        return
    offset = utc_offset_ms(at, community.zone_of(state.device))
    for name, counter in state.ruleset.baseline_quantities.items():
        value = values.get(name)
        if isinstance(value, (int, float)):
            state.baseline(name, counter).update(at, value, offset)


def _update_trend(state: DeviceState, quantity: str, at: Instant, value: Value) -> None:
    if isinstance(value, (int, float)):
        state.trends = state.trends if state.trends is not None else {}
        state.trends[quantity] = update_trend(state.trends.get(quantity), at, value)


def usable_values(reading: Reading) -> dict[str, Value]:
    """The values that rules use: implausible ones are left out. A clock without doubt has offset 0, so that a finding
    about it may end.
    """
    values, doubts = reading.values, reading.doubts
    if doubts:
        values = {name: value for name, value in values.items() if doubts.get(name) is not Quality.IMPLAUSIBLE}
    unsure = not reading.ahead_ms and (CLOCK_OFFSET in values or not _UNSURE_CLOCK.isdisjoint(doubts.values()))
    return values if unsure else {**values, CLOCK_OFFSET: round(reading.ahead_ms / 1000)}


def with_last_values(state: DeviceState, at: Instant, values: dict[str, Value], late: bool) -> Mapping[str, Value]:
    """The values, completed by recent values of other quantities of the same rules.

    A late reading is evaluated by itself: the stored values are newer.
    """
    ruleset = state.ruleset
    remembered_quantities = ruleset.last_value_quantities
    if not remembered_quantities or late:
        return values
    if values.keys() >= remembered_quantities:
        state.last_values = {name: (at, value) for name, value in values.items() if name in remembered_quantities}
        return values
    oldest = at - DEFAULT_STALENESS.allowed_silence_ms(state.report_interval_ms)
    remembered = state.last_values or {}
    recalled = {name: value for name, (since, value) in remembered.items() if since >= oldest}
    if len(recalled) < len(remembered):
        remembered = {name: remembered[name] for name in recalled}
    for name in remembered_quantities & values.keys():
        remembered[name] = (at, values[name])
    state.last_values = remembered
    recalled.update(values)
    return recalled


def update_histories(state: DeviceState, at: Instant, values: dict[str, Value]) -> None:
    """Adds the values to the sample histories; true is 1, false is 0."""
    for name, kept in state.ruleset.retentions.items():
        value = values.get(kept.quantity)
        if isinstance(value, (int, float)):
            state.histories = state.histories if state.histories is not None else {}
            past = state.histories.get(name)
            if past is None:
                past = state.histories[name] = kept.history()
            past.add(at, +value)
