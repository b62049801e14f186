"""Checkpoints: the state of decoder and engine as bytes, and when to save it with its journal positions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from io import BytesIO
from itertools import chain
from typing import Any

import msgspec
from msgspec import Struct, field

from app.pipeline.pending_writes import PendingWrites
from app.pipeline.ports import PipelineStores
from app.pipeline.retry import attempt_write
from domain import Instant, Lane
from ingest.decoding.decoder import Decoder
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook
from rules.rulebook.serialization import rulebooks_in_checkpoint

log = logging.getLogger("fengshao.checkpoint")
CHECKPOINT_PAUSE_FACTOR = 20
INTERRUPTIONS_MAX = 3
"""Snapshots in a row that are given up because something urgent arrived; the next one is completed."""
CHECKPOINT_IDLE_EVERY = 6
"""Every so many due checkpoints one is saved although no entry was processed: timers change the engine too."""


class Snapshot(Struct, frozen=True):
    """State of decoder and engine, each in its own encoding. Keys on disk: `listener`, `engine`."""

    decoder: bytes = field(name="listener")
    engine: bytes


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
        urgent_waits: Callable[[], bool] = lambda: False,
    ) -> None:
        """`urgent_waits`: whether something must be processed now rather than a snapshot taken."""
        self._decoder, self._engine, self._stores, self._writes = decoder, engine, stores, writes
        self._clock, self._every_ms, self._urgent_waits = clock, every_ms, urgent_waits
        self._last_at: Instant = 0
        self._due_count = self._interruptions = 0
        self._storing: asyncio.Task[None] | None = None
        self.create_task: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]] = asyncio.create_task
        """Starts the task that stores a snapshot."""
        self.saved_positions: dict[Lane, int] = {}
        """Positions of the last checkpoint: the journal may delete entries before them."""
        self.encoding = False
        """Whether decoder and engine are being read at this moment; nothing may change them meanwhile."""

    @property
    def is_due(self) -> bool:
        """Whether `every_ms` passed since the last checkpoint."""
        return self._clock() - self._last_at >= self._every_ms

    async def save(self, positions: Mapping[Lane, int], always: bool = False) -> None:
        """Save the state after these positions, if it changed. Raises CannotWrite.

        An entry that the history did not accept is read from the journal again at the next start: no checkpoint may
        pass it.
        """
        await self._finish_storing()
        if self._is_needed(positions, always):
            now, saved = self._clock(), dict(positions)
            blob = await self._encode(may_be_interrupted=False)
            assert blob is not None
            await self._store(saved, now, blob)

    async def begin(self, positions: Mapping[Lane, int], findings_stored: Callable[[], Awaitable[None]]) -> bool:
        """`save` in two parts: take the snapshot now, and store it in a task while processing goes on. One that cannot
        be written is attempted again when the next one is due.

        `findings_stored` returns when the findings of everything before the positions are stored. False when an earlier
        snapshot is not stored yet, or when something urgent came first.
        """
        if self._storing is not None and not self._storing.done():
            return False
        if self._is_needed(positions, False):
            now, saved = self._clock(), dict(positions)
            blob = await self._encode(may_be_interrupted=self._interruptions < INTERRUPTIONS_MAX)
            if blob is None:
                self._interruptions += 1
                self._last_at = now - self._every_ms
                return False
            self._interruptions = 0

            async def store() -> None:
                await findings_stored()
                await self._store(saved, now, blob)

            self._storing = self.create_task(attempt_write(store, "checkpoint"))
        return True

    async def _finish_storing(self) -> None:
        """Checkpoints are stored in the order of their positions."""
        if self._storing is not None:
            await self._storing
            self._storing = None

    def _is_needed(self, positions: Mapping[Lane, int], always: bool) -> bool:
        self._last_at = self._clock()
        if self._writes.history_is_behind:
            return False
        self._due_count += 1
        return always or positions != self.saved_positions or self._due_count % CHECKPOINT_IDLE_EVERY == 0

    async def _store(self, positions: dict[Lane, int], now: Instant, blob: bytes) -> None:
        await self._writes.flush_refusals()
        await self._writes.flush_history()
        await self._stores.store_checkpoint(positions, now, blob)
        self.saved_positions = positions

    async def _encode(self, *, may_be_interrupted: bool) -> bytes | None:
        """Encode in steps while processing waits: with 300,000 devices it takes seconds, and intake must go on.

        The longer it took, the longer until the next one: processing waits at most a twentieth of the time. None when
        it was interrupted. A thread would make the event loop wait for the interpreter's lock again and again.
        """
        begin, self.encoding = self._clock(), True
        decoder, engine = BytesIO(), BytesIO()
        try:
            for _ in chain(self._decoder.snapshot_in_steps(decoder), self._engine.snapshot_in_steps(engine)):
                await asyncio.sleep(0)
                if may_be_interrupted and self._urgent_waits():
                    return None
            return msgspec.msgpack.encode(Snapshot(decoder=decoder.getvalue(), engine=engine.getvalue()))
        finally:
            self.encoding = False
            pause_ms = CHECKPOINT_PAUSE_FACTOR * (self._clock() - begin) - self._every_ms
            self._last_at = begin + max(0, pause_ms)
