"""DeviceSnapshot: the state of a device as a value, as checkpoints store it."""

from __future__ import annotations

from msgspec import Struct

from domain import Instant, Value
from rules.compiled.ruleset import CompiledRuleset
from rules.lifecycle.state_machine import RuleState
from rules.state.inputs import PendingReevaluation
from rules.state.self_tests import SelfTestRun
from rules.windows.baseline import BaselineSnapshot
from rules.windows.history import Sample, SampleHistory
from rules.windows.trend import Trend


class DeviceSnapshot(Struct, array_like=True, gc=False):
    """Snapshot of a DeviceState, encoded by position. Rules are named, so that a new rulebook finds their state."""

    device: str
    kind: str
    known_since: Instant
    last_arrival: Instant
    max_event_time: Instant
    rule_states: dict[str, RuleState]
    last_values: dict[str, tuple[Instant, Value]] | None
    histories: dict[str, list[Sample]] | None
    last_arrival_of: dict[str, Instant] | None
    retained_reported: tuple[str, ...]
    recent_starts: dict[str, tuple[Instant, ...]] | None = None
    baselines: dict[str, BaselineSnapshot] | None = None
    offline_since: Instant | None = None
    trends: dict[str, Trend] | None = None
    pending: PendingReevaluation | None = None
    test: SelfTestRun | None = None


def restored_histories(snapshot: DeviceSnapshot, ruleset: CompiledRuleset) -> dict[str, SampleHistory] | None:
    """The histories that a ruleset needs. One of another reach starts with all samples of its quantity."""
    held = snapshot.histories or {}
    found = {name: held.get(name) or held.get(kept.quantity) for name, kept in ruleset.retentions.items()}
    return {name: ruleset.retentions[name].history(past) for name, past in found.items() if past} or None
