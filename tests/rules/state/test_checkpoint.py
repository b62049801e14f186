"""A checkpoint encoded in pieces decodes like one encoded at once."""

from __future__ import annotations

import msgspec
import pytest
from msgspec import Struct

from rules.state.checkpoint import encode_incrementally


class Item(Struct, array_like=True):
    name: str
    at: int


class Whole(Struct):
    before: int
    items: list[Item]
    after: dict[str, list[int]]


@pytest.mark.parametrize("count", [0, 1, 15, 16, 70_000])
def test_pieces_decode_to_the_whole(count: int) -> None:
    items = [Item(f"s-{n}", n) for n in range(count)]
    written = encode_incrementally(Whole(1, [], {"x": [2, 3]}), "items", count, iter(items))
    assert msgspec.msgpack.decode(written, type=Whole) == Whole(1, items, {"x": [2, 3]})
