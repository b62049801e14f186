"""Cells of CSV files as spreadsheets write them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.config.cell_values import parse_bool, parse_clock, parse_names, parse_number, parse_weekdays, parse_whole


def test_cells_are_read_as_spreadsheets_write_them() -> None:
    assert (parse_number("120.5"), parse_whole("1"), parse_clock("8:00"), parse_clock("08:00:00")) == (
        120.5,
        1,
        "08:00",
        "08:00",
    )
    assert (parse_bool("是"), parse_bool("No"), parse_weekdays("5 1 1")) == (True, False, [1, 5])
    assert parse_names(" fire，gas; person ") == ["fire", "gas", "person"]


@pytest.mark.parametrize(
    ("parse", "cell", "fault"),
    [
        (parse_number, "x", "'x' is not a number"),
        (parse_whole, "-1", "is not a whole number"),
        (parse_bool, "maybe", "neither yes nor no"),
        (parse_weekdays, "8", "ISO numbers of the days"),
    ],
)
def test_a_wrong_cell_is_named(parse: Callable[[str], object], cell: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        parse(cell)
