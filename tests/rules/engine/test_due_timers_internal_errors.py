"""Our own mistake in judging: a service goes on for all others and knows of it; a trial fails of it."""

from __future__ import annotations

import pytest

from domain import Device, Reading
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.lifecycle.state_machine import RuleState
from rules.lifecycle.transitions import Phase
from rules.rulebook.model import Rulebook

T0 = 1_767_225_600_000
MUTE = Reading("gas-1", "gas_alarm", T0, T0, None)  # type: ignore[arg-type]  # no gate lets it in
ALARM = Reading("gas-2", "gas_alarm", T0, T0, {"alarm": True})


@pytest.fixture
def engine(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> Engine:
    fresh = Engine([books["gas"]], kinds, community())
    fresh.register([Device("gas-1", "gas_alarm"), Device("gas-2", "gas_alarm")], T0)
    return fresh


def owe_what_nobody_knows(engine: Engine) -> None:
    engine.states["gas-1"].set_rule_state("gone", RuleState(Phase.PENDING, wake_at=T0))
    engine.state.timers.schedule(T0, "gas-1", "gone")


def test_a_reading_that_judging_fails_on_deafens_nobody_to_the_next(engine: Engine) -> None:
    engine.state.internal_errors = []
    findings = engine.feed([MUTE, ALARM], T0)
    assert [(finding.rule, finding.device) for finding in findings] == [("gas-alarm", "gas-2")]
    ((where, fault),) = engine.state.internal_errors
    assert where == f"gas-1 at {T0}"
    assert isinstance(fault, (AttributeError, TypeError))


def test_a_wake_up_that_judging_fails_on_stops_no_other_clock(engine: Engine) -> None:
    engine.state.internal_errors = []
    engine.feed([Reading("gas-2", "gas_alarm", T0, T0, {"lel_pct": 15})], T0)
    owe_what_nobody_knows(engine)
    assert [finding.rule for finding in engine.tick(T0 + 30_000)] == ["gas-low"]
    assert [where for where, _ in engine.state.internal_errors] == [f"gas-1 gone due {T0}"]


def test_a_trial_fails_of_our_own_mistake(engine: Engine) -> None:
    with pytest.raises((AttributeError, TypeError)):
        engine.feed([MUTE], T0)
    owe_what_nobody_knows(engine)
    with pytest.raises(KeyError):
        engine.tick(T0)
