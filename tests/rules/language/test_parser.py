"""Conditions as people write them: parsed, refused with a column, and evaluated with three results."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import Value
from rules.language.analysis import constant_limit
from rules.language.compiler import compile_expression
from rules.language.functions import FUNCTIONS
from rules.language.nodes import (
    Binary,
    Constant,
    QuantityRef,
    Unary,
    WindowCall,
    attributes,
    comparisons,
    distances,
    leaves,
    quantities,
    windows,
)
from rules.language.parser import MAX_CONDITION_LENGTH, parse
from rules.language.prefilter import necessary_test, value_test
from rules.language.tokens import ExpressionError

EXAMPLE = "distance_m(lat, lon, person.fence_lat, person.fence_lon)"
TWO_POINTS = f"measured or written down: {EXAMPLE}"
IN_ORDER = f"in this order: {EXAMPLE}"


class ValueContext:
    """An evaluation context of plain values."""

    def __init__(self, values: Mapping[str, Value], known: Mapping[str, Value] | None = None) -> None:
        self.values, self.known = values, known or {}

    def attribute(self, owner: str, name: str) -> Value | None:
        return self.known.get(f"{owner}.{name}")

    def window(self, window: WindowCall) -> float | None:
        value = self.known.get(f"{window.function} {window.length_ms}")
        return None if value is None else float(value)


def evaluate(written: str, known: Mapping[str, Value] | None = None, **values: Value) -> object:
    return compile_expression(parse(written))(ValueContext(values, known))


@pytest.mark.parametrize(
    ("written", "values", "answer"),
    [
        ("lel_pct >= 10", {"lel_pct": 10}, True),
        ("lel_pct > 10", {"lel_pct": 10}, False),
        ("10 <= lel_pct", {"lel_pct": 9.9}, False),
        ("alarm", {"alarm": True}, True),
        ("not alarm", {"alarm": True}, False),
        ("not not alarm", {"alarm": True}, True),
        ("a and b or c", {"a": False, "b": False, "c": True}, True),
        ("a and (b or c)", {"a": False, "b": False, "c": True}, False),
        ("a + b * 2 == 7", {"a": 1, "b": 3}, True),
        ("(a - b) / 2 < -1", {"a": 1, "b": 4}, True),
        ("-a > 3", {"a": -4}, True),
        ("abs(tilt_deg) >= 15", {"tilt_deg": -20}, True),
        ("state == 'open'", {"state": "open"}, True),
        ('state != "open"', {"state": "open"}, False),
        ("worn == false", {"worn": False}, True),
        ("alarm == true", {"alarm": True}, True),
        ("level < 2.5", {"level": 2.4}, True),
    ],
)
def test_a_condition_is_evaluated(written: str, values: dict[str, Value], answer: bool) -> None:
    assert compile_expression(parse(written))(ValueContext(values)) is answer


def test_a_missing_value_is_unknown_unless_the_other_side_decides() -> None:
    assert evaluate("lel_pct >= 10") is None
    assert evaluate("not alarm") is None
    assert evaluate("-a > 1") is None
    assert evaluate("abs(a) > 1") is None
    assert evaluate("a and b", a=False) is False
    assert evaluate("b and a", a=False) is False
    assert evaluate("a and b", a=True) is None
    assert evaluate("a or b", a=True) is True
    assert evaluate("b or a", a=False) is None
    assert evaluate("a / b > 1", a=3, b=0) is None


def test_a_missing_attribute_is_false_as_a_boolean_and_unknown_in_a_comparison() -> None:
    assert evaluate("person.lives_alone and not person.away", {"person.lives_alone": True}) is True
    assert (
        evaluate("person.lives_alone and not person.away", {"person.lives_alone": "是", "person.away": "true"}) is False
    )
    assert evaluate("person.age >= 60") is None
    assert evaluate("person.age >= 60", {"person.age": 81}) is True


def test_a_default_replaces_a_missing_attribute() -> None:
    assert evaluate("level >= default(device.limit, 1500)", level=1600) is True
    assert evaluate("level >= default(device.limit, 1500)", {"device.limit": 2000}, level=1600) is False
    assert evaluate("default(device.off, false)", {"device.off": True}) is True
    assert constant_limit(comparisons(parse("level >= default(device.limit, 1500)"))[0]) == (
        QuantityRef("level"),
        ">=",
        1500,
    )


FENCE = "distance_m(lat, lon, person.fence_lat, person.fence_lon)"
BUND: dict[str, Value] = {"lat": 31.1774276, "lon": 121.5272106}
ON_THE_MAP: dict[str, Value] = {"person.fence_lat": 31.17530398364597, "person.fence_lon": 121.531541859215}


def test_a_distance_is_calculated_in_wgs84() -> None:
    """Attributes come from a map (GCJ-02), measured positions from satellites (WGS-84), unless a datum is given."""
    assert evaluate(f"{FENCE} < 1", ON_THE_MAP, **BUND) is True
    assert evaluate(f"{FENCE} > 450", {**ON_THE_MAP, "person.fence_datum": "WGS-84"}, **BUND) is True
    assert evaluate(f"{FENCE} > 450", {**ON_THE_MAP, "device.datum": "GCJ-02"}, **BUND) is True
    gcj = {"lat": 31.17530398364597, "lon": 121.531541859215}
    assert evaluate(f"{FENCE} < 1", {**ON_THE_MAP, "device.datum": "GCJ-02"}, **gcj) is True
    is_reversed = "distance_m(person.fence_lat, person.fence_lon, lat, lon) < 1"
    assert evaluate(is_reversed, ON_THE_MAP, **BUND) is True
    assert evaluate("distance_m(place.lat, place.lon, lat, lon) < 1", {"place.lat": 31.0, "place.lon": 121.0}) is None


@pytest.mark.parametrize(
    ("known", "values"),
    [
        ({}, BUND),
        (ON_THE_MAP, {}),
        (ON_THE_MAP, {"lat": 31.2}),
        (ON_THE_MAP, {"lat": 0, "lon": 0}),
        ({**ON_THE_MAP, "person.fence_lat": "31.2"}, BUND),
        ({**ON_THE_MAP, "person.fence_datum": "Beijing 1954"}, BUND),
        ({"person.fence_lat": True, "person.fence_lon": 121.5}, BUND),
    ],
)
def test_without_a_fence_a_fix_or_a_known_datum_a_distance_is_unknown(
    known: dict[str, Value], values: dict[str, Value]
) -> None:
    assert evaluate(f"{FENCE} > 1", known, **values) is None


def test_a_distance_refers_to_its_four_coordinates() -> None:
    node = parse(f"not ({FENCE} > person.fence_m and -lat < 3)")
    assert quantities(node) == ("lat", "lon")
    assert [attribute.name for attribute in attributes(node)] == ["fence_lat", "fence_lon", "fence_m"]
    assert len(distances(node)) == 1
    assert constant_limit(comparisons(parse(f"{FENCE} > 3"))[0]) == (distances(node)[0], ">", 3)


def test_windows_are_evaluated_over_the_past() -> None:
    assert evaluate("increase(volume_m3, 12h) < 0.01", {"increase 43200000": 0.002}) is True
    assert evaluate("idle(volume_m3, 1d) < 1h", {"idle 86400000": 3_600_000}) is False
    assert evaluate("increase(volume_m3, 12h) < 0.01") is None


@pytest.mark.parametrize(
    ("written", "column", "message"),
    [
        ("lel_pct => 25", 9, "'=' means nothing here: write == to compare"),
        ("lel_pct & 1", 9, "'&' means nothing here: write and"),
        ("lel_pct ? 1", 9, "'?' means nothing here"),
        ("lel_pct >=", 11, "expected a quantity or a number, found 'the end'"),
        ("lel_pct 25", 9, "'25' follows a complete condition: write and, or"),
        ("1 < lel_pct < 5", 13, "compare two things at a time: write a < b and b < c"),
        ("(alarm", 7, "expected ')', found 'the end'"),
        ("alarm or and", 10, "expected a quantity or a number, found 'and'"),
        ("persons.age > 3", 1, "'persons' has no attributes: write person"),
        ("human.age > 3", 1, "'human' has no attributes: write device, person, place, time, finding, sun"),
        ("person.", 8, "expected the name of an attribute after 'person'."),
        ("maximum(a, 1h)", 1, f"no function 'maximum': there are {', '.join(FUNCTIONS)}"),
        ("quantile(a, 1h) > 1", 1, "quantile needs a part from 0 to 1: quantile(a, 0.9, 12h)"),
        ("quantile(a, 2, 1h) > 1", 1, "quantile needs a part from 0 to 1: quantile(a, 0.9, 12h)"),
        ("quantile(a, 0.5, 1) > 1", 1, "quantile needs a time: quantile(a, 0.9, 12h)"),
        ("increase(1, 1h) > 1", 1, "increase looks at one quantity, as in (volume_m3, 12h)"),
        ("increase(a, 12) > 1", 1, "increase needs a time: increase(a, 12h)"),
        ("increase(a, 0h) > 1", 1, "increase needs a time: increase(a, 12h)"),
        ("increase(a) > 1", 11, "expected ',', found ')'"),
        ("distance_m(lat, lon) > 1", 1, f"distance_m needs latitude and longitude of two points, {TWO_POINTS}"),
        (
            "distance_m(lat, lon, 31.2, 121.5) > 1",
            1,
            f"distance_m needs latitude and longitude of two points, {TWO_POINTS}",
        ),
        ("distance_m(lat, lon, place.lon, place.lat) > 1", 1, f"a point is ..lat and the same ..lon, {IN_ORDER}"),
        ("distance_m(lat, lon, place.lat, person.lon) > 1", 1, f"a point is ..lat and the same ..lon, {IN_ORDER}"),
        ("distance_m(lat, lon, place.lat, place.x_lon) > 1", 1, f"a point is ..lat and the same ..lon, {IN_ORDER}"),
        (
            "a" * (MAX_CONDITION_LENGTH + 1),
            MAX_CONDITION_LENGTH,
            "a condition has at most 500 characters: make it two rules",
        ),
    ],
)
def test_a_syntax_error_has_a_column_and_a_suggestion(written: str, column: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(written)
    assert (caught.value.column, caught.value.message) == (column, message)
    assert str(caught.value) == f"column {column}: {message}"


def test_the_references_of_a_tree_are_listed() -> None:
    node = parse("a > 1 and not (b or a < 2) and increase(c, 1h) > 0 and person.x")
    assert quantities(node) == ("a", "b", "c")
    assert [attribute.name for attribute in attributes(node)] == ["x"]
    assert windows(node) == [WindowCall("increase", "c", 3_600_000)]
    assert len(comparisons(node)) == 3
    assert leaves(parse("-3")) == [Constant(3)]


def test_only_a_condition_about_one_quantity_has_a_value_test() -> None:
    assert value_test(parse("a > 1 and b")) is None
    assert value_test(parse("a > device.limit")) is None
    assert value_test(parse("increase(a, 1h) > 1")) is None
    assert value_test(parse("person.x")) is None


@pytest.mark.parametrize(
    ("written", "quantity", "true_at", "false_at"),
    [
        ("a > 1", "a", 2, 1),
        ("a > 90 and a > default(person.high, 131)", "a", 91, 90),
        ("person.ill and a > 90", "a", 91, 90),
        ("a > 90 and a > person.high or a < 51 and a < person.low", "a", 50, 51),
        ("b and a > 3", "b", True, False),
    ],
)
def test_a_condition_is_not_evaluated_while_its_necessary_test_is_false(
    written: str, quantity: str, true_at: Value, false_at: Value
) -> None:
    result = necessary_test(parse(written))
    assert result is not None
    assert (result[0], bool(result[1](true_at)), bool(result[1](false_at))) == (quantity, True, False)


@pytest.mark.parametrize("written", ["a > 1 or b", "a > 1 or person.x", "not (a > 1 and b)", "a > b", "person.x"])
def test_a_condition_with_several_causes_has_no_necessary_test(written: str) -> None:
    assert necessary_test(parse(written)) is None


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 200))
def test_the_necessary_test_is_true_where_the_condition_is(value: int, high: int, low: int) -> None:
    written = "a > 90 and a >= default(person.high, 131) or a < 51 and not (a > person.low)"
    result = necessary_test(parse(written))
    assert result is not None
    if evaluate(written, {"person.high": high, "person.low": low}, a=value) is True:
        assert result[1](value)


@given(st.sampled_from([">", ">=", "<", "<=", "==", "!="]), st.floats(-9, 9), st.integers(-9, 9), st.booleans())
def test_a_value_test_agrees_with_the_whole_condition(sign: str, value: float, limit: int, is_reversed: bool) -> None:
    side = f"(-{-limit})" if limit < 0 else str(limit)
    written = f"{side} {sign} q" if is_reversed else f"q {sign} {side}"
    for text in (written, f"not ({written})", f"abs(q) + 1 {sign} 3", f"{written} or q > 5"):
        fast_test = value_test(parse(text))
        assert fast_test is not None
        assert bool(fast_test(value)) is evaluate(text, q=value)


def test_the_limit_of_a_comparison_is_found_on_either_side() -> None:
    result = constant_limit(Binary("<=", Constant(10), QuantityRef("a")))
    assert result == (QuantityRef("a"), ">=", 10)
    assert constant_limit(Binary(">", Unary("abs", QuantityRef("a")), Unary("-", Constant(3)))) == (
        QuantityRef("a"),
        ">",
        -3,
    )
    assert constant_limit(Binary(">", QuantityRef("a"), QuantityRef("b"))) is None
    assert constant_limit(Binary(">", Unary("-", QuantityRef("a")), Constant(1))) is None


def column_of_error(text: str) -> int | None:
    try:
        parse(text)
    except ExpressionError as error:
        return error.column
    return None


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused_with_a_column(text: str) -> None:
    assert column_of_error(text) in {None, *range(1, len(text) + 2)}
