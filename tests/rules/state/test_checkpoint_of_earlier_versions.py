"""A checkpoint that an earlier version wrote is taken up, and the engine goes on judging as if it had never stopped."""

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
    Recorded,
    after_the_checkpoint,
    new_engine,
    until_the_checkpoint,
)

FIXTURES = sorted((Path(__file__).parents[1] / "fixtures").glob("checkpoint_*.json"))
Kinds = dict[str, Kind]


@pytest.fixture(params=FIXTURES, ids=lambda file: file.stem)
def old(request: pytest.FixtureRequest) -> Recorded:
    return msgspec.json.decode(request.param.read_bytes(), type=Recorded)


def restored(kinds: Kinds, checkpoint: bytes) -> Engine:
    engine = new_engine(kinds)
    engine.restore(checkpoint)
    engine.register(DEVICES, CUT)
    return engine


def test_an_old_checkpoint_goes_on_with_the_findings_of_that_version_and_of_this_one(
    old: Recorded, kinds: Kinds
) -> None:
    after = after_the_checkpoint(restored(kinds, old.snapshot()))
    assert [repr(one) for one in after] == [repr(one) for one in old.after]
    fresh = new_engine(kinds)
    until_the_checkpoint(fresh)
    assert [repr(one) for one in after_the_checkpoint(fresh)] == [repr(one) for one in after]


def test_it_holds_rules_groups_and_gateways_in_every_state(old: Recorded, kinds: Kinds) -> None:
    engine = restored(kinds, old.snapshot())
    phases = Counter(watch.phase.value for seat in engine.states.values() for watch in seat.rule_states.values())
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


def test_it_names_the_rulebooks_by_which_it_was_judged(old: Recorded) -> None:
    assert rulebooks_in_checkpoint(old.snapshot()) == BOOKS
