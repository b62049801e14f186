"""An internal error of the engine: recorded by a service, which goes on with other devices; raised in a trial."""

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
BROKEN = Reading("gas-1", "gas_alarm", T0, T0, None)  # type: ignore[arg-type]  # the validator rejects such a reading
ALARM = Reading("gas-2", "gas_alarm", T0, T0, {"alarm": True})


@pytest.fixture
def engine(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> Engine:
    new_engine = Engine([books["gas"]], kinds, community())
    new_engine.register([Device("gas-1", "gas_alarm"), Device("gas-2", "gas_alarm")], T0)
    return new_engine


def schedule_timer_of_unknown_rule(engine: Engine) -> None:
    engine.states["gas-1"].set_rule_state("gone", RuleState(Phase.PENDING, wake_at=T0))
    engine.state.timers.schedule(T0, "gas-1", "gone")


def test_an_internal_error_on_one_reading_does_not_stop_the_next(engine: Engine) -> None:
    engine.state.internal_errors = []
    findings = engine.feed([BROKEN, ALARM], T0)
    assert [(finding.rule, finding.device) for finding in findings] == [("gas-alarm", "gas-2")]
    ((where, error),) = engine.state.internal_errors
    assert where == f"gas-1 at {T0}"
    assert isinstance(error, (AttributeError, TypeError))


def test_an_internal_error_on_one_timer_does_not_stop_the_others(engine: Engine) -> None:
    engine.state.internal_errors = []
    engine.feed([Reading("gas-2", "gas_alarm", T0, T0, {"lel_pct": 15})], T0)
    schedule_timer_of_unknown_rule(engine)
    assert [finding.rule for finding in engine.tick(T0 + 30_000)] == ["gas-low"]
    assert [where for where, _ in engine.state.internal_errors] == [f"gas-1 gone due {T0}"]


def test_an_internal_error_is_raised_in_a_trial(engine: Engine) -> None:
    with pytest.raises((AttributeError, TypeError)):
        engine.feed([BROKEN], T0)
    schedule_timer_of_unknown_rule(engine)
    with pytest.raises(KeyError):
        engine.tick(T0)
