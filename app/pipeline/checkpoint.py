"""Checkpoints: the state of decoder and engine as bytes, and when to save it with its journal positions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

import msgspec
from msgspec import Struct, field

from app.pipeline.pending_writes import PendingWrites
from app.pipeline.ports import PipelineStores
from domain import Instant, Lane
from ingest.decoding.decoder import Decoder
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook
from rules.rulebook.serialization import rulebooks_in_checkpoint

log = logging.getLogger("fengshao.checkpoint")
CHECKPOINT_PAUSE_FACTOR = 20
CHECKPOINT_IDLE_EVERY = 6
"""Every so many due checkpoints one is saved although no entry was processed: timers change the engine too."""


class Snapshot(Struct, frozen=True):
    """State of decoder and engine, each in its own encoding. Keys on disk: `listener`, `engine`."""

    decoder: bytes = field(name="listener")
    engine: bytes


def encode(decoder: Decoder, engine: Engine) -> bytes:
    """The present state as MessagePack."""
    return msgspec.msgpack.encode(Snapshot(decoder=decoder.snapshot(), engine=engine.snapshot()))


def restore(blob: bytes, decoder: Decoder, engine: Engine) -> None:
    """Put decoder and engine into the state of a snapshot."""
    snapshot = msgspec.msgpack.decode(blob, type=Snapshot)
    decoder.restore(snapshot.decoder)
    engine.restore(snapshot.engine)


def rulebooks_in(blob: bytes | None) -> list[Rulebook]:
    """The rulebooks that the state of a snapshot was evaluated by; empty when this version cannot read them."""
    try:
        return rulebooks_in_checkpoint(msgspec.msgpack.decode(blob, type=Snapshot).engine) if blob else []
    except ValueError as error:
        log.warning("the rulebooks of the last run cannot be read, those on disk are used from the start: %s", error)
        return []


class Checkpointer:
    """Saves snapshots with the journal positions they stand for.

    A snapshot is saved only after everything before its positions is durable in history and database, so that a replay
    from it repeats only what is idempotent.
    """

    def __init__(
        self,
        decoder: Decoder,
        engine: Engine,
        stores: PipelineStores,
        writes: PendingWrites,
        clock: Callable[[], Instant],
        every_ms: int,
    ) -> None:
        self._decoder, self._engine, self._stores, self._writes = decoder, engine, stores, writes
        self._clock, self._every_ms = clock, every_ms
        self._last_at: Instant = 0
        self._due_count = 0
        self.saved_positions: dict[Lane, int] = {}
        """Positions of the last checkpoint: the journal may delete entries before them."""
        self.encoding = False
        """Whether a thread reads decoder and engine at this moment; nothing may change them meanwhile."""

    @property
    def is_due(self) -> bool:
        """Whether `every_ms` passed since the last checkpoint."""
        return self._clock() - self._last_at >= self._every_ms

    async def save(self, positions: Mapping[Lane, int], always: bool = False) -> None:
        """Save the state after these positions, if it changed. Raises CannotWrite.

        An entry that the history did not accept is read from the journal again at the next start: no checkpoint may
        pass it.
        """
        now = self._last_at = self._clock()
        await self._writes.flush_refusals()
        if self._writes.history_is_behind:
            return
        self._due_count += 1
        if always or positions != self.saved_positions or self._due_count % CHECKPOINT_IDLE_EVERY == 0:
            saved = dict(positions)
            blob = await self._encode()
            await self._writes.flush_history()
            await self._stores.store_checkpoint(saved, now, blob)
            self.saved_positions = saved

    async def _encode(self) -> bytes:
        """Encode in a thread while processing waits: with 300,000 devices it takes seconds, and intake must go on.

        The longer it took, the longer until the next one: processing waits at most a twentieth of the time.
        """
        begin, self.encoding = self._clock(), True
        try:
            return await asyncio.to_thread(encode, self._decoder, self._engine)
        finally:
            self.encoding = False
            pause_ms = CHECKPOINT_PAUSE_FACTOR * (self._clock() - begin) - self._every_ms
            self._last_at = begin + max(0, pause_ms)
