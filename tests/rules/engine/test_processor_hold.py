"""A hold that runs out where the rule may no longer start."""

from __future__ import annotations

from domain import Device, Reading
from tests.support.rule_builders import Kinds, engine_of, rule, shanghai_time

T0 = shanghai_time("2026-01-01T12:00")
LEAK = rule("r", when="lel_pct >= 10", only_if="device.under_works != true", hold="1m")


def test_a_hold_that_runs_out_after_works_began_emits_nothing(kinds: Kinds) -> None:
    engine = engine_of(kinds, LEAK)
    engine.register([Device("g", "gas_alarm", attributes={"under_works": False})], T0)
    assert engine.feed([Reading("g", "gas_alarm", T0, T0, {"lel_pct": 20.0})], T0) == []
    engine.register([Device("g", "gas_alarm", attributes={"under_works": True})], T0 + 30_000)

    assert engine.tick(T0 + 61_000) == []


def test_the_same_hold_without_works_emits(kinds: Kinds) -> None:
    engine = engine_of(kinds, LEAK)
    engine.register([Device("g", "gas_alarm", attributes={"under_works": False})], T0)
    engine.feed([Reading("g", "gas_alarm", T0, T0, {"lel_pct": 20.0})], T0)

    assert [finding.rule for finding in engine.tick(T0 + 61_000)] == ["r"]


def test_a_night_in_one_batch_ends_and_begins_as_live(kinds: Kinds) -> None:
    engine = engine_of(kinds, rule("r", when="lel_pct >= 10", release="1m"))
    engine.register([Device("g", "gas_alarm")], T0)
    samples = ((0, 20.0), (10_000, 0.0), (600_000, 20.0))
    night = [Reading("g", "gas_alarm", T0 + at, T0 + 700_000, {"lel_pct": lel_pct}) for at, lel_pct in samples]

    assert [finding.phase.value for finding in engine.feed(night, T0 + 700_000)] == ["began", "ended", "began"]
