"""Addresses from names of places, and their short form in a text message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.addresses import joined, shortened


@pytest.mark.parametrize(
    ("names", "address"),
    [
        ([], ""),
        (["枫林苑", "3栋", "402"], "枫林苑3栋402"),
        (["3", "402"], "3-402"),
        (["枫林苑", "枫林苑3栋", "枫林苑3栋402"], "枫林苑3栋402"),
        (["2号", "2号房"], "2号2号房"),
        (["Maple Court", "Block 3", "402"], "Maple Court Block 3-402"),
    ],
)
def test_names_become_one_address_without_repetition(names: list[str], address: str) -> None:
    assert joined(names) == address


def test_a_short_address_never_starts_inside_a_number() -> None:
    assert shortened("枫林苑13号楼402", 6) == "402"


@given(st.text(alphabet="枫林苑0123456789栋单元ABab-", max_size=30), st.integers(1, 30))
def test_a_short_address_is_the_end_of_the_address(address: str, max_length: int) -> None:
    assert address.endswith(shortened(address, max_length))
