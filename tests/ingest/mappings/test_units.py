"""Numbers with units, and units stated by other fields."""

from __future__ import annotations

import pytest

from ingest.mappings.units import number_and_unit, stated_units, to_our_unit, unit_of


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234,567 L", (1234567, "L")),
        ("1,2,3", None),
        ("1.234.567", None),
        ("1,234.5.6", None),
        ("-3e2", (-300.0, "")),
    ],
)
def test_numbers_are_read_as_they_are_written(text: str, number: object) -> None:
    assert number == number_and_unit(text)


def test_a_unit_of_another_dimension_is_not_converted() -> None:
    litre = unit_of("L")
    assert litre is not None
    assert (None, None) == (to_our_unit(1, litre, "°C"), to_our_unit(1, litre, "parsec"))


def test_a_stated_unit_applies_to_fields_of_its_dimension() -> None:
    stated = stated_units([("Unit", "L"), ("TempUnit", "F"), ("flat_unit", "3b"), ("n", 1)])
    assert ["F", "L", None] == [stated.unit_for(*each) for each in (("warm", "°C"), ("total", "m³"), ("level", "mm"))]
    assert stated_units([("a", 1)]).unit_for("a", "mm") is None
