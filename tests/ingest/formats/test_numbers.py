"""Numbers in texts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.numbers import parse_number


@given(st.integers() | st.floats(allow_nan=False))
def test_every_number_is_parsed_from_its_text(value: float) -> None:
    assert value == parse_number(repr(value)) or abs(value) >= 10**30
