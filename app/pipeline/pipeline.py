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
from app.pipeline.backlog import Backlog, overtook
from app.pipeline.changes import Changes, Noted, Repeated
from app.pipeline.counters import Counts
from app.pipeline.device_gateways import whose
from app.pipeline.refused_dangers import cries
from app.pipeline.retry import insist
from app.pipeline.slices import frame_slices, reading_slices
from app.pipeline.throttle import Hold
from domain import Finding, Instant, Lane, Reading
from ingest.decoding.decoder import Listener
from ingest.frame import Entry, Frame
from ingest.results import Heard, Note, Refusal
from rules.engine.engine import Engine
from rules.engine.ordering import sort_by_event_time
from rules.hosts.embedded import EmbeddedHost
from store.errors import CannotWrite
from store.history import History

log = logging.getLogger("fengshao.chain")

IDLE_S = 1.0
REFUSALS_AT_ONCE = 100
"""Journal entries with refusals that are kept in one transaction while a backlog is worked off."""
WRITE_READINGS = 20_000
"""So many readings the history is given before it writes, if nobody asks it earlier."""
REST_SHARE = 20
UNCHANGED_TURNS = 6
"""Timers change the engine too: it is saved now and then although nothing was heard."""

Refused = tuple[Lane, int, list[Refusal], list[Note]]
"""The refusals of one journal entry and the notes that describe devices, with its lane and position."""

Hear = Callable[[Sequence[Finding], Lane | None, int | None], Awaitable[None]]


