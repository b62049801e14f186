"""The checkpoint of an engine, and its encoding in steps: encoding 300,000 device states in one call would stop
everything else for seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import Final

import msgspec
from msgspec import Struct, field

from rules.state.device_snapshot import DeviceSnapshot
from rules.state.gateway import GatewaySnapshot
from rules.state.group import GroupSnapshot
from rules.state.outages import Outages

STEP_ITEMS: Final = 500
"""Device states encoded at once: some 1 ms."""


class Snapshot(Struct):
    """The engine written down."""

    outages: Outages
    device_states: list[DeviceSnapshot] = field(name="seats")
    groups: list[GroupSnapshot] = []
    shadow_counts: dict[str, dict[str, int]] = field(default_factory=dict, name="shadowed")
    rulebooks: bytes = field(default=b"", name="books")
    """By which it was judged."""
    gateways: dict[str, GatewaySnapshot] = {}


def encode_whole(write: Callable[[BytesIO], Iterator[None]]) -> bytes:
    """What `write` writes in steps, at once."""
    out = BytesIO()
    for _ in write(out):
        pass
    return out.getvalue()


def encode_in_steps(whole: Struct, name: str, count: int, items: Iterable[object], out: BytesIO) -> Iterator[None]:
    """Encodes `whole` as MessagePack, a map by field name, with `count` items in place of its field `name`.

    Suspended after every STEP_ITEMS items.
    """
    encode = msgspec.msgpack.Encoder().encode
    encoded_names = dict(zip(whole.__struct_fields__, whole.__struct_encode_fields__, strict=True))
    array_name = encoded_names.pop(name)
    out.write(bytes([0x80 | len(encoded_names) + 1]))  # a map
    for attribute, encoded_name in encoded_names.items():
        out.write(encode(encoded_name))
        out.write(encode(getattr(whole, attribute)))
    out.write(encode(array_name))
    out.write(b"\xdd" + count.to_bytes(4, "big"))  # an array
    for number, item in enumerate(items, 1):
        out.write(encode(item))
        if number % STEP_ITEMS == 0:
            yield
