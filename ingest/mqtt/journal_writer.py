"""Writes one session's messages to the journal in batches: what arrives during one append is appended by the next.

Messages are acknowledged after the append, not before: until then the broker's copy is the only copy. Acknowledgements
are sent in the order of receipt, also for copies that are not decoded and for dangers stored before the rest.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from msgspec import Struct

from domain import Instant, Lane
from ingest.frame import Frame, JournalEntry
from ingest.mqtt.connection import Message, MqttConnection
from ingest.mqtt.danger_prefilter import is_large
from ingest.mqtt.packet_stream import OversizedPublish
from ingest.mqtt.redelivery import RECEIVED, Redelivery
from ingest.mqtt.session import Session

TRUNCATED_BYTES: Final = 65_536
"""Payload kept of a message that is too large."""
DRAIN_TIMEOUT_S: Final = 5.0
FRAME_OVERHEAD_BYTES: Final = 300
"""Memory of a message beside its topic and payload: for a small one nearly all of it."""


class Gathering(Struct, frozen=True):
    """From the begin of one append to the next `wait_s` pass while fewer than `messages` wait: messages that come one
    by one share the fixed cost of an append. The first one after a pause is appended at once."""

    wait_s: float
    messages: int


SMALL_WINDOW: Final = Gathering(0.002, 16)
"""For a broker that sends no more than 20 messages before it has their acknowledgements (Mosquitto's default): a full
window must not wait."""
LARGE_WINDOW: Final = Gathering(0.010, 50)
"""For one that sends at least 100 (rumqttd; our Mosquitto sends any number)."""


class Journal(Protocol):
    """Durable storage of frames. `append` returns their position once they are synced."""

    async def append(self, lane: Lane, frames: Sequence[Frame]) -> int: ...


class WriterSettings(Struct, frozen=True):
    """Limits of one writer."""

    max_pending_bytes: int
    max_packet_bytes: int
    batch_frames_max: int
    retry_append_s: float
    gathering: Gathering = SMALL_WINDOW


class _Batch(Struct):
    """Messages of one read: the frames to append, and the packets to acknowledge afterwards."""

    connection: MqttConnection
    frames: list[Frame]
    packet_ids: list[int]
    memory_bytes: int
    received: Instant
    messages: int


KeepCopy = Callable[[Lane, str, bytes, int, Instant], bool]
"""Lane, topic, payload, QoS, now -> whether this copy of a message that both sessions may deliver is to be decoded."""
JournalFailure = Callable[[Instant, Instant | None, str], None]
"""Called with (since, None, error) when an append fails first, with (since, until, error) when one succeeds again."""
FindDangers = Callable[[Sequence[Frame]], Sequence[Frame]]
"""Returns those of the frames that must not wait behind the others."""


class JournalWriter:
    """The writer of one session. Above `max_pending_bytes` its socket is not read until half of them are stored."""

    def __init__(
        self,
        lane: Lane,
        session: Session,
        journal: Journal,
        enqueue_entry: Callable[[JournalEntry], None],
        clock: Callable[[], Instant],
        settings: WriterSettings,
        keep_copy: KeepCopy,
        find_dangers: FindDangers | None = None,
        on_failure: JournalFailure | None = None,
    ) -> None:
        self.frames = self.session_copies = self.redelivered = self.too_large = self.pending_bytes = 0
        self.journal_error = ""
        self._lane, self._session, self._journal, self._enqueue_entry = lane, session, journal, enqueue_entry
        self._clock, self._settings, self._keep_copy, self._find_dangers = clock, settings, keep_copy, find_dangers
        self._on_failure = on_failure
        self._batches: deque[_Batch] = deque()
        self._writing_since: Instant | None = None
        self._other_lane: dict[Lane, list[Frame]] = {lane: [] for lane in Lane}
        self._waiting_messages = 0
        self._append_began_s = 0.0
        self._gathering: asyncio.TimerHandle | None = None
        self._wakeup = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def enqueue(self, connection: MqttConnection, messages: list[Message]) -> None:
        """Queue the messages of one read; pause reading above the memory limit or while the journal fails."""
        now, frames_max = self._clock(), self._settings.batch_frames_max
        self._waiting_messages += len(messages)
        for start in range(0, len(messages), frames_max):
            self._add_batch(connection, messages[start : start + frames_max], now)
        if self.pending_bytes > self._settings.max_pending_bytes or self.journal_error:
            connection.pause()

    def _add_batch(self, connection: MqttConnection, messages: list[Message], now: Instant) -> None:
        batch, copies = _Batch(connection, [], [], 0, now, len(messages)), list[Frame]()
        session, keep_copy, payload_max = self._session.name, self._keep_copy, self._settings.max_packet_bytes
        lane, packet_ids, frames, inflight = self._lane, batch.packet_ids, batch.frames, self._session.inflight
        for packet in messages:
            topic, payload, packet_id, dup = packet.topic, packet.payload, packet.packet_id, packet.duplicate
            qos = 0
            if packet_id is not None:
                qos = 1
                packet_ids.append(packet_id)
                if not dup:
                    inflight.digests[packet_id], inflight.states[packet_id] = hash(topic) ^ hash(payload), RECEIVED
                elif (redelivery := self._classify_redelivery(packet)) is Redelivery.REDELIVERED:
                    continue
                else:
                    dup = redelivery is Redelivery.UNKNOWN
            if not keep_copy(lane, topic, payload, qos, now):
                self.session_copies += 1
                copies.append(
                    Frame(topic, payload[:TRUNCATED_BYTES], now, session, qos, packet_id, is_session_copy=True)
                )
                continue
            size = None
            if type(packet) is OversizedPublish or len(payload) > payload_max:
                size, payload = self._truncate(packet)
            frames.append(Frame(topic, payload, now, session, qos, packet_id, dup, packet.retain, size))
            batch.memory_bytes += len(payload) + len(topic)
        self._extract_other_lane(batch)
        batch.frames += copies
        batch.memory_bytes += FRAME_OVERHEAD_BYTES * len(messages)
        self.pending_bytes += batch.memory_bytes
        self._batches.append(batch)
        self._idle.clear()
        self._schedule_append()

    def _schedule_append(self) -> None:
        """Append what waits: at once if it is urgent, or enough, or the gathering has ended."""
        if self._wakeup.is_set():
            return
        loop, gathering = asyncio.get_running_loop(), self._settings.gathering
        wait_s = self._append_began_s + gathering.wait_s - loop.time()
        is_urgent = self._lane is Lane.URGENT or any(self._other_lane.values())
        if is_urgent or self._waiting_messages >= gathering.messages or wait_s <= 0:
            self._wakeup.set()
        elif self._gathering is None:
            self._gathering = loop.call_later(wait_s, self._wakeup.set)

    def _extract_other_lane(self, batch: _Batch) -> None:
        """Take out what belongs to the other lane: dangers of the bulk session, large messages of the urgent one."""
        if self._lane is Lane.URGENT:
            target, extracted = Lane.BULK, [frame for frame in batch.frames if is_large(frame)]
        else:
            dangers = self._find_dangers(batch.frames) if self._find_dangers is not None else ()
            target, extracted = Lane.URGENT, list(dangers)
        if extracted:
            self._other_lane[target] += extracted
            batch.frames = [frame for frame in batch.frames if frame not in extracted]

    def _classify_redelivery(self, packet: Message) -> Redelivery:
        """Whether a packet with the DUP flag was received before."""
        assert packet.packet_id is not None
        digest = hash(packet.topic) ^ hash(packet.payload)
        redelivery = self._session.inflight.classify(packet.packet_id, True, digest)
        self.redelivered += redelivery is Redelivery.REDELIVERED
        return redelivery

    def _truncate(self, packet: Message) -> tuple[int, bytes]:
        """Full payload size in bytes of a message that is too large, and the head to keep."""
        self.too_large += 1
        size = packet.size if isinstance(packet, OversizedPublish) else len(packet.payload)
        return size, packet.payload[:TRUNCATED_BYTES]

    @property
    def oldest_unjournaled(self) -> Instant | None:
        """When the oldest message was received that is not stored and enqueued yet; None when all are."""
        return self._writing_since or (self._batches[0].received if self._batches else None)

    async def run(self) -> None:
        """Append, acknowledge and enqueue until cancelled."""
        while True:
            await self._wakeup.wait()
            self._wakeup.clear()
            if self._gathering is not None:
                self._gathering.cancel()
                self._gathering = None
            self._append_began_s = asyncio.get_running_loop().time()
            if self._batches:
                await self._write_other_lane()
                await self._write_group(self._next_group())
            if self._batches:
                self._schedule_append()
            else:
                self._idle.set()

    async def _write_other_lane(self) -> None:
        """Write the frames for the other lane first; they are acknowledged with their batch.

        None are left when this returns, so a batch is never acknowledged before all of it is in the journal.
        """
        for lane in Lane:
            while frames := self._other_lane[lane]:
                self._other_lane[lane] = []
                entry = JournalEntry(lane, await self._append(lane, frames), frames)
                self.frames += len(frames)
                self._enqueue_entry(entry)

    async def drain(self) -> None:
        """Wait until all that arrived is stored, but not for a journal that refuses writes."""
        try:
            async with asyncio.timeout(0 if self.journal_error else DRAIN_TIMEOUT_S):
                await self._idle.wait()
        except TimeoutError:
            return  # not acknowledged, so the broker redelivers it

    def _next_group(self) -> list[_Batch]:
        """The waiting batches that fit into one journal row, at least one."""
        group = [self._batches.popleft()]
        frames = len(group[0].frames)
        while self._batches and frames + len(self._batches[0].frames) <= self._settings.batch_frames_max:
            group.append(self._batches.popleft())
            frames += len(group[-1].frames)
        self._waiting_messages -= sum(batch.messages for batch in group)
        return group

    async def _write_group(self, group: Sequence[_Batch]) -> None:
        self._writing_since = group[0].received
        frames = [frame for batch in group for frame in batch.frames]
        entry = JournalEntry(self._lane, await self._append(self._lane, frames), frames) if frames else None
        for batch in group:
            self._session.acknowledge(batch.connection, batch.packet_ids)
        self._release(sum(batch.memory_bytes for batch in group))
        if entry is not None:
            self.frames += len(frames)
            self._enqueue_entry(entry)
        self._writing_since = None

    async def _append(self, lane: Lane, frames: Sequence[Frame]) -> int:
        """Retry until it succeeds: while the disk is full nothing is acknowledged and nothing more is read."""
        failing_since: Instant | None = None
        while True:
            try:
                position = await self._journal.append(lane, frames)
            except Exception as error:  # noqa: BLE001 (whatever the journal's error is, the frames must not be lost)
                self.journal_error = f"{type(error).__name__}: {error}"
                if failing_since is None:
                    failing_since = self._clock()
                    self._report_failure(failing_since, None)
                self.pause()
                await asyncio.sleep(self._settings.retry_append_s)
            else:
                if failing_since is not None:
                    self._report_failure(failing_since, self._clock())
                self.journal_error = ""
                return position

    def _report_failure(self, since: Instant, until: Instant | None) -> None:
        if self._on_failure is not None:
            self._on_failure(since, until, self.journal_error)

    def pause(self) -> None:
        """Stop reading the session's current connection."""
        if self._session.connection is not None:
            self._session.connection.pause()

    def _release(self, memory_bytes: int) -> None:
        self.pending_bytes -= memory_bytes
        if self._session.connection is not None and self.pending_bytes <= self._settings.max_pending_bytes // 2:
            self._session.connection.resume()
