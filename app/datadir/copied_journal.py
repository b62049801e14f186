"""A journal that copies each entry to the ledger's server, so that a second machine can take over without a loss.

An entry is acknowledged once it is in this machine's file and on the server. While the server does not answer, the file
alone is enough where no other machine may take over. Where one may, it may reach the server although this one does not:
nothing is acknowledged then, and the broker gives it to the machine that takes its session over.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from domain import Instant, Lane
from ingest.frame import Frame
from store.database.database import Database
from store.database.journal_copies import Entry, add_entries
from store.errors import CannotWrite, Superseded
from store.journal import SqliteJournal, encode_frames

log = logging.getLogger("fengshao.copied_journal")

WAIT_S: Final = 2.0
"""How long an entry waits for the server before it is acknowledged without, or that is logged."""
RETRY_S: Final = 1.0
MAX_WAITING_BYTES: Final = 64 * 1024 * 1024
"""Beyond it the oldest entries are in this machine's file only; that is logged and counted."""
BATCH: Final = 200


class CopiedJournal(SqliteJournal):
    """Call `run` in a task. `is_behind`: entries are in this machine's file that the server does not have yet."""

    def __init__(self, path: Path, database: Database) -> None:
        super().__init__(path)
        self._database = database
        self._waiting: deque[tuple[Entry, asyncio.Event]] = deque()
        self._bytes = 0
        self._wakeup, self._returned = asyncio.Event(), asyncio.Event()
        self._returned.set()
        self.is_behind = self._is_superseded = False
        self.is_alone: Callable[[], bool] = lambda: True
        """Whether no other machine may take over."""
        self.not_copied = 0
        """Entries that were dropped from the queue: a takeover would lose them."""

    @property
    def oldest_waiting(self) -> Instant | None:
        """When the oldest entry was received that the server does not have yet; None when it has all."""
        return self._waiting[0][0][2] if self._waiting else None

    async def append(self, lane: Lane, frames: Sequence[Frame]) -> int:
        """See SqliteJournal.append; returns once the server has the entry too, or does not answer.

        Calls return in order of their positions: a checkpoint after a later entry would leave an earlier one out.
        """
        pos = await super().append(lane, frames)
        entry = pos, lane, max(frame.received for frame in frames), len(frames), encode_frames(frames)
        copied, previous, returned = self._add(entry), self._returned, asyncio.Event()
        self._returned = returned
        try:
            await self._wait_for(copied)
            await previous.wait()
        finally:
            returned.set()
        if self._is_superseded:
            raise CannotWrite(
                "another machine has become active: it hears from the broker what is not acknowledged here"
            )
        return pos

    async def _wait_for(self, copied: asyncio.Event) -> None:
        while not copied.is_set() and not (self.is_behind and self.is_alone()):
            try:
                async with asyncio.timeout(WAIT_S):
                    await copied.wait()
            except TimeoutError:
                if not self.is_behind:
                    log.error("the ledger's server does not take copies of the journal")
                self.is_behind = True

    async def run(self) -> None:
        """Copy what waits, until cancelled. Raises Superseded; nothing is acknowledged any more then."""
        while True:
            self._wakeup.clear()
            if self._waiting:
                await self._copy()
            else:
                await self._wakeup.wait()

    def _add(self, entry: Entry) -> asyncio.Event:
        copied = asyncio.Event()
        self._waiting.append((entry, copied))
        self._bytes += len(entry[4])
        # Where another machine may take over each entry is waited for, and none may be dropped.
        while self._bytes > MAX_WAITING_BYTES and len(self._waiting) > 1 and self.is_alone():
            self._bytes -= len(self._waiting.popleft()[0][4])
            self.not_copied += 1
        self._wakeup.set()
        return copied

    async def _copy(self) -> None:
        batch = [self._waiting[index] for index in range(min(BATCH, len(self._waiting)))]
        try:
            await self._database.write(lambda tx: add_entries(tx, [entry for entry, _ in batch]))
        except CannotWrite as error:
            log.error("journal entries not copied, trying again: %s", error)
            await asyncio.sleep(RETRY_S)
            return
        except Superseded:
            self._is_superseded = True
            for _, copied in self._waiting:
                copied.set()
            raise
        last = batch[-1][0][0]
        while self._waiting and self._waiting[0][0][0] <= last:
            self._bytes -= len(self._waiting.popleft()[0][4])
        for _, copied in batch:
            copied.set()
        if self.is_behind and not self._waiting:
            self.is_behind = False
            log.warning("the ledger's server has all entries of the journal again")
