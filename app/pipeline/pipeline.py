"""Processes journal entries in order: decodes frames, stores readings, evaluates rules, passes findings on.

Live traffic, replay at start and overload use the same loop. It is single-threaded: one entry after the other, in
slices that keep the event loop responsive; between two slices urgent entries are processed first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from msgspec import Struct

from app.pipeline import checkpoint, unread_verdicts
from app.pipeline.backlog import Backlog, overtakes_bulk
from app.pipeline.broker_outages import BrokerOutages
from app.pipeline.changes import Change, PendingChanges, RecordChange, RecordedChange
from app.pipeline.checkpoint import Checkpointer
from app.pipeline.counters import Counters
from app.pipeline.device_gateways import device_of_event
from app.pipeline.finding_writer import FindingWriter
from app.pipeline.pending_writes import PendingWrites
from app.pipeline.ports import FindingSink, MessageSource, PipelineStores, RefusalBatch
from app.pipeline.refused_dangers import danger_findings
from app.pipeline.retry import attempt_write
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

log = logging.getLogger("fengshao.pipeline")

IDLE_S = 1.0


class PipelineSettings(Struct, frozen=True):
    """`idle_s`: longest wait for an entry or a timer. `test_...` are for tests only (app.pipeline.throttle)."""

    checkpoint_every_ms: int = 10_000
    test_frames_per_s: int = 0
    test_hold_ms: int = 0
    idle_s: float = IDLE_S


class Pipeline:
    """The processing loop over one backlog, with decoder and engine. Results go to `stores` and `findings`."""

    def __init__(
        self,
        backlog: Backlog,
        decoder: Decoder,
        engine: Engine,
        stores: PipelineStores,
        findings: FindingSink,
        clock: Callable[[], Instant],
        settings: PipelineSettings | None = None,
    ) -> None:
        settings = settings or PipelineSettings()
        self.backlog, self.decoder, self.engine = backlog, decoder, engine
        self._clock, self._idle_s = clock, settings.idle_s
        self._findings = FindingWriter(findings, lambda: self._is_quiet, backlog.wake)
        self.unstored_dangers = self._findings.unstored_dangers
        self._throttle = Throttle(settings.test_frames_per_s, settings.test_hold_ms)
        self._host = EmbeddedHost(engine, self._emit_findings)
        engine.state.internal_errors = []
        self._source: MessageSource | None = None
        self._position: tuple[Lane, int] | None = None
        self._changes = PendingChanges()
        self._processed = dict(backlog.positions)
        self.counters, self.timings = Counters(), PipelineTimings()
        self._writes = PendingWrites(stores, self.timings)
        self._checkpointer = Checkpointer(
            decoder, engine, stores, self._writes, clock, settings.checkpoint_every_ms, lambda: backlog.has_urgent
        )
        self._checkpointer.saved_positions = dict(self._processed)
        self._outages = BrokerOutages(engine)
        self._oldest_unprocessed: Instant | None = None
        self._stopping = False
        self.caught_up, self.finished = asyncio.Event(), asyncio.Event()

    def restore(self, snapshot: bytes) -> None:
        """Put decoder and engine into the state of a checkpoint."""
        checkpoint.restore(snapshot, self.decoder, self.engine)

    async def apply_change(self, change: Change, *, saves: bool = False, record: RecordChange | None = None) -> None:
        """Apply a change of registry, rules or latches between two entries; returns when its findings are delivered.

        `saves`: the state before it and the state after it are saved at the same positions, so that after a crash no
        entry is evaluated by other rules than before it. `record`: called first with the positions it belongs to, so
        that a start after a crash repeats it there (`repeat_recorded`).
        """
        applied: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def apply() -> None:
            try:
                if saves:
                    await self._save_checkpoint(always=True)
                if record is not None:
                    await record(dict(self._processed))
                await self._emit_findings(change(), none_waits=True)
                if saves:
                    await self._save_checkpoint(always=True)
            except Exception as error:  # noqa: BLE001 (handed to the caller, who raises it)
                applied.set_exception(error)
            else:
                applied.set_result(None)

        self._changes.add(apply)
        self.backlog.wake()
        await applied

    def set_disconnected(self, since: Instant) -> None:
        """The broker connection was lost: begin an outage, so that missing reports do not count as absence."""
        self._in_order(partial(self._outages.begin, since))

    def set_connected(self, at: Instant) -> None:
        """The broker connection is up: end the outage that `set_disconnected` began, if any."""
        self._in_order(partial(self._outages.end, at))

    def add_outage(self, since: Instant, until: Instant) -> None:
        """Nothing could be received between two instants: missing reports of that time do not count as absence."""
        self._in_order(partial(self._outages.add, since, until))

    def _in_order(self, change: Callable[[], None]) -> None:
        """Apply a change now; after the changes before it, if one waits or a checkpoint is being encoded."""
        if self._checkpointer.encoding or self._changes.pending:
            self._changes.add_function(change)
        else:
            change()

    @property
    def finding_writer(self) -> FindingWriter:
        """Where findings go: its `sink` may be replaced before `run`."""
        return self._findings

    @property
    def history_is_behind(self) -> bool:
        """Whether the history did not accept readings; they are in the journal only, and no checkpoint is saved."""
        return self._writes.history_is_behind

    @property
    def saved_positions(self) -> dict[Lane, int]:
        """Journal positions of the last checkpoint: entries before them may be deleted."""
        return dict(self._checkpointer.saved_positions)

    def stop(self) -> None:
        """Let `run` finish the entry at hand, save a checkpoint and return."""
        self._stopping = True
        self.backlog.wake()

    async def run(self, source: MessageSource | None = None) -> None:
        """Process entries and timers and save checkpoints until `stop`.

        Timers wait for messages that `source` has received and not yet journaled.
        """
        self._source = source
        async with asyncio.TaskGroup() as group:
            storing = group.create_task(self._findings.run(), name="finding writer")
            self._checkpointer.create_task = group.create_task
            await self._process()
            storing.cancel()
        self.finished.set()

    async def _process(self) -> None:
        changed = False
        while not self._stopping:
            await self._apply_recorded_changes(self._processed)
            changed = await self._changes.apply_all() or changed
            await self._findings.wait_for_room()
            entry = await self.backlog.next_entry()
            if entry is not None:
                await self._process_entry(entry)
            else:
                await self._run_timers()
            if self._writes.refusals_due(idle=entry is None):
                await attempt_write(self._writes.flush_refusals, "refusals")
            if (changed or self._checkpointer.is_due) and not self._findings.has_deferred:
                changed = (
                    not await self._checkpointer.begin(self._processed, self._findings.stored_so_far()) and changed
                )
        await self._save_checkpoint()

    def repeat_recorded(self, changes: Sequence[RecordedChange]) -> None:
        """Repeat changes that an earlier run recorded after its last checkpoint, each at its positions."""
        self._changes.recorded += changes

    async def _apply_recorded_changes(self, processed: Mapping[Lane, int] | None) -> None:
        for change in self._changes.due_recorded(processed):
            await self._emit_findings(change())

    async def _save_checkpoint(self, always: bool = False) -> None:
        """A checkpoint that cannot be written is attempted again when the next one is due.

        No checkpoint may pass findings that are not stored.
        """
        await self._findings.drain()
        await attempt_write(partial(self._checkpointer.save, self._processed, always), "checkpoint")

    async def _run_timers(self) -> None:
        """The backlog is empty: run due timers, then wait for an entry or the next timer."""
        self._position = None
        await self._apply_recorded_changes(None)
        now = self._clock()
        until = self._processed_until(now)
        await self._host.run_timers(until)
        self._report_engine_errors()
        if self._findings.is_idle:
            self.caught_up.set()
        else:
            self._findings.wake()
        if not self._changes.pending and not self._stopping:
            await self.backlog.wait(self._host.seconds_until_timer(now, self._idle_s) if until == now else self._idle_s)

    async def _process_entry(self, entry: JournalEntry) -> None:
        readings: list[Reading] = []
        refusals: list[Refusal] = []
        announcements: list[DeviceEvent] = []
        slices = frame_slices(entry.frames)
        for number, frames in enumerate(slices):
            result = await self._process_slice(entry, frames)
            readings += result.readings
            refusals += result.refusals
            announcements += [event for event in result.events if event.discovered]
            await asyncio.sleep(self._throttle.delay_s(len(frames), self._clock()))
            if entry.lane is Lane.BULK:
                await self._process_urgent_entries(slices[number + 1][0].received if number + 1 < len(slices) else None)
        self._writes.append_history(entry, readings)
        self._writes.add_refusals(RefusalBatch(entry.lane, entry.pos, refusals, announcements))
        self._processed[entry.lane] = entry.pos

    async def _process_slice(self, entry: JournalEntry, frames: Sequence[Frame]) -> IngestResult:
        """Process one slice of frames; decoding and evaluating a large message pauses between its own slices.

        Only whole entries count as processed: after a crash in the middle of one all of it is processed again, and its
        findings have the same ids as before.
        """
        result, decoding, evaluation = IngestResult(), Stopwatch(), Stopwatch()
        for _ in decoding.measure(self.decoder.decode_in_steps(frames, result)):
            await self._pause(entry, frames)
        self.counters.add(frames, result)
        ahead, now = overtakes_bulk(entry.lane, frames), frames[-1].received
        for number, readings in enumerate(reading_slices(sort_by_event_time(result.readings))):
            if number:
                await self._pause(entry, frames)
            self._position = (entry.lane, entry.pos)
            with evaluation:
                await self._host.feed(readings, now, self._horizon(now), ahead_of_backlog=ahead)
        self._position = (entry.lane, entry.pos)
        self._report_engine_errors()
        presence = self._apply_device_events(result.events, self._horizon(now))
        dangers = danger_findings(result.refusals, self.decoder.urgent_kinds, self.engine.community)
        unread = unread_verdicts.findings(result.unread_verdicts, self.engine.community)
        await self._emit_findings([*presence, *dangers, *unread])
        self.timings.observe_slice(decoding, evaluation, now, self._clock())
        return result

    def _processed_until(self, now: Instant) -> Instant:
        return self.backlog.processed_until(now, self._source.oldest_unjournaled if self._source else None)

    def _horizon(self, until: Instant) -> Instant:
        """How far the engine may run timers before a reading: not past anything received and not yet processed."""
        return min(self._processed_until(until), self._oldest_unprocessed or until)

    async def _pause(self, entry: JournalEntry, frames: Sequence[Frame]) -> None:
        """Yield to the event loop, and to urgent entries, between two steps of a slice."""
        await asyncio.sleep(0)
        if entry.lane is Lane.BULK:
            await self._process_urgent_entries(frames[0].received)

    async def _process_urgent_entries(self, oldest_unprocessed: Instant | None) -> None:
        """Process urgent entries within a bulk entry, whose first unprocessed frame was received at this instant."""
        self._oldest_unprocessed = oldest_unprocessed
        while (entry := await self.backlog.next_urgent_entry()) is not None:
            await self._process_entry(entry)
        self._oldest_unprocessed = None

    def _report_engine_errors(self) -> None:
        """Log and count exceptions of the engine. Each affects one device only; all others are evaluated."""
        for location, error in self.engine.state.internal_errors or ():
            self.counters.internal_errors += 1
            log.error("not evaluated: %s", location, exc_info=error)
        self.engine.state.internal_errors = []

    def _apply_device_events(self, events: Sequence[DeviceEvent], until: Instant) -> list[Finding]:
        """Mark devices and gateways that came online or went offline; returns the findings that follow."""
        online = [name for event in events if event.online and (name := device_of_event(event)) is not None]
        offline = [name for event in events if event.online is False and (name := device_of_event(event)) is not None]
        findings = self.engine.mark_offline(offline, until) if offline else []
        return [*findings, *self.engine.record_alive(online, until)] if online else findings

    async def _emit_findings(self, findings: Sequence[Finding], *, none_waits: bool = False) -> None:
        """Hand findings over to be stored: critical dangers now, the others when no entry waits.

        `none_waits`: returns when all of them are stored.
        """
        if not findings:
            return
        self.counters.findings += len(findings)
        self._findings.add(findings, self._position, none_waits=none_waits)
        if none_waits:
            await self._findings.drain_urgent()

    @property
    def _is_quiet(self) -> bool:
        """Whether no message waits, in the backlog or received and not yet journaled."""
        return not self.backlog.entries and (self._source is None or self._source.oldest_unjournaled is None)
