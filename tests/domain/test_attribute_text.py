"""Attributes written as text: what is a number, and what only looks like one."""

from __future__ import annotations

import pytest

from domain.attribute_text import attribute_of_text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("TRUE", True),
        ("false", False),
        ("82", 82),
        ("-3", -3),
        ("120.3840", 120.384),
        ("007", "007"),
        ("1e5", "1e5"),
        ("独居", "独居"),
    ],
)
def test_a_cell_is_a_number_only_when_it_is_written_as_one(text: str, value: object) -> None:
    assert attribute_of_text(text) == value
    assert type(attribute_of_text(text)) is type(value)
