"""What a device says inside its platform's wrapping: payload codecs in JavaScript, vendors' files as published.

A codec runs in a process of its own, without any input or output, for at most 20 ms and with at most 8 MB a call. It
knows no platform and no quantity: its fields go through the mapping and the gate like everybody's.
"""

from __future__ import annotations

from msgspec import Struct, field

from domain import Instant


class Codec(Struct, frozen=True):
    """One file bound to models. `variables` are handed to every call; `version` names the bytes of the file."""

    name: str
    source: str
    version: str
    variables: str = "{}"


class DecodeCall(Struct, frozen=True, gc=False):
    """One payload for one codec. `received` is the only time that the codec can learn."""

    codec: Codec
    data: bytes
    f_port: int
    received: Instant


class Decoded(Struct, frozen=True):
    """The fields that a codec read, with its warnings."""

    fields: dict[str, object]
    warnings: list[str] = field(default_factory=list)


class CodecFailed(Struct, frozen=True):
    """Why a codec gave nothing to be believed. `hit_limit`: it ran into a limit, and rests when it does so again.

    `partial_fields` are the fields it gave beside its complaint: no reading, but they may tell of a danger.
    """

    detail: str
    hit_limit: bool = False
    partial_fields: dict[str, object] = field(default_factory=dict)
