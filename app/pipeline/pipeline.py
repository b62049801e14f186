"""From a journaled entry to readings, findings and alerts: the one path for live, replay and overload.

It introduces ingest, history, rules and alerts to each other and decides nothing itself. Single-threaded by design:
one entry after the other, in slices that leave the event loop free. Between two slices urgent entries pass.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from app.pipeline import checkpoint, unread_verdicts
from app.pipeline.backlog import Backlog, overtakes_bulk
from app.pipeline.changes import PendingChanges, RecordChange, RecordedChange
from app.pipeline.counters import Counters
from app.pipeline.device_gateways import device_of_event
from app.pipeline.refused_dangers import danger_findings
from app.pipeline.retry import retry_until_writable
from app.pipeline.slices import frame_slices, reading_slices
from app.pipeline.throttle import Throttle
from app.pipeline.timings import PipelineTimings, Stopwatch
from domain import Finding, Instant, Lane, Reading
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame, JournalEntry
from ingest.results import DeviceEvent, IngestResult, Refusal
from rules.engine.engine import Engine
from rules.engine.ordering import sort_by_event_time
from rules.hosts.embedded import EmbeddedHost
from store.errors import CannotWrite
from store.history import History

log = logging.getLogger("fengshao.pipeline")

IDLE_S = 1.0
REFUSAL_BATCH_ENTRIES = 100
"""Journal entries with refusals that are kept in one transaction while a backlog is worked off."""
HISTORY_FLUSH_READINGS = 20_000
"""So many readings the history is given before it writes, if nobody asks it earlier."""
CHECKPOINT_PAUSE_FACTOR = 20
CHECKPOINT_IDLE_EVERY = 6
"""Timers change the engine too: it is saved now and then although nothing was heard."""

RefusalBatch = tuple[Lane, int, list[Refusal], list[DeviceEvent]]
"""The refusals of one journal entry and the notes that describe devices, with its lane and position."""

Hear = Callable[[Sequence[Finding], Lane | None, int | None], Awaitable[None]]


class Pipeline:
    """Listener, history, engine and desk in a row.

    `keep_refusals` and `save` are given by the wiring; `hear` is the desk. A checkpoint is saved only after the
    history and the refusals before it are durable, so that replay from it repeats nothing but what is idempotent.
    """

    def __init__(
        self,
        backlog: Backlog,
        listener: Decoder,
        engine: Engine,
        history: History,
        hear: Hear,
        keep_refusals: Callable[[Sequence[RefusalBatch]], Awaitable[None]],
        save: Callable[[dict[Lane, int], Instant, bytes], Awaitable[None]],
        clock: Callable[[], Instant],
        checkpoint_every_ms: int = 10_000,
        hold: Throttle | None = None,
    ) -> None:
        self.backlog, self.decoder, self.engine = backlog, listener, engine
        self._history, self._process_findings = history, hear
        self._store_refusals, self._store_checkpoint = keep_refusals, save
        self._clock, self._checkpoint_every_ms = clock, checkpoint_every_ms
        self._throttle = hold or Throttle()
        self._host = EmbeddedHost(engine, self._emit_findings)
        engine.internal_errors = []
        self._position: tuple[Lane, int] | None = None
        self._refusals: list[RefusalBatch] = []
        self._changes = PendingChanges()
        self._processed = dict(backlog.positions)
        self._saved_position = dict(self._processed)
        self._checkpoint_at: Instant = 0
        self._disconnected_since: Instant | None = None
        self._oldest_unprocessed: Instant | None = None
        self._stopping = self._snapshot_in_progress = self._history_is_behind = False
        self._checkpoints_due = self._unflushed = 0
        self._flush_task: asyncio.Task[None] | None = None
        self.caught_up, self.finished = asyncio.Event(), asyncio.Event()
        self.counters, self.timings = Counters(), PipelineTimings()
        self._flush_history = self.timings.measure_writes(history.flush)

    def restore(self, blob: bytes) -> None:
        """Take up what a checkpoint remembers."""
        checkpoint.restore(blob, self.decoder, self.engine)

    async def apply_change(
        self, work: Callable[[], Sequence[Finding]], *, saves: bool = False, noted: RecordChange | None = None
    ) -> None:
        """Run a change of registry, rules or latches between two entries; returns when it has effect and is told.

        `saves`: the state before it and the state after it are kept at the same position, so that after a crash no
        entry is judged by other rules than on the day. `noted`: written down first, with the position it belongs to,
        so that a start after a crash repeats it there (`repeat`).
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def carry_out() -> None:
            try:
                if saves:
                    await self._try_later(partial(self._checkpoint, always=True), "checkpoint")
                if noted is not None:
                    await noted(dict(self._processed))
                await self._emit_findings(work())
                if saves:
                    await self._try_later(partial(self._checkpoint, always=True), "checkpoint")
            except Exception as error:  # noqa: BLE001 (handed to the caller, who raises it)
                done.set_exception(error)
            else:
                done.set_result(None)

        self._changes.add(carry_out)
        self.backlog.wake()
        await done

    def deaf(self, since: Instant | None) -> None:
        """Nobody can be heard since this instant (link down), or (None) can be heard again."""
        if self._snapshot_in_progress:
            self._changes.add_function(partial(self.deaf, since))
            return
        if since is not None:
            self.engine.outage(since, None)
        elif self._disconnected_since is not None:
            self.engine.outage(self._disconnected_since, self._clock())
        self._disconnected_since = since

    def add_outage(self, since: Instant, until: Instant) -> None:
        """Nothing could be taken from one instant to the other: no silence of the devices."""
        if self._snapshot_in_progress:
            self._changes.add_function(partial(self.add_outage, since, until))
        else:
            self.engine.outage(since, until)

    @property
    def saved_position(self) -> dict[Lane, int]:
        """The journal position that the last checkpoint stands for: what is behind it may be forgotten."""
        return dict(self._saved_position)

    def stop(self) -> None:
        """Finish the entry at hand, save, and end `run`."""
        self._stopping = True
        self.backlog.wake()

    async def run(self) -> None:
        """Judge what comes, keep every wake-up, save now and then; until `stop`."""
        while not self._stopping:
            await self._repeat_recorded_changes(self._processed)
            changed = await self._changes.apply_all()
            entry = await self.backlog.next_entry()
            if entry is not None:
                await self._process_entry(entry)
            else:
                await self._run_timers()
            if self._refusals and (entry is None or len(self._refusals) >= REFUSAL_BATCH_ENTRIES):
                await self._try_later(self._flush_refusals, "refusals")
            if changed or self._clock() - self._checkpoint_at >= self._checkpoint_every_ms:
                await self._try_later(self._checkpoint, "checkpoint")
        await self._try_later(self._checkpoint, "checkpoint")
        self.finished.set()

    def repeat_recorded(self, changes: Sequence[RecordedChange]) -> None:
        """What a run before noted after its last checkpoint."""
        self._changes.recorded += changes

    async def _repeat_recorded_changes(self, done: Mapping[Lane, int] | None) -> None:
        for work in self._changes.due_recorded(done):
            await self._emit_findings(work())

    async def _run_timers(self) -> None:
        """Nothing waits: timers may run up to now."""
        self._position = None
        await self._repeat_recorded_changes(None)
        now = self._clock()
        until = self.backlog.processed_until(now)
        await self._host.run_timers(until)
        self._report_engine_errors()
        self.caught_up.set()
        if not self._changes.pending and not self._stopping:
            await self.backlog.wait(self._host.seconds_until_timer(now, IDLE_S) if until == now else IDLE_S)

    async def _process_entry(self, entry: JournalEntry) -> None:
        readings: list[Reading] = []
        refusals: list[Refusal] = []
        describing: list[DeviceEvent] = []
        slices = frame_slices(entry.frames)
        for number, frames in enumerate(slices):
            heard = await self._process_slice(entry, frames)
            readings += heard.readings
            refusals += heard.refusals
            describing += [note for note in heard.events if note.discovered]
            await asyncio.sleep(self._throttle.delay_s(len(frames), self._clock()))
            if entry.lane is Lane.BULK:
                await self._process_urgent_entries(slices[number + 1][0].received if number + 1 < len(slices) else None)
        self._append_history(entry, readings)
        if refusals or describing:
            self._refusals.append((entry.lane, entry.pos, refusals, describing))
        self._processed[entry.lane] = entry.pos

    def _append_history(self, entry: JournalEntry, readings: Sequence[Reading]) -> None:
        """Into the history, which writes in its own thread while judging goes on."""
        if not self._history.append(entry.lane, entry.pos, readings):
            self._history_is_behind = True
        self._unflushed += len(readings)
        if self._unflushed >= HISTORY_FLUSH_READINGS and (self._flush_task is None or self._flush_task.done()):
            self._unflushed = 0
            self._flush_task = asyncio.create_task(self._try_later(self._flush_history, "history"))

    async def _process_slice(self, entry: JournalEntry, frames: Sequence[Frame]) -> IngestResult:
        """One slice of frames; the drafts and the readings of a large message are slices again.

        Only a whole entry is done: after a crash in its middle all of it is heard again, and what was told already has
        the same finding ids.
        """
        heard, decoding, evaluation = IngestResult(), Stopwatch(), Stopwatch()
        for _ in decoding.measure(self.decoder.decode_in_steps(frames, heard)):
            await self._pause(entry, frames)
        self.counters.add(frames, heard)
        ahead, now = overtakes_bulk(entry.lane, frames), frames[-1].received
        for number, readings in enumerate(reading_slices(sort_by_event_time(heard.readings))):
            if number:
                await self._pause(entry, frames)
            self._position = (entry.lane, entry.pos)
            with evaluation:
                await self._host.feed(readings, now, self._horizon(now), ahead_of_backlog=ahead)
        self._position = (entry.lane, entry.pos)
        self._report_engine_errors()
        findings = self._apply_device_events(heard.events, self._horizon(now))
        findings += danger_findings(heard.refusals, self.decoder.urgent_kinds, self.engine.community)
        findings += unread_verdicts.findings(heard.unread_verdicts, self.engine.community)
        await self._emit_findings(findings)
        self.timings.observe_slice(decoding, evaluation, now, self._clock())
        return heard

    def _horizon(self, until: Instant) -> Instant:
        """The engine runs what is due before each reading; its time must not pass what waits unjudged elsewhere."""
        return min(self.backlog.processed_until(until), self._oldest_unprocessed or until)

    async def _pause(self, entry: JournalEntry, frames: Sequence[Frame]) -> None:
        await asyncio.sleep(0)
        if entry.lane is Lane.BULK:
            await self._process_urgent_entries(frames[0].received)

    def _report_engine_errors(self) -> None:
        """Where our own judging failed: one device is judged wrongly, nobody else."""
        for where, fault in self.engine.internal_errors or ():
            self.counters.internal_errors += 1
            log.error("not judged: %s", where, exc_info=fault)
        self.engine.internal_errors = []

    async def _process_urgent_entries(self, unjudged: Instant | None) -> None:
        """What is urgent does not wait for the rest of an ordinary entry, whose next frame came at this instant."""
        self._oldest_unprocessed = unjudged
        while (entry := await self.backlog.next_urgent_entry()) is not None:
            await self._process_entry(entry)
        self._oldest_unprocessed = None

    def _apply_device_events(self, notes: Sequence[DeviceEvent], until: Instant) -> list[Finding]:
        alive = [name for note in notes if note.online and (name := device_of_event(note)) is not None]
        gone = [name for note in notes if note.online is False and (name := device_of_event(note)) is not None]
        told = self.engine.mark_offline(gone, until) if gone else []
        return [*told, *self.engine.record_alive(alive, until)] if alive else told

    async def _emit_findings(self, findings: Sequence[Finding]) -> None:
        if findings:
            self.counters.findings += len(findings)
            lane, pos = self._position or (None, None)
            await retry_until_writable(lambda: self._process_findings(findings, lane, pos), "findings")

    async def _flush_refusals(self) -> None:
        if self._refusals:
            kept = len(self._refusals)
            await self._store_refusals(self._refusals[:kept])
            del self._refusals[:kept]

    async def _try_later(self, work: Callable[[], Awaitable[None]], what: str) -> None:
        """What can wait while the disk refuses: it is tried again on a later turn."""
        try:
            await work()
        except CannotWrite as error:
            log.error("%s not written: %s", what, error)

    async def _checkpoint(self, always: bool = False) -> None:
        """Save listener and engine with their cursor, once everything before it is durable elsewhere.

        A history that could not take an entry gets it from the journal at the next start: no checkpoint may pass it.
        """
        now = self._checkpoint_at = self._clock()
        await self._flush_refusals()
        if self._history_is_behind:
            return
        self._checkpoints_due += 1
        if always or self._processed != self._saved_position or self._checkpoints_due % CHECKPOINT_IDLE_EVERY == 0:
            cursor = dict(self._processed)
            blob = await self._snapshot()
            await self._flush_history()
            await self._store_checkpoint(cursor, now, blob)
            self._saved_position = cursor

    async def _snapshot(self) -> bytes:
        """In a thread, while judging rests: with 300,000 devices it takes a while, and the intake must go on.

        The longer it took, the longer until the next: judging rests a twentieth of the time at most.
        """
        begun, self._snapshot_in_progress = self._clock(), True
        try:
            return await asyncio.to_thread(checkpoint.encode, self.decoder, self.engine)
        finally:
            self._snapshot_in_progress = False
            pause_ms = CHECKPOINT_PAUSE_FACTOR * (self._clock() - begun) - self._checkpoint_every_ms
            self._checkpoint_at = begun + max(0, pause_ms)
