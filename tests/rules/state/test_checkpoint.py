"""A checkpoint encoded in pieces decodes like one encoded at once."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import msgspec
import pytest
from msgspec import Struct

from rules.state.checkpoint import STEP_ITEMS, encode_in_steps, encode_whole


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
    whole, steps = Whole(1, [], {"x": [2, 3]}), list[None]()

    def write(out: BytesIO) -> Iterator[None]:
        for step in encode_in_steps(whole, "items", count, iter(items), out):
            steps.append(step)
            yield

    written = encode_whole(write)
    assert len(steps) == count // STEP_ITEMS
    assert msgspec.msgpack.decode(written, type=Whole) == Whole(1, items, {"x": [2, 3]})
