"""Payload codecs in JavaScript: vendors' decoder files as published, for the bytes inside a platform's message.

A codec runs in a separate process without input or output, for at most 20 ms and with at most 8 MB a call. The fields
that it returns go through mapping and validation like those of every adapter.
"""

from __future__ import annotations

from msgspec import Struct, field

from domain import Instant


class Codec(Struct, frozen=True):
    """A codec file bound to models. `variables` (JSON) are passed to every call; `version` is a hash of its bytes."""

    name: str
    source: str
    version: str
    variables: str = "{}"


class DecodeCall(Struct, frozen=True, gc=False):
    """One payload for one codec. `received` is the only time that the codec can read."""

    codec: Codec
    data: bytes
    f_port: int
    received: Instant


class Decoded(Struct, frozen=True):
    """The fields that a codec returned, with its warnings."""

    fields: dict[str, object]
    warnings: list[str] = field(default_factory=list)


class CodecFailed(Struct, frozen=True):
    """Why a codec returned no usable fields. `hit_limit`: time or memory; repeated, the codec is suspended.

    `partial_fields` were returned beside an error: they give no reading, but may contain a danger.
    """

    detail: str
    hit_limit: bool = False
    partial_fields: dict[str, object] = field(default_factory=dict)
