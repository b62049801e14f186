"""Single values become our types and units by a rule, or fail with a reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kind import Kind
from ingest.mappings.conversion import NOT_MEASURED, TEXT_MAX, UNLISTED_WORD, ConversionFailure, convert
from ingest.mappings.mapping import MappingBook
from ingest.mappings.plan import FieldSpec, compile_plan


def kind_of(**quantities: dict[str, Any]) -> Kind:
    named = {name: {"name": {"zh": name, "en": name}, **about} for name, about in quantities.items()}
    about = {"kind": "thing", "name": {"zh": "物", "en": "Thing"}, "urgent": True, "report_every": "1h"}
    return Kind.model_validate({**about, "quantities": named})


THING = kind_of(level={"type": "number"}, on={"type": "bool", "danger": True}, word={"type": "text"})


def spec(field: str, rule: Any = None) -> FieldSpec:
    book = {"platform": "p", "version": 1, "kinds": {"thing": {field: rule}} if rule is not None else {}}
    return compile_plan(THING, [MappingBook.model_validate(book)], "p").specs[field]


@pytest.mark.parametrize(
    ("rule", "raw", "value"),
    [
        ("on", "TRUE", True),
        ("on", "0", False),
        ("on", 1, True),
        ("on", 0.0, False),
        ({"to": "on", "invert": True}, False, True),
        ({"to": "on", "words": {"leak": True, "1": True, "true": True}}, " Leak ", True),
        ({"to": "on", "words": {"leak": True, "1": True, "true": True}}, True, True),
        ({"to": "on", "words": {"x": True}, "otherwise": "absent"}, "y", UNLISTED_WORD),
        ({"to": "on", "words": {"x": None}, "otherwise": True}, "X", NOT_MEASURED),
        ({"to": "on", "words": {"0": False}, "otherwise": True}, 17, True),
        ({"to": "on", "bit": 1}, 2, True),
        ({"to": "on", "bit": 5}, "0x1F", False),
        ("on", "Alarm", True),
        ("on", "normal", False),
        ({"to": "level", "scale": 0.001}, 3015, 3.015),
        ({"to": "level", "offset": -40}, 60, 20),
        ({"to": "level", "text_number": True}, "1700 mm", 1700),
        ({"to": "level", "text_number": True}, 3.5, 3.5),
        ({"to": "level", "absent": [-1, "null"]}, "null", NOT_MEASURED),
        ({"to": "level", "absent": [-1]}, -1.0, NOT_MEASURED),
        ({"to": "level", "absent": [-1]}, 7, 7),
        ("level", None, NOT_MEASURED),
        ("word", "leak", "leak"),
        ("word", "长" * TEXT_MAX, "长" * TEXT_MAX),
        ("word", "", ""),
    ],
)
def test_a_rule_gives_this_value(rule: Any, raw: object, value: object) -> None:
    assert value == convert(spec("field", rule), raw)


@pytest.mark.parametrize(
    ("field", "raw", "problem"),
    [
        ("on", 2, "int 2 is neither true nor false"),
        ("on", "maybe", "str 'maybe' is neither true nor false"),
        ("on", [], "list [] is neither true nor false"),
        ("level", True, "bool True is not a number"),
        ("level", "3", "str '3' is not a number"),
        ("level", float("inf"), "inf is not a finite number"),
        ("level", float("nan"), "nan is not a finite number"),
        ("level", 2**64, "a whole number of more than 64 bits"),
        ("word", 3, "int 3 is not text"),
    ],
)
def test_a_value_of_the_wrong_type_is_a_failure_with_its_reason(field: str, raw: object, problem: str) -> None:
    assert ConversionFailure(problem) == convert(spec(field), raw)


@pytest.mark.parametrize("raw", ["x", 1.5, True, None, [1]])
def test_what_is_no_whole_number_has_no_bits(raw: object) -> None:
    found = convert(spec("f", {"to": "on", "bit": 0}), raw)
    assert found is NOT_MEASURED if raw is None else isinstance(found, ConversionFailure)


@pytest.mark.parametrize("raw", [3, "3", "3 parsec", "3 L", "x mm", float("nan")])
def test_a_length_without_a_unit_of_length_is_a_failure(raw: object) -> None:
    rule = {"to": "depth", "text_number": True, "unit": "stated"}
    book = {"platform": "p", "version": 1, "kinds": {"thing": {"field": rule}}}
    deep = kind_of(depth={"type": "number", "unit": "mm"})
    measured = compile_plan(deep, [MappingBook.model_validate(book)], "p").specs["field"]

    assert isinstance(convert(measured, raw), ConversionFailure)
    assert isinstance(convert(measured, raw, "L"), ConversionFailure)


def test_a_word_that_is_not_listed_is_a_failure() -> None:
    assert ConversionFailure("'y' is not a word we know here") == convert(
        spec("f", {"to": "on", "words": {"x": True}}), "y"
    )


@pytest.mark.parametrize("raw", ["", "mm", "+-3"])
def test_text_without_a_number_is_a_failure(raw: str) -> None:
    assert isinstance(convert(spec("f", {"to": "level", "text_number": True}), raw), ConversionFailure)


@given(st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_comes_out_exactly_as_it_went_in(number: float) -> None:
    out = convert(spec("level"), number)
    assert (type(number), number) == (type(out), out)


def test_s4_a_text_that_no_history_server_stores_is_refused_with_its_length() -> None:
    failure = convert(spec("word", "word"), "长" * (TEXT_MAX + 1))
    assert isinstance(failure, ConversionFailure)
    assert failure.detail == "a text of 1001 characters: at most 1000 are stored"
