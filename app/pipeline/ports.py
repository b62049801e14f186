"""What the pipeline needs from its neighbours: stores, the receiver of findings, the source of messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from domain import Finding, Instant, Lane
from ingest.results import DeviceEvent, Refusal
from store.history import History


class RefusalBatch(Struct, frozen=True):
    """Refusals of one journal entry, and the device events in it that announce devices."""

    lane: Lane
    pos: int
    refusals: Sequence[Refusal]
    announcements: Sequence[DeviceEvent]


class PipelineStores(Protocol):
    """Where results are stored. Each method raises CannotWrite while the disk is full or failing."""

    @property
    def history(self) -> History: ...

    async def store_refusals(self, batches: Sequence[RefusalBatch]) -> None: ...

    async def store_checkpoint(self, positions: Mapping[Lane, int], now: Instant, snapshot: bytes) -> None: ...


class FindingSink(Protocol):
    """Receives findings, with the journal position they come from (None: from timers). Raises CannotWrite."""

    async def process_findings(
        self, findings: Sequence[Finding], lane: Lane | None = None, pos: int | None = None
    ) -> Any: ...


class MessageSource(Protocol):
    """Receives messages and journals them (ingest.mqtt.consumer)."""

    @property
    def oldest_unjournaled(self) -> Instant | None:
        """When the oldest message was received that is not yet in the journal; None when all are."""
        ...
