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
from ingest.mqtt.connection import Arrival, Link
from ingest.mqtt.danger_prefilter import is_large
from ingest.mqtt.packet_stream import Oversized
from ingest.mqtt.redelivery import Again
from ingest.mqtt.session import Session

TOO_LARGE_HEAD_BYTES: Final = 65_536
DRAIN_WITHIN_S: Final = 5.0
FRAME_BYTES: Final = 300
"""What a message weighs in memory beside its topic and payload: of a small one nearly everything."""


class Journal(Protocol):
    """Where frames are safe. `append` returns when they are synced, with their position."""

    async def append(self, lane: Lane, frames: Sequence[Frame]) -> int: ...


class LaneSettings(Struct, frozen=True):
    """The limits of one lane."""

    max_pending_bytes: int
    max_packet_bytes: int
    batch_frames_max: int
    retry_append_s: float


class _Batch(Struct):
    """Some messages of one piece of the stream: what to append, and what to acknowledge then."""

    link: Link
    frames: list[Frame]
    packet_ids: list[int]
    size: int
    received: Instant


Takes = Callable[[Lane, str, bytes, int, Instant], bool]
Refused = Callable[[Instant, Instant | None, str], None]
"""The journal does not take (until None), or takes again: since when it did not, until when, and why."""
Foresee = Callable[[Sequence[Frame]], Sequence[Frame]]
"""Those of the frames that must not wait behind the others."""


