"""Decoder state to bytes and back (msgpack), for the checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import islice
from typing import Final

import msgspec
from msgspec import Struct, field

from domain import Instant
from ingest.adapters import platform_for_topic
from ingest.adapters.sparkplug.state import SparkplugState
from ingest.decoding.duplicates import DuplicateWindow
from ingest.decoding.earlier_messages import EarlierMessages, EarlierMessagesState
from ingest.decoding.redelivery import RedeliveryFilter
from ingest.decoding.state import DecoderState
from ingest.definitions import DefinitionsState
from ingest.discovery.discovery import Discovery
from ingest.discovery.hints import HintsState

PART_DEVICES: Final = 2_000
"""Devices encoded at once: some 2 ms."""

WindowState = tuple[int, int, int, Instant, Instant, bytes]


class _DecodedState(Struct, array_like=True):
    windows: list[dict[str, WindowState]] | dict[str, WindowState]
    """In parts of PART_DEVICES; one dict in checkpoints written before 0.3."""
    packets: dict[str, dict[int, int] | bytes]
    """By session; dicts in checkpoints written before 2026-12."""
    sparkplug: SparkplugState = field(default_factory=SparkplugState)
    hints: HintsState = field(default_factory=list)
    earlier: EarlierMessagesState = field(default_factory=EarlierMessagesState)
    definitions: DefinitionsState = field(default_factory=DefinitionsState)


class _EncodedState(Struct, array_like=True):
    windows: list[msgspec.Raw]
    packets: dict[str, bytes]
    sparkplug: SparkplugState
    hints: HintsState
    earlier: EarlierMessagesState
    definitions: DefinitionsState


def encode_in_steps(state: DecoderState, out: BytesIO, received_since: Instant = 0) -> Iterator[None]:
    """Write the state, with the duplicate windows of devices that sent something since `received_since`.

    Suspended after every PART_DEVICES devices; nothing may be decoded until the end.
    """
    windows = (
        (id, window.state()) for id, window in state.duplicates.items() if window.last_received >= received_since
    )
    parts: list[msgspec.Raw] = []
    while part := dict(islice(windows, PART_DEVICES)):
        parts.append(msgspec.Raw(msgspec.msgpack.encode(part)))
        yield
    encoded = _EncodedState(
        parts,
        state.redelivery.state(),
        state.sparkplug,
        state.discovery.hints.state(),
        state.earlier.state(),
        state.discovery.definitions.state(),
    )
    out.write(msgspec.msgpack.encode(encoded))


def decode_snapshot(
    snapshot: bytes, platform_by_filter: Callable[[str], str | None] = platform_for_topic
) -> DecoderState:
    """The state that was encoded. Raises msgspec.DecodeError for other bytes."""
    saved = msgspec.msgpack.decode(snapshot, type=_DecodedState)
    parts = saved.windows if isinstance(saved.windows, list) else [saved.windows]
    return DecoderState(
        Discovery(saved.hints, saved.definitions, platform_by_filter),
        {id: DuplicateWindow.from_state(window) for part in parts for id, window in part.items()},
        RedeliveryFilter(saved.packets),
        saved.sparkplug,
        EarlierMessages(saved.earlier),
    )
