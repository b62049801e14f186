"""Thing models of JetLinks and Alink as field descriptions."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.adapters.thing_models import field_meanings
from ingest.definitions import FIELDS_MAX, Definitions, DefinitionUpdate, FieldMeaning


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (
            {"properties": [{"identifier": "a", "dataType": {"type": "enum", "specs": {"0": "正常", "1": 3}}}]},
            ("a", "", {"0": "正常"}),
        ),
        (
            {"properties": [{"id": "a", "valueType": {"type": "float", "unit": {"symbol": "℃", "id": "x"}}}]},
            ("a", "℃", {}),
        ),
        ({"properties": [{"id": "a", "valueType": {"type": "float", "unit": {"id": "litre"}}}]}, ("a", "litre", {})),
        (
            {"properties": [{"id": "o", "valueType": {"properties": [{"id": "i", "valueType": {"unit": "L"}}]}}]},
            ("o.i", "L", {}),
        ),
        (
            {
                "properties": [
                    {
                        "identifier": "o",
                        "dataType": {
                            "type": "struct",
                            "specs": [{"identifier": "i", "dataType": {"specs": {"unit": "L"}}}],
                        },
                    }
                ]
            },
            ("o.i", "L", {}),
        ),
        (
            {"events": [{"id": "e", "valueType": {"properties": [{"id": "i", "valueType": {"unit": "L"}}]}}]},
            ("i", "L", {}),
        ),
        (
            {
                "events": [
                    {"identifier": "e", "outputData": [{"identifier": "i", "dataType": {"specs": {"unit": "L"}}}]}
                ]
            },
            ("i", "L", {}),
        ),
        (
            {"properties": [{"id": "a", "valueType": {"type": "bool", "trueText": "", "falseText": "关"}}]},
            ("a", "", {"false": "关", "0": "关"}),
        ),
    ],
)
def test_the_fields_of_a_thing_model(model: dict[str, Any], found: tuple[str, str, dict[str, str]]) -> None:
    assert (FieldMeaning(*found),) == field_meanings(model)


@pytest.mark.parametrize("model", [{}, {"properties": 3}, {"properties": [{"id": "a"}]}, {"events": [{"id": "e"}]}])
def test_a_model_that_defines_nothing(model: dict[str, Any]) -> None:
    assert () == field_meanings(model)


def test_models_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.definitions.MODELS_MAX", 1)
    known = Definitions()
    many = tuple(FieldMeaning(f"f{number}", "L") for number in range(FIELDS_MAX + 5))
    for scope in ("one", "two"):
        known.apply(DefinitionUpdate("t", (), "jetlinks", scope, many))

    assert known.thing_model("jetlinks", "one") is None
    assert FIELDS_MAX == len(known.thing_model("jetlinks", "two") or ())