class LaneWriter:
    """The writer of one lane. Above `max_pending_bytes` not yet journaled its socket is not read until half is gone."""

    def __init__(
        self,
        lane: Lane,
        session: Session,
        journal: Journal,
        deliver: Callable[[Entry], None],
        clock: Callable[[], Instant],
        settings: LaneSettings,
        takes: Takes,
        foresee: Foresee | None = None,
        on_refused: Refused | None = None,
    ) -> None:
        self.frames = self.twins = self.redelivered = self.too_large = self.pending_bytes = 0
        self.journal_error = ""
        self._lane, self._session, self._journal, self._deliver = lane, session, journal, deliver
        self._clock, self._settings, self._takes, self._foresee = clock, settings, takes, foresee
        self._on_refused = on_refused
        self._waiting: deque[_Batch] = deque()
        self._in_hand: Instant | None = None
        self._apart: dict[Lane, list[Frame]] = {each: [] for each in Lane}
        self._work = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def take(self, link: Link, arrivals: list[Arrival]) -> None:
        """Queue what one piece of the stream brought."""
        now, most = self._clock(), self._settings.batch_frames_max
        for start in range(0, len(arrivals), most):
            self._queue(link, arrivals[start : start + most], now)
        if self.pending_bytes > self._settings.max_pending_bytes or self.journal_error:
            link.pause()

    def _queue(self, link: Link, arrivals: list[Arrival], now: Instant) -> None:
        batch, twins = _Batch(link, [], [], 0, now), list[Frame]()
        session, takes, most = self._session.name, self._takes, self._settings.max_packet_bytes
        lane, known, packet_ids, frames = self._lane, self._session.packets.open, batch.packet_ids, batch.frames
        for packet in arrivals:
            topic, payload, packet_id, dup = packet.topic, packet.payload, packet.packet_id, packet.duplicate
            qos = 0
            if packet_id is not None:
                qos = 1
                packet_ids.append(packet_id)
                if not dup:
                    known[packet_id] = hash(topic) ^ hash(payload)
                elif (again := self._again(packet)) is Again.REPEATED:
                    continue
                else:
                    dup = again is Again.UNKNOWN
            if not takes(lane, topic, payload, qos, now):
                self.twins += 1
                twins.append(Frame(topic, payload[:TOO_LARGE_HEAD_BYTES], now, session, qos, packet_id, twin=True))
                continue
            size = None
            if type(packet) is Oversized or len(payload) > most:
                size, payload = self._cut(packet)
            frames.append(Frame(topic, payload, now, session, qos, packet_id, dup, packet.retain, size))
            batch.size += len(payload) + len(topic)
        self._set_apart(batch)
        batch.frames += twins
        batch.size += FRAME_BYTES * len(arrivals)
        self.pending_bytes += batch.size
        self._waiting.append(batch)
        self._idle.clear()
        self._work.set()

    def _set_apart(self, batch: _Batch) -> None:
        """What belongs into the other lane: dangers of the bulk session, large messages of the urgent one."""
        if self._lane is Lane.URGENT:
            other, apart = Lane.BULK, [frame for frame in batch.frames if is_large(frame)]
        else:
            other, apart = Lane.URGENT, list(self._foresee(batch.frames)) if self._foresee is not None else []
        if apart:
            self._apart[other] += apart
            batch.frames = [frame for frame in batch.frames if frame not in apart]

    def _again(self, packet: Arrival) -> Again:
        """The broker sent it again: did we have it?"""
        assert packet.packet_id is not None
        again = self._session.packets.judge(packet.packet_id, True, hash(packet.topic) ^ hash(packet.payload))
        self.redelivered += again is Again.REPEATED
        return again

    def _cut(self, packet: Arrival) -> tuple[int, bytes]:
        """The full size of what we do not take, and the head that we keep."""
        self.too_large += 1
        size = packet.size if isinstance(packet, Oversized) else len(packet.payload)
        return size, packet.payload[:TOO_LARGE_HEAD_BYTES]

    @property
    def waiting_since(self) -> Instant | None:
        """When the oldest of what is not yet delivered was received; None when all is."""
        return self._in_hand or (self._waiting[0].received if self._waiting else None)

    async def run(self) -> None:
        """Append, acknowledge, deliver; for ever."""
        while True:
            await self._work.wait()
            self._work.clear()
            while self._waiting:
                await self._write_apart()
                await self._write(self._next_group())
            self._idle.set()

    async def _write_apart(self) -> None:
        """What goes into the other lane is written first; it is acknowledged with its batch.

        None is left when this returns, so a batch is never acknowledged before all of it is in the journal.
        """
        for lane in Lane:
            while frames := self._apart[lane]:
                self._apart[lane] = []
                entry = Entry(lane, await self._append(lane, frames), frames)
                self.frames += len(frames)
                self._deliver(entry)

    async def drain(self) -> None:
        """Wait until all that arrived is appended, but not for a journal that does not take it."""
        try:
            async with asyncio.timeout(0 if self.journal_error else DRAIN_WITHIN_S):
                await self._idle.wait()
        except TimeoutError:
            return  # not acknowledged: the broker brings it again

    def _next_group(self) -> list[_Batch]:
        """All that waits, up to one journal row."""
        group, frames = [self._waiting.popleft()], 0
        frames = len(group[0].frames)
        while self._waiting and frames + len(self._waiting[0].frames) <= self._settings.batch_frames_max:
            group.append(self._waiting.popleft())
            frames += len(group[-1].frames)
        return group

    async def _write(self, group: Sequence[_Batch]) -> None:
        self._in_hand = group[0].received
        frames = [frame for batch in group for frame in batch.frames]
        entry = Entry(self._lane, await self._append(self._lane, frames), frames) if frames else None
        for batch in group:
            self._session.acknowledge(batch.link, batch.packet_ids)
        self._release(sum(batch.size for batch in group))
        if entry is not None:
            self.frames += len(frames)
            self._deliver(entry)
        self._in_hand = None

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
                    self._tell_refused(refused_since, None)
                self.hold()
                await asyncio.sleep(self._settings.retry_append_s)
            else:
                if refused_since is not None:
                    self._tell_refused(refused_since, self._clock())
                self.journal_error = ""
                return position

    def _tell_refused(self, since: Instant, until: Instant | None) -> None:
        if self._on_refused is not None:
            self._on_refused(since, until, self.journal_error)

    def hold(self) -> None:
        """Read no more for now."""
        if self._session.link is not None:
            self._session.link.pause()

    def _release(self, size: int) -> None:
        self.pending_bytes -= size
        if self._session.link is not None and self.pending_bytes <= self._settings.max_pending_bytes // 2:
            self._session.link.resume()