class Chain:
    """Listener, history, engine and desk in a row.

    `keep_refusals` and `save` are given by the wiring; `hear` is the desk. A checkpoint is saved only after the
    history and the refusals before it are durable, so that replay from it repeats nothing but what is idempotent.
    """

    def __init__(
        self,
        backlog: Backlog,
        listener: Listener,
        engine: Engine,
        history: History,
        hear: Hear,
        keep_refusals: Callable[[Sequence[Refused]], Awaitable[None]],
        save: Callable[[dict[Lane, int], Instant, bytes], Awaitable[None]],
        clock: Callable[[], Instant],
        checkpoint_every_ms: int = 10_000,
        hold: Hold | None = None,
    ) -> None:
        self.backlog, self.listener, self.engine = backlog, listener, engine
        self._history, self._hear, self._keep_refusals, self._save = history, hear, keep_refusals, save
        self._clock, self._checkpoint_every_ms = clock, checkpoint_every_ms
        self._hold = hold or Hold()
        self._host = EmbeddedHost(engine, self._tell)
        engine.internal_errors = []
        self._at: tuple[Lane, int] | None = None
        self._refusals: list[Refused] = []
        self._changes = Changes()
        self._done = dict(backlog.taken)
        self._saved = dict(self._done)
        self._saved_at: Instant = 0
        self._deaf_since: Instant | None = None
        self._unjudged: Instant | None = None
        self._stopping = self._being_saved = False
        self._history_is_behind = False
        self._turns = self._unwritten = 0
        self._writing: asyncio.Task[None] | None = None
        self.caught_up = asyncio.Event()
        self.finished = asyncio.Event()
        self.counts = Counts()

    def restore(self, blob: bytes) -> None:
        """Take up what a checkpoint remembers."""
        checkpoint.take_up(blob, self.listener, self.engine)

    async def change(
        self, work: Callable[[], Sequence[Finding]], *, saves: bool = False, noted: Noted | None = None
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
                    await self._try(partial(self._checkpoint, always=True), "checkpoint")
                if noted is not None:
                    await noted(dict(self._done))
                await self._tell(work())
                if saves:
                    await self._try(partial(self._checkpoint, always=True), "checkpoint")
            except Exception as error:  # noqa: BLE001 (handed to the caller, who raises it)
                done.set_exception(error)
            else:
                done.set_result(None)

        self._changes.put(carry_out)
        self.backlog.stir()
        await done

    def deaf(self, since: Instant | None) -> None:
        """Nobody can be heard since this instant (link down), or (None) can be heard again."""
        if self._being_saved:
            self._changes.put_plain(partial(self.deaf, since))
            return
        if since is not None:
            self.engine.outage(since, None)
        elif self._deaf_since is not None:
            self.engine.outage(self._deaf_since, self._clock())
        self._deaf_since = since

    def unheard(self, since: Instant, until: Instant) -> None:
        """Nothing could be taken from one instant to the other: no silence of the devices."""
        if self._being_saved:
            self._changes.put_plain(partial(self.unheard, since, until))
        else:
            self.engine.outage(since, until)

    @property
    def saved_cursor(self) -> dict[Lane, int]:
        """The journal position that the last checkpoint stands for: what is behind it may be forgotten."""
        return dict(self._saved)

    def stop(self) -> None:
        """Finish the entry at hand, save, and end `run`."""
        self._stopping = True
        self.backlog.stir()

    async def run(self) -> None:
        """Judge what comes, keep every wake-up, save now and then; until `stop`."""
        while not self._stopping:
            await self._repeat(self._done)
            changed = await self._changes.carry_out()
            entry = await self.backlog.next()
            if entry is not None:
                await self._take(entry)
            else:
                await self._idle()
            if self._refusals and (entry is None or len(self._refusals) >= REFUSALS_AT_ONCE):
                await self._try(self._flush_refusals, "refusals")
            if changed or self._clock() - self._saved_at >= self._checkpoint_every_ms:
                await self._try(self._checkpoint, "checkpoint")
        await self._try(self._checkpoint, "checkpoint")
        self.finished.set()

    def repeat(self, changes: Sequence[Repeated]) -> None:
        """What a run before noted after its last checkpoint."""
        self._changes.repeated += changes

    async def _repeat(self, done: Mapping[Lane, int] | None) -> None:
        for work in self._changes.to_repeat(done):
            await self._tell(work())

    async def _idle(self) -> None:
        """Nothing waits: timers may run up to now."""
        self._at = None
        await self._repeat(None)
        now = self._clock()
        until = self.backlog.heard_until(now)
        await self._host.run_timers(until)
        self._own_faults()
        self.caught_up.set()
        if not self._changes.waiting and not self._stopping:
            await self.backlog.wait(self._host.seconds_until_timer(now, IDLE_S) if until == now else IDLE_S)

    async def _take(self, entry: Entry) -> None:
        readings: list[Reading] = []
        refusals: list[Refusal] = []
        describing: list[Note] = []
        slices = frame_slices(entry.frames)
        for number, frames in enumerate(slices):
            heard = await self._judge(entry, frames)
            readings += heard.readings
            refusals += heard.refusals
            describing += [note for note in heard.notes if note.proposals]
            await asyncio.sleep(self._hold.rest_s(len(frames), self._clock()))
            if entry.lane is Lane.BULK:
                await self._let_urgent_pass(slices[number + 1][0].received if number + 1 < len(slices) else None)
        self._remember(entry, readings)
        if refusals or describing:
            self._refusals.append((entry.lane, entry.pos, refusals, describing))
        self._done[entry.lane] = entry.pos

    def _remember(self, entry: Entry, readings: Sequence[Reading]) -> None:
        """Into the history, which writes in its own thread while judging goes on."""
        if not self._history.append(entry.lane, entry.pos, readings):
            self._history_is_behind = True
        self._unwritten += len(readings)
        if self._unwritten >= WRITE_READINGS and (self._writing is None or self._writing.done()):
            self._unwritten = 0
            self._writing = asyncio.create_task(self._try(self._history.flush, "history"))

    async def _judge(self, entry: Entry, frames: Sequence[Frame]) -> Heard:
        """One slice of frames; the drafts and the readings of a large message are slices again.

        Only a whole entry is done: after a crash in its middle all of it is heard again, and what was told already has
        the same finding ids.
        """
        heard = Heard()
        for _ in self.listener.hear_in_steps(frames, heard):
            await self._pause(entry, frames)
        self.counts.add(frames, heard)
        ahead, now = overtook(entry.lane, frames), frames[-1].received
        for number, readings in enumerate(reading_slices(sort_by_event_time(heard.readings))):
            if number:
                await self._pause(entry, frames)
            self._at = (entry.lane, entry.pos)
            await self._host.feed(readings, now, self._horizon(now), ahead_of_backlog=ahead)
        self._at = (entry.lane, entry.pos)
        self._own_faults()
        signs = self._life_signs(heard.notes, self._horizon(now))
        dangers = cries(heard.refusals, self.listener.urgent_kinds, self.engine.community)
        await self._tell([*signs, *dangers, *unread_verdicts.findings(heard.unread, self.engine.community)])
        return heard

    def _horizon(self, until: Instant) -> Instant:
        """The engine runs what is due before each reading; its time must not pass what waits unjudged elsewhere."""
        return min(self.backlog.heard_until(until), self._unjudged or until)

    async def _pause(self, entry: Entry, frames: Sequence[Frame]) -> None:
        """Between two steps of a slice."""
        await asyncio.sleep(0)
        if entry.lane is Lane.BULK:
            await self._let_urgent_pass(frames[0].received)

    def _own_faults(self) -> None:
        """Where our own judging failed: one device is judged wrongly, nobody else."""
        for where, fault in self.engine.internal_errors or ():
            self.counts.faults += 1
            log.error("not judged: %s", where, exc_info=fault)
        self.engine.internal_errors = []

    async def _let_urgent_pass(self, unjudged: Instant | None) -> None:
        """What is urgent does not wait for the rest of an ordinary entry, whose next frame came at this instant."""
        self._unjudged = unjudged
        while (entry := await self.backlog.next_urgent()) is not None:
            await self._take(entry)
        self._unjudged = None

    def _life_signs(self, notes: Sequence[Note], until: Instant) -> list[Finding]:
        alive = [name for note in notes if note.online and (name := whose(note)) is not None]
        gone = [name for note in notes if note.online is False and (name := whose(note)) is not None]
        told = self.engine.mark_offline(gone, until) if gone else []
        return [*told, *self.engine.record_alive(alive, until)] if alive else told

    async def _tell(self, findings: Sequence[Finding]) -> None:
        if findings:
            self.counts.findings += len(findings)
            lane, pos = self._at or (None, None)
            await insist(lambda: self._hear(findings, lane, pos), "findings")

    async def _flush_refusals(self) -> None:
        if self._refusals:
            kept = len(self._refusals)
            await self._keep_refusals(self._refusals[:kept])
            del self._refusals[:kept]

    async def _try(self, work: Callable[[], Awaitable[None]], what: str) -> None:
        """What can wait while the disk refuses: it is tried again on a later turn."""
        try:
            await work()
        except CannotWrite as error:
            log.error("%s not written: %s", what, error)

    async def _checkpoint(self, always: bool = False) -> None:
        """Save listener and engine with their cursor, once everything before it is durable elsewhere.

        A history that could not take an entry gets it from the journal at the next start: no checkpoint may pass it.
        """
        now = self._saved_at = self._clock()
        await self._flush_refusals()
        if self._history_is_behind:
            return
        self._turns += 1
        if always or self._done != self._saved or self._turns % UNCHANGED_TURNS == 0:
            cursor = dict(self._done)
            blob = await self._snapshot()
            await self._history.flush()
            await self._save(cursor, now, blob)
            self._saved = cursor

    async def _snapshot(self) -> bytes:
        """In a thread, while judging rests: with 300,000 devices it takes a while, and the intake must go on.

        The longer it took, the longer until the next: judging rests a twentieth of the time at most.
        """
        begun, self._being_saved = self._clock(), True
        try:
            return await asyncio.to_thread(checkpoint.written, self.listener, self.engine)
        finally:
            self._being_saved = False
            self._saved_at = begun + max(0, REST_SHARE * (self._clock() - begun) - self._checkpoint_every_ms)
