"""Writes a large value down in small pieces: encoding 300,000 seats in one go would hold the interpreter, and with it
everything else that the process does, for a fifth of a second. It knows nothing of what it writes.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO

import msgspec
from msgspec import Struct

from rules.state.device import Memory
from rules.state.gateway import Shut
from rules.state.group import Gathered
from rules.state.outages import Outages


class Snapshot(Struct):
    """The engine written down."""

    outages: Outages
    seats: list[Memory]
    groups: list[Gathered] = []
    shadowed: dict[str, dict[str, int]] = {}
    books: bytes = b""
    """By which it was judged."""
    gateways: dict[str, Shut] = {}


def in_pieces(whole: Struct, name: str, count: int, items: Iterable[object]) -> bytes:
    """The bytes of `whole` as MessagePack, with these items for its field `name`."""
    encode, out = msgspec.msgpack.Encoder().encode, BytesIO()
    fields = [field for field in whole.__struct_fields__ if field != name]
    out.write(bytes([0x80 | len(fields) + 1]))  # a map
    for field in fields:
        out.write(encode(field))
        out.write(encode(getattr(whole, field)))
    out.write(encode(name))
    out.write(b"\xdd" + count.to_bytes(4, "big"))  # an array
    for item in items:
        out.write(encode(item))
    return out.getvalue()
