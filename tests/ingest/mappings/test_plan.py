"""Which rule of which mapping book reads a field."""

from __future__ import annotations

from typing import Any

import pytest

from domain.kind import Kind
from ingest.mappings.conversion import convert
from ingest.mappings.mapping import MappingBook
from ingest.mappings.plan import FieldSpec, Plan, compile_plan


def kind_of(**quantities: dict[str, Any]) -> Kind:
    named = {name: {"name": {"zh": name, "en": name}, **about} for name, about in quantities.items()}
    about = {"kind": "thing", "name": {"zh": "物", "en": "Thing"}, "urgent": True, "report_every": "1h"}
    return Kind.model_validate({**about, "quantities": named})


THING = kind_of(level={"type": "number"}, on={"type": "bool", "danger": True}, word={"type": "text"})


def spec(field: str, rule: Any = None) -> FieldSpec:
    book = {"platform": "p", "version": 1, "kinds": {"thing": {field: rule}} if rule is not None else {}}
    return compile_plan(THING, [MappingBook.model_validate(book)], "p").specs[field]


def test_a_more_specific_rule_replaces_a_more_general_one() -> None:
    model = {"models": ["M1"], "kind": "thing", "fields": {"f": {"to": "level", "scale": 3}}}
    books = [
        MappingBook.model_validate(book)
        for book in (
            {"platform": "p", "version": 1, "fields": {"f": "ignore", "g": "absent_here"}, "models": [model]},
            {"platform": "any", "version": 1, "kinds": {"thing": {"f": "word"}, "other": {"f": "level"}}},
        )
    ]
    plain, special = compile_plan(THING, books, "p").specs, compile_plan(THING, books, "p", "M1").specs

    assert (True, True, 3) == (plain["f"].ignored, plain["g"].ignored, convert(special["f"], 1))
    assert "word" == compile_plan(THING, books, "q").specs["f"].quantity


def test_one_field_may_hold_several_quantities_and_those_that_a_kind_lacks_are_left_out() -> None:
    rules = [{"to": "on", "words": {"1": True}, "otherwise": False}, "level", {"to": "elsewhere", "bit": 2}]
    whole = spec("code", rules)

    assert [("on", True), ("level", 1)] == [(each.quantity, convert(each, 1)) for each in (whole, *whole.others)]
    assert ((), True) == (whole.types, spec("code", ["elsewhere", "ignore"]).ignored)


def plan_of(platform: str, **spoken: Any) -> Plan:
    every = {"a quiet word": "level", "loud": "level", "nobody": "elsewhere"}
    book = {"platform": "any", "version": 1, "spoken": {"every": every, "thing": {"Loud Word": "on"}, **spoken}}
    return compile_plan(THING, [MappingBook.model_validate(book)], platform)


@pytest.mark.parametrize(
    ("name", "quantity"),
    [
        ("loudWord", "on"),
        ("LOUD_WORD", "on"),
        ("status.loud-word", "on"),
        ("loudWord.value", "on"),
        ("a.loud.word", "on"),
        ("Kitchen/Loud Word", "on"),
        ("A quiet word", "level"),
        ("data.LEVEL", None),
        ("Level", "level"),
        ("battery.on", None),
        ("Kitchen/quiet", None),
        ("Kitchen/aQuietWord", None),
        ("Kitchen/on", None),
        ("nobody", None),
        ("", None),
    ],
)
def test_a_field_that_no_book_lists_is_read_by_its_words(name: str, quantity: str | None) -> None:
    assert quantity == next((each.quantity for each in plan_of("q").specs_for(name)), None)


def test_on_a_platform_with_fixed_names_no_field_is_read_by_another_spelling() -> None:
    assert ((), "on") == (plan_of("native").specs_for("loudWord"), plan_of("native").specs_for("on")[0].quantity)


def test_an_absent_value_inside_the_range_does_not_take_the_ordinary_path() -> None:
    assert () == spec("f", {"to": "level", "absent": [0]}).types
    assert (float, int) == spec("f", {"to": "level", "absent": ["null"]}).types


def test_a_book_applies_to_the_platforms_in_also_too(kinds: dict[str, Kind]) -> None:
    book = MappingBook.model_validate({"platform": "p", "also": ["q"], "version": 1, "fields": {"t": "temp_c"}})

    plans = [compile_plan(kinds["door"], [book], platform) for platform in ("p", "q", "r")]
    assert [True, True, False] == ["t" in plan.specs for plan in plans]


def test_a_device_that_sends_ever_other_fields_uses_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.mappings.plan.ORDINARY_MAX", 2)
    plan = compile_plan(THING, [], "p")
    for name in ("level", "on", "word"):
        plan.remember_ordinary((name,))
    assert list(plan.ordinary) == [("word",)]
