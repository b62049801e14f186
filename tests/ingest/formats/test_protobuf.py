"""The wire format of protocol buffers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.protobuf import read_fields
from tests.ingest.adapters.sparkplug_messages import number, text


@given(st.lists(st.tuples(st.integers(1, 2**20), st.integers(0, 2**64 - 1) | st.binary())))
def test_encoded_fields_are_read_back(fields: list[tuple[int, int | bytes]]) -> None:
    encoded = b"".join(number(at, item) if isinstance(item, int) else text(at, item) for at, item in fields)

    assert fields == list(read_fields(encoded))
