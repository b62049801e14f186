"""What is written down in pieces reads as if it had been written at once."""

from __future__ import annotations

import msgspec
import pytest
from msgspec import Struct

from rules.state.checkpoint import encode_incrementally


class Small(Struct, array_like=True):
    name: str
    at: int


class Large(Struct):
    before: int
    items: list[Small]
    after: dict[str, list[int]]


@pytest.mark.parametrize("count", [0, 1, 15, 16, 70_000])
def test_pieces_make_the_whole(count: int) -> None:
    items = [Small(f"s-{n}", n) for n in range(count)]
    written = encode_incrementally(Large(1, [], {"x": [2, 3]}), "items", count, iter(items))
    assert msgspec.msgpack.decode(written, type=Large) == Large(1, items, {"x": [2, 3]})
