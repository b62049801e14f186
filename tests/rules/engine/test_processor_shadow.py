"""Rules in shadow: evaluated like all others, not emitted, without effect on others; counted, also over a restart."""

from __future__ import annotations

from typing import Any

from domain import Device, Reading, Value
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook
from rules.tools.explain import explain

T0 = 1_767_225_600_000
SMOKE: dict[str, Any] = {
    "name": "smoke", "title": {"zh": "烟", "en": "x"}, "kind": "smoke_alarm", "severity": "high", "when": "alarm",
    "source": "test", "shadow": True,
}  # fmt: skip
INHIBITED = {**SMOKE, "name": "fault", "when": "fault", "only_if": "not finding.smoke", "shadow": False}
GROUP = {
    **{name: value for name, value in SMOKE.items() if name not in ("kind", "when", "shadow")},
    "name": "line", "of": "line", "gather": {"parts": [{"rules": ["smoke"], "at_least": 2}]},
}  # fmt: skip


def engine_of(kinds: dict[str, Kind], **options: bool) -> Engine:
    book = Rulebook.model_validate({"hazard": "fire", "rules": [SMOKE, INHIBITED, GROUP]})
    engine = Engine([book], kinds, community(), **options)
    engine.register([Device(name, "smoke_alarm", attributes={"line": "L"}) for name in ("s1", "s2")], T0)
    return engine


def reading_at(at: int, device: str = "s1", **values: Value) -> Reading:
    return Reading(device, "smoke_alarm", T0 + at, T0 + at, values)


def test_a_rule_in_shadow_emits_nothing_and_is_counted(kinds: dict[str, Kind]) -> None:
    engine = engine_of(kinds)
    assert engine.feed([reading_at(0, alarm=True), reading_at(1, alarm=False), reading_at(2, alarm=True)], T0 + 2) == []
    restored = engine_of(kinds)
    restored.restore(engine.snapshot())
    assert restored.feed([reading_at(3, alarm=False)], T0 + 3) == []
    assert restored.state.shadow_counts == {"smoke": {"began": 2, "ended": 2}}
    assert explain(restored, "smoke", "s1")["shadow"] == {"began": 2, "ended": 2}


def test_a_rule_in_shadow_neither_inhibits_others_nor_counts_in_groups(kinds: dict[str, Kind]) -> None:
    engine = engine_of(kinds)
    readings = [reading_at(0, alarm=True), reading_at(1, "s2", alarm=True), reading_at(2, fault=True)]
    assert [finding.rule for finding in engine.feed(readings, T0 + 2)] == ["fault"]


def test_an_engine_may_emit_findings_in_shadow(kinds: dict[str, Kind]) -> None:
    engine = engine_of(kinds, emit_shadow=True)
    assert [finding.rule for finding in engine.feed([reading_at(0, alarm=True)], T0)] == ["smoke"]
    assert engine.state.shadow_counts == {}
