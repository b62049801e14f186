"""A checkpoint written by an earlier version is restored, and the engine continues as if it had never stopped."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from domain.kind import Kind
from rules.engine.engine import Engine
from rules.rulebook.serialization import rulebooks_in_checkpoint
from tests.support.checkpoint_story import (
    BOOKS,
    CUT,
    DEVICES,
    RecordedCheckpoint,
    new_engine,
    play_after_checkpoint,
    play_until_checkpoint,
)

FIXTURES = sorted((Path(__file__).parents[1] / "fixtures").glob("checkpoint_*.json"))
Kinds = dict[str, Kind]


@pytest.fixture(params=FIXTURES, ids=lambda file: file.stem)
def old(request: pytest.FixtureRequest) -> RecordedCheckpoint:
    return msgspec.json.decode(request.param.read_bytes(), type=RecordedCheckpoint)


def restored(kinds: Kinds, checkpoint: bytes) -> Engine:
    engine = new_engine(kinds)
    engine.restore(checkpoint)
    engine.register(DEVICES, CUT)
    return engine


def test_a_restored_old_checkpoint_emits_the_findings_that_both_versions_emit(
    old: RecordedCheckpoint, kinds: Kinds
) -> None:
    findings = play_after_checkpoint(restored(kinds, old.snapshot()))
    assert [repr(finding) for finding in findings] == [repr(finding) for finding in old.after]
    new = new_engine(kinds)
    play_until_checkpoint(new)
    assert [repr(finding) for finding in play_after_checkpoint(new)] == [repr(finding) for finding in findings]


def test_the_old_checkpoint_contains_rules_groups_and_gateways_in_every_state(
    old: RecordedCheckpoint, kinds: Kinds
) -> None:
    engine = restored(kinds, old.snapshot())
    phases = Counter(
        rule_state.phase.value for state in engine.states.values() for rule_state in state.rule_states.values()
    )
    assert {"pending", "firing", "clearing", "stale"} <= set(phases)
    assert engine.latched_devices("gas-latch") == ["gas-4"]
    assert {"building/b1", "household/h1"} <= set(engine.groups.states)
    assert any(group.rule_states for group in engine.groups.states.values())
    assert engine.gateways.get_or_create("gw-1").is_silent
    assert engine.state.outages.closed
    assert engine.state.shadow_counts
    assert engine.states["meter-1"].baselines
    assert engine.states["meter-1"].trends
    assert engine.states["gas-1"].histories
    assert len(old.after) > 20


def test_the_old_checkpoint_contains_its_rulebooks(old: RecordedCheckpoint) -> None:
    assert rulebooks_in_checkpoint(old.snapshot()) == BOOKS
