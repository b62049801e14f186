"""Filters, tests, methods and operators are those of Jinja."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ingest.templates.evaluation import parse_cached, render
from ingest.templates.functions import CALLABLES
from ingest.templates.nodes import FILTERS, FUNCTIONS, METHODS, TESTS, Parsed

MESSAGE: dict[str, Any] = {
    "a": {"b": 5},
    "x": 1,
    "st": 7,
    "s": " On ",
    "l": [3, 4],
    "n": None,
    "f": 2.567,
    "t": True,
    "j": '{"k": 2}',
    "d-1": "dash",
    "0": "zero",
}


def rendered(template: str, value: str = "1", message: object = MESSAGE) -> object:
    tree = parse_cached(template)
    assert isinstance(tree, Parsed), tree
    return render(tree, value, message)


def test_the_parser_and_the_functions_have_the_same_names() -> None:
    called = {how: frozenset(names) for how, names in CALLABLES.items()}

    assert {"filter": FILTERS, "function": FUNCTIONS, "method": METHODS - {"get"}, "test": TESTS} == called


@given(st.integers(-(10**6), 10**6), st.integers(1, 1000), st.integers(-5, 5))
def test_arithmetic_is_that_of_jinja(left: int, right: int, third: int) -> None:
    message = {"a": left, "b": right, "c": third}

    assert left * third + right == rendered("{{ value_json.a * value_json.c + value_json.b }}", "", message)
    assert -left - right // 2 == rendered("{{ -value_json.a - value_json.b // 2 }}", "", message)
    assert (left % right > third) is rendered("{{ value_json.a % value_json.b > value_json.c }}", "", message)
