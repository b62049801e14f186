"""Times in which no worker could receive, as events of the rules' keys, written before what was received later.

The rules' clock is the time of arrival in the records. After an interruption the first record would carry it over the
gap, and every device would look silent: so the outage comes first, whatever caused it - a lost link, a restart of the
worker or of the whole installation, Kafka that was away.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from app.scale.records import READINGS, Record
from domain import SECOND, Instant, Lane
from ingest.frame import Frame
from ingest.mqtt.journal_writer import Journal
from rules.hosts.keyed.events import encode_event
from rules.hosts.replay import Outage

log = logging.getLogger("fengshao.ingest")
OUTAGE_MIN_MS: Final = 5_000
"""A shorter interruption is no outage: the broker delivers what it kept within the time that rules wait anyway."""

WriteRecords = Callable[[Iterable[Record]], Awaitable[None]]


class OutageRecorder:
    """Until when messages could be received, and what is to be written before a later instant."""

    def __init__(self, write: WriteRecords, keys: Callable[[], Sequence[str]]) -> None:
        """`keys`: every key of the rules that has devices."""
        self._write, self._keys = write, keys
        self._received_until: Instant | None = None
        self._lock = asyncio.Lock()

    def begin(self, received_until: Instant) -> None:
        """Until when the last worker could receive, before this one started."""
        self._received_until = received_until

    async def advance(self, instants: Iterable[Instant]) -> None:
        """Messages could be received at these instants, in order. Where two are further apart, an outage is written to
        every key. Raises OSError; then a repetition writes it again.
        """
        async with self._lock:
            for at in instants:
                before = at if self._received_until is None else self._received_until
                if at - before >= OUTAGE_MIN_MS:
                    await self._write_outage(Outage(before, at))
                self._received_until = max(before, at)

    async def _write_outage(self, outage: Outage) -> None:
        """Dated at its begin: the first record must not carry the clock over the gap before the last is written."""
        keys = self._keys()
        lasted_s = (outage.end - outage.begin) // SECOND
        log.warning("nothing could be received for %d s: written to %d keys", lasted_s, len(keys))
        await self._write(Record(READINGS, key, encode_event(key, outage), outage.now) for key in keys)


class OutageJournal:
    """A journal that writes outages before the messages that were received after them."""

    def __init__(self, journal: Journal, outages: OutageRecorder) -> None:
        self._journal, self._outages = journal, outages

    async def append(self, lane: Lane, frames: Sequence[Frame]) -> int:
        """Raises OSError when an outage or a message was refused: nothing of the batch is acknowledged."""
        await self._outages.advance(sorted({frame.received for frame in frames}))
        return await self._journal.append(lane, frames)
