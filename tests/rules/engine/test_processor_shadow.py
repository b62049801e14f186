"""Rules in shadow: judged like all others, told to nobody, causing nothing; and counted, also over a restart."""

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
CALM = {**SMOKE, "name": "fault", "when": "fault", "only_if": "not finding.smoke", "shadow": False}
LINE = {
    **{name: value for name, value in SMOKE.items() if name not in ("kind", "when", "shadow")},
    "name": "line", "of": "line", "gather": {"parts": [{"rules": ["smoke"], "at_least": 2}]},
}  # fmt: skip


def engine_of(kinds: dict[str, Kind], **options: bool) -> Engine:
    book = Rulebook.model_validate({"hazard": "fire", "rules": [SMOKE, CALM, LINE]})
    engine = Engine([book], kinds, community(), **options)
    engine.register([Device(name, "smoke_alarm", attributes={"line": "L"}) for name in ("s1", "s2")], T0)
    return engine


def said(at: int, device: str = "s1", **values: Value) -> Reading:
    return Reading(device, "smoke_alarm", T0 + at, T0 + at, values)


def test_a_rule_in_shadow_reaches_nobody_and_is_counted(kinds: dict[str, Kind]) -> None:
    engine = engine_of(kinds)
    assert engine.feed([said(0, alarm=True), said(1, alarm=False), said(2, alarm=True)], T0 + 2) == []
    restored = engine_of(kinds)
    restored.restore(engine.snapshot())
    assert restored.feed([said(3, alarm=False)], T0 + 3) == []
    assert restored.state.shadow_counts == {"smoke": {"began": 2, "ended": 2}}
    assert explain(restored, "smoke", "s1")["shadow"] == {"began": 2, "ended": 2}


def test_a_shadow_neither_silences_others_nor_gathers(kinds: dict[str, Kind]) -> None:
    engine = engine_of(kinds)
    readings = [said(0, alarm=True), said(1, "s2", alarm=True), said(2, fault=True)]
    assert [finding.rule for finding in engine.feed(readings, T0 + 2)] == ["fault"]


def test_whoever_tries_a_rule_hears_its_shadow(kinds: dict[str, Kind]) -> None:
    engine = engine_of(kinds, emit_shadow=True)
    assert [finding.rule for finding in engine.feed([said(0, alarm=True)], T0)] == ["smoke"]
    assert engine.state.shadow_counts == {}
