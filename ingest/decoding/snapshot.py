"""What a listener remembers, as bytes and back. It knows no message."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Final

import msgspec
from msgspec import Struct, field

from domain import Instant
from ingest.adapters import platform_for_topic
from ingest.adapters.sparkplug.state import SparkplugState
from ingest.decoding.duplicates import Window
from ingest.decoding.earlier_messages import Said, SaidBefore
from ingest.decoding.redelivery import marks
from ingest.definitions import Saved as Definitions
from ingest.discovery.discovery import Discovered
from ingest.discovery.hints import Saved as Descriptions
from ingest.frame import Frame

PART: Final = 2_000
"""Devices written at once: when this runs in a thread, others get their turn between two parts."""

Saved = tuple[int, int, int, Instant, Instant, bytes]


class _Read(Struct, array_like=True):
    windows: list[dict[str, Saved]] | dict[str, Saved]
    """In parts; before 0.3 in one."""
    packets: dict[str, dict[int, int]]
    sparkplug: SparkplugState = field(default_factory=SparkplugState)
    described: Descriptions = field(default_factory=list)
    said: Said = field(default_factory=Said)
    definitions: Definitions = field(default_factory=Definitions)


class _Written(Struct, array_like=True):
    windows: list[msgspec.Raw]
    packets: dict[str, dict[int, int]]
    sparkplug: SparkplugState
    described: Descriptions
    said: Said
    definitions: Definitions


def written(
    windows: Iterable[tuple[str, Saved]],
    packets: Mapping[str, Mapping[int, int | Frame]],
    sparkplug: SparkplugState,
    discovered: Discovered,
    said_before: SaidBefore,
) -> bytes:
    """The bytes of a snapshot."""
    waiting = iter(windows)
    parts: list[msgspec.Raw] = []
    while part := dict(islice(waiting, PART)):
        parts.append(msgspec.Raw(msgspec.msgpack.encode(part)))
    described, definitions = discovered.described.saved(), discovered.definitions.saved()
    return msgspec.msgpack.encode(
        _Written(parts, marks(packets), sparkplug, described, said_before.saved(), definitions)
    )


def read(
    snapshot: bytes, heard_on: Callable[[str], str | None] = platform_for_topic
) -> tuple[dict[str, Window], dict[str, dict[int, int]], SparkplugState, Discovered, SaidBefore]:
    """What those bytes hold. Raises msgspec.DecodeError for bytes that are none."""
    saved = msgspec.msgpack.decode(snapshot, type=_Read)
    parts = saved.windows if isinstance(saved.windows, list) else [saved.windows]
    windows = {name: Window.restored(each) for part in parts for name, each in part.items()}
    discovered = Discovered(saved.described, saved.definitions, heard_on)
    return windows, saved.packets, saved.sparkplug, discovered, SaidBefore(saved.said)
