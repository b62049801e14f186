"""One lane into the journal: collects what one session brings while the last append runs, then appends it as one.

Ack after append, not before: the broker's copy is our only copy until the journal has it. Acknowledgements go out in
order of receipt, also for copies that are not journaled and for dangers, which are journaled before their turn.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from msgspec import Struct

from domain import Instant, Lane
from ingest.frame import Entry, Frame
from ingest.mqtt.connection import Message, MqttConnection
from ingest.mqtt.danger_prefilter import is_large
from ingest.mqtt.packet_stream import OversizedPublish
from ingest.mqtt.redelivery import Redelivery
from ingest.mqtt.session import Session

TRUNCATED_BYTES: Final = 65_536
DRAIN_TIMEOUT_S: Final = 5.0
FRAME_OVERHEAD_BYTES: Final = 300
"""What a message weighs in memory beside its topic and payload: of a small one nearly everything."""


class Journal(Protocol):
    """Where frames are safe. `append` returns when they are synced, with their position."""

    async def append(self, lane: Lane, frames: Sequence[Frame]) -> int: ...


class WriterSettings(Struct, frozen=True):
    """The limits of one lane."""

    max_pending_bytes: int
    max_packet_bytes: int
    batch_frames_max: int
    retry_append_s: float


class _Batch(Struct):
    """Some messages of one piece of the stream: what to append, and what to acknowledge then."""

    connection: MqttConnection
    frames: list[Frame]
    packet_ids: list[int]
    memory_bytes: int
    received: Instant


KeepCopy = Callable[[Lane, str, bytes, int, Instant], bool]
JournalFailure = Callable[[Instant, Instant | None, str], None]
"""The journal does not take (until None), or takes again: since when it did not, until when, and why."""
FindDangers = Callable[[Sequence[Frame]], Sequence[Frame]]
"""Those of the frames that must not wait behind the others."""


class JournalWriter:
    """The writer of one lane. Above `max_pending_bytes` not yet journaled its socket is not read until half is gone."""

    def __init__(
        self,
        lane: Lane,
        session: Session,
        journal: Journal,
        deliver: Callable[[Entry], None],
        clock: Callable[[], Instant],
        settings: WriterSettings,
        takes: KeepCopy,
        foresee: FindDangers | None = None,
        on_refused: JournalFailure | None = None,
    ) -> None:
        self.frames = self.session_copies = self.redelivered = self.too_large = self.pending_bytes = 0
        self.journal_error = ""
        self._lane, self._session, self._journal, self._enqueue_entry = lane, session, journal, deliver
        self._clock, self._settings, self._keep_copy, self._find_dangers = clock, settings, takes, foresee
        self._on_failure = on_refused
        self._batches: deque[_Batch] = deque()
        self._writing_since: Instant | None = None
        self._other_lane: dict[Lane, list[Frame]] = {each: [] for each in Lane}
        self._wakeup = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def enqueue(self, link: MqttConnection, arrivals: list[Message]) -> None:
        """Queue what one piece of the stream brought."""
        now, most = self._clock(), self._settings.batch_frames_max
        for start in range(0, len(arrivals), most):
            self._add_batch(link, arrivals[start : start + most], now)
        if self.pending_bytes > self._settings.max_pending_bytes or self.journal_error:
            link.pause()

    def _add_batch(self, link: MqttConnection, arrivals: list[Message], now: Instant) -> None:
        batch, twins = _Batch(link, [], [], 0, now), list[Frame]()
        session, takes, most = self._session.name, self._keep_copy, self._settings.max_packet_bytes
        lane, known, packet_ids, frames = self._lane, self._session.inflight.unconfirmed, batch.packet_ids, batch.frames
        for packet in arrivals:
            topic, payload, packet_id, dup = packet.topic, packet.payload, packet.packet_id, packet.duplicate
            qos = 0
            if packet_id is not None:
                qos = 1
                packet_ids.append(packet_id)
                if not dup:
                    known[packet_id] = hash(topic) ^ hash(payload)
                elif (again := self._classify_redelivery(packet)) is Redelivery.REDELIVERED:
                    continue
                else:
                    dup = again is Redelivery.UNKNOWN
            if not takes(lane, topic, payload, qos, now):
                self.session_copies += 1
                twins.append(Frame(topic, payload[:TRUNCATED_BYTES], now, session, qos, packet_id, twin=True))
                continue
            size = None
            if type(packet) is OversizedPublish or len(payload) > most:
                size, payload = self._truncate(packet)
            frames.append(Frame(topic, payload, now, session, qos, packet_id, dup, packet.retain, size))
            batch.memory_bytes += len(payload) + len(topic)
        self._extract_other_lane(batch)
        batch.frames += twins
        batch.memory_bytes += FRAME_OVERHEAD_BYTES * len(arrivals)
        self.pending_bytes += batch.memory_bytes
        self._batches.append(batch)
        self._idle.clear()
        self._wakeup.set()

    def _extract_other_lane(self, batch: _Batch) -> None:
        """What belongs into the other lane: dangers of the bulk session, large messages of the urgent one."""
        if self._lane is Lane.URGENT:
            other, apart = Lane.BULK, [frame for frame in batch.frames if is_large(frame)]
        else:
            other, apart = Lane.URGENT, list(self._find_dangers(batch.frames)) if self._find_dangers is not None else []
        if apart:
            self._other_lane[other] += apart
            batch.frames = [frame for frame in batch.frames if frame not in apart]

    def _classify_redelivery(self, packet: Message) -> Redelivery:
        """The broker sent it again: did we have it?"""
        assert packet.packet_id is not None
        again = self._session.inflight.classify(packet.packet_id, True, hash(packet.topic) ^ hash(packet.payload))
        self.redelivered += again is Redelivery.REDELIVERED
        return again

    def _truncate(self, packet: Message) -> tuple[int, bytes]:
        """The full size of what we do not take, and the head that we keep."""
        self.too_large += 1
        size = packet.size if isinstance(packet, OversizedPublish) else len(packet.payload)
        return size, packet.payload[:TRUNCATED_BYTES]

    @property
    def oldest_unjournaled(self) -> Instant | None:
        """When the oldest of what is not yet delivered was received; None when all is."""
        return self._writing_since or (self._batches[0].received if self._batches else None)

    async def run(self) -> None:
        """Append, acknowledge, deliver; for ever."""
        while True:
            await self._wakeup.wait()
            self._wakeup.clear()
            while self._batches:
                await self._write_other_lane()
                await self._write_group(self._next_group())
            self._idle.set()

    async def _write_other_lane(self) -> None:
        """What goes into the other lane is written first; it is acknowledged with its batch.

        None is left when this returns, so a batch is never acknowledged before all of it is in the journal.
        """
        for lane in Lane:
            while frames := self._other_lane[lane]:
                self._other_lane[lane] = []
                entry = Entry(lane, await self._append(lane, frames), frames)
                self.frames += len(frames)
                self._enqueue_entry(entry)

    async def drain(self) -> None:
        """Wait until all that arrived is appended, but not for a journal that does not take it."""
        try:
            async with asyncio.timeout(0 if self.journal_error else DRAIN_TIMEOUT_S):
                await self._idle.wait()
        except TimeoutError:
            return  # not acknowledged: the broker brings it again

    def _next_group(self) -> list[_Batch]:
        """All that waits, up to one journal row."""
        group, frames = [self._batches.popleft()], 0
        frames = len(group[0].frames)
        while self._batches and frames + len(self._batches[0].frames) <= self._settings.batch_frames_max:
            group.append(self._batches.popleft())
            frames += len(group[-1].frames)
        return group

    async def _write_group(self, group: Sequence[_Batch]) -> None:
        self._writing_since = group[0].received
        frames = [frame for batch in group for frame in batch.frames]
        entry = Entry(self._lane, await self._append(self._lane, frames), frames) if frames else None
        for batch in group:
            self._session.acknowledge(batch.connection, batch.packet_ids)
        self._release(sum(batch.memory_bytes for batch in group))
        if entry is not None:
            self.frames += len(frames)
            self._enqueue_entry(entry)
        self._writing_since = None

    async def _append(self, lane: Lane, frames: Sequence[Frame]) -> int:
        """Until it is done: while the disk is full nothing is acknowledged and nothing more is read."""
        refused_since: Instant | None = None
        while True:
            try:
                position = await self._journal.append(lane, frames)
            except Exception as fault:  # noqa: BLE001 (whatever the journal's trouble is, the frames stay ours)
                self.journal_error = f"{type(fault).__name__}: {fault}"
                if refused_since is None:
                    refused_since = self._clock()
                    self._report_failure(refused_since, None)
                self.pause()
                await asyncio.sleep(self._settings.retry_append_s)
            else:
                if refused_since is not None:
                    self._report_failure(refused_since, self._clock())
                self.journal_error = ""
                return position

    def _report_failure(self, since: Instant, until: Instant | None) -> None:
        if self._on_failure is not None:
            self._on_failure(since, until, self.journal_error)

    def pause(self) -> None:
        """Read no more for now."""
        if self._session.connection is not None:
            self._session.connection.pause()

    def _release(self, size: int) -> None:
        self.pending_bytes -= size
        if self._session.connection is not None and self.pending_bytes <= self._settings.max_pending_bytes // 2:
            self._session.connection.resume()
