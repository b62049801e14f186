"""What listener and engine remember, as bytes, at one cursor. It stores nothing."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from ingest.decoding.decoder import Decoder
from rules.engine.engine import Engine


class Snapshot(Struct, frozen=True):
    """Listener and engine, each in its own words."""

    listener: bytes
    engine: bytes


def encode(listener: Decoder, engine: Engine) -> bytes:
    """Both as they are now."""
    return msgspec.msgpack.encode(Snapshot(listener.snapshot(), engine.snapshot()))


def restore(blob: bytes, listener: Decoder, engine: Engine) -> None:
    """Both as they were then."""
    snapshot = msgspec.msgpack.decode(blob, type=Snapshot)
    listener.restore(snapshot.listener)
    engine.restore(snapshot.engine)
