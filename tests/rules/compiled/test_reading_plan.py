"""A reading that leaves every rule quiet is known by its values; what it teaches is recorded all the same."""

from __future__ import annotations

from math import inf, nan, nextafter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import DAY, Device, Instant, Reading, Value
from domain.kind import Kind
from domain.people import community
from rules.compiled.reading_plan import Guard, Guards
from rules.engine.engine import Engine
from rules.engine.reading_processor import ReadingProcessor
from rules.language.compiler import compile_for_value
from rules.language.parser import parse
from rules.language.prefilter import quiet_interval
from rules.rulebook.model import Rulebook

T0: Instant = 1_767_225_600_000
GAS = Device("gas-1", "gas_alarm")
LIMITS = [0, 1, 20, 20.5, -3, 2**52, 2**53 + 2, 1e300]
numbers = st.one_of(
    st.sampled_from([nan, inf, -inf, True, False, 2**53 + 1, *LIMITS]),
    st.sampled_from(LIMITS).map(lambda limit: nextafter(limit, inf)),
    st.sampled_from(LIMITS).map(lambda limit: nextafter(limit, -inf)),
    st.floats(),
    st.integers(),
)


@given(
    operators=st.lists(st.sampled_from([">=", ">", "<=", "<"]), min_size=2, max_size=2),
    limits=st.lists(st.sampled_from([0, 1, 20, 20.5, 2**52, 2**53 + 2]), min_size=2, max_size=2),
    joined=st.sampled_from(["and", "or"]),
    value=numbers,
)
def test_a_condition_is_never_true_inside_its_quiet_interval(
    operators: list[str], limits: list[float], joined: str, value: Value
) -> None:
    one, other = (f"x {operator} {limit}" for operator, limit in zip(operators, limits, strict=True))
    node = parse(f"{one} {joined} {other}")
    interval = quiet_interval(node)
    if interval is not None and interval[1] < value < interval[2]:  # type: ignore[operator]
        assert compile_for_value(node)(value) is not True


@pytest.mark.parametrize(
    ("operator", "inside", "outside"), [(">=", 19.9, 20), (">", 20, 20.1), ("<=", 21, 20), ("<", 20, 19.9)]
)
def test_the_limit_itself_is_on_the_side_of_its_operator(operator: str, inside: float, outside: float) -> None:
    interval = quiet_interval(parse(f"x {operator} 20"))
    assert interval is not None
    assert [interval[1] < value < interval[2] for value in (inside, outside)] == [True, False]


@pytest.mark.parametrize(
    "condition", ["default(x, 0) < 5", "known(x)", "x == 5", "x > y", "x > 1 or y > 1", "x > person.age"]
)
def test_other_conditions_have_no_quiet_interval(condition: str) -> None:
    assert quiet_interval(parse(condition)) is None


def test_guards_of_several_rules_share_one_interval_a_quantity() -> None:
    guards = Guards([
        Guard("x", lambda _: True, (-inf, 25.0)),
        Guard("x", lambda _: True, (3.0, inf)),
        Guard("alarm", lambda value: value is True),
    ])  # fmt: skip
    assert guards.exclude({"x": 10, "alarm": False})
    assert not guards.exclude({"x": 25, "alarm": False})
    assert not guards.exclude({"x": 3, "alarm": False})
    assert not guards.exclude({"x": 10, "alarm": True})
    with pytest.raises(TypeError):
        guards.exclude({"x": "10", "alarm": False})


class Counting(ReadingProcessor):
    """Counts the readings for which rules are evaluated one by one."""

    evaluated = 0

    def evaluate_context_rules(self, *arguments: object) -> None:  # type: ignore[override]
        Counting.evaluated += 1
        super().evaluate_context_rules(*arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "evaluated"),
    [
        ({"lel_pct": 3.0, "co_ppm": 3, "battery_pct": 88}, 0),
        ({"lel_pct": 30.0, "battery_pct": 88}, 1),
        ({"battery_pct": 79}, 1),
        ({"battery_pct": "88"}, 1),
        ({"battery_low": False}, 0),
        ({"battery_low": True}, 1),
        ({"test": True}, 1),
    ],
)
def test_rules_are_evaluated_one_by_one_only_for_values_by_which_one_could_begin(
    books: dict[str, Rulebook], kinds: dict[str, Kind], values: dict[str, Value], evaluated: int
) -> None:
    engine = Engine(list(books.values()), kinds, community())
    engine.register([GAS], T0)
    shared, Counting.evaluated = engine._readings, 0
    engine._readings = Counting(shared._engine_state, shared._conditions, shared._absences, shared._self_tests)
    engine.feed([Reading(GAS.id, GAS.kind, T0, T0, values)], T0)
    assert Counting.evaluated == evaluated


def test_a_battery_that_falls_is_forecast_though_most_of_its_readings_are_passed_over(
    books: dict[str, Rulebook], kinds: dict[str, Kind]
) -> None:
    engine = Engine(list(books.values()), kinds, community())
    findings = engine.register([GAS], T0)
    for day in range(40):
        at = T0 + day * DAY // 2
        findings += engine.feed([Reading(GAS.id, GAS.kind, at, at, {"battery_pct": 100 - 1.5 * day})], at)
    assert "device-battery-forecast" in {finding.rule for finding in findings}
