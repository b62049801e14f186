"""Stores the pipeline's results: readings in the history, refusals and checkpoints in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from app.datadir.stores import Stores
from app.pipeline.ports import RefusalBatch
from app.reload.active_definitions import ActiveDefinitions
from app.reload.stored_definitions import encode_definitions
from domain import Instant, Lane
from store.database import journal_copies
from store.database.database import Database
from store.database.refusals import refusals
from store.database.refusals.unregistered_devices import record_discovery
from store.database.system import checkpoints, key_values

CHECKPOINT, DEFINITIONS = "chain", "definitions"
"""Names in the tables `checkpoints` and `settings`."""
REFUSALS_PER_HOUR_MAX = 1_000
"""Stored one by one for each source, reason and hour; beyond it they are only counted."""


class ServiceStores:
    """The pipeline's stores (app.pipeline.ports.PipelineStores)."""

    def __init__(self, stores: Stores, definitions: ActiveDefinitions) -> None:
        self.history = stores.history
        self._database, self._definitions = stores.database, definitions

    async def store_refusals(self, batches: Sequence[RefusalBatch]) -> None:
        def write(tx: Connection) -> None:
            for batch in batches:
                refusals.store_refusals(tx, batch.lane, batch.pos, batch.refusals, REFUSALS_PER_HOUR_MAX)
                record_discovery(tx, batch.announcements)

        await self._database.write(write)

    async def store_checkpoint(self, positions: Mapping[Lane, int], now: Instant, snapshot: bytes) -> None:
        """Store a snapshot; in the same transaction the definitions it was evaluated by, if they changed."""
        definitions = self._definitions.current
        encoded = None if self._definitions.stored else encode_definitions(definitions)

        def write(tx: Connection) -> None:
            checkpoints.save(tx, CHECKPOINT, dict(positions), now, snapshot)
            journal_copies.delete_entries(tx, positions)
            if encoded is not None:
                key_values.put(tx, DEFINITIONS, encoded, now)

        await self._database.write(write)
        self._definitions.stored = definitions is self._definitions.current
        self._database.begin_wal_checkpoint()


def load_checkpoint(database: Database) -> tuple[checkpoints.Checkpoint | None, object]:
    """The last checkpoint, and the encoded definitions that its state was evaluated by (None: not stored)."""
    checkpoint = database.write_blocking(lambda tx: checkpoints.load(tx, CHECKPOINT))
    if checkpoint is None:
        return None, None
    return checkpoint, database.write_blocking(lambda tx: key_values.get(tx, DEFINITIONS))
