"""Puts listener, engine and chain together, takes up the last checkpoint, and follows the registry and the link."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy import Connection

from alerts.handling.finding_status import FindingStatus
from app.config.site import SiteConfig, decoder_settings
from app.datadir.stores import Stores
from app.pipeline import unread_verdicts
from app.pipeline.backlog import Backlog
from app.pipeline.latch_resets import LatchResets, recorded_resets
from app.pipeline.pipeline import Hear, Pipeline, RefusalBatch
from app.pipeline.retry import retry_until_writable
from app.pipeline.throttle import Throttle
from app.reload.codecs import CodecReloader
from app.reload.definitions import Definitions, LiveKinds, definitions_at_start, encode_definitions
from app.reload.rulebooks import rulebooks_in
from app.server.registry import RegistryCache, RegistryChange
from domain import Finding, Instant, Lane
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_index import DeviceIndex
from ingest.frame import Frame, JournalEntry
from ingest.mqtt.consumer import ConsumerSettings
from ingest.mqtt.danger_prefilter import DangerPrefilter
from ingest.routing.routes import Routes
from rules.engine.engine import Engine
from rules.rulebook.diff import RulebookDiff, diff_rulebooks
from rules.tools.explain import explain
from store.database.refusals import refusals
from store.database.refusals.unregistered_devices import record_discovery
from store.database.system import checkpoints, key_values
from store.journal import MarkKind

log = logging.getLogger("fengshao.processing")

CHECKPOINT, DEFINITIONS = "chain", "definitions"
REFUSALS_PER_HOUR_MAX = 1_000
"""Kept singly per source, reason and hour; beyond it they are counted."""


def consumer_settings(folder: SiteConfig, name: str, formerly: Sequence[str] = ()) -> ConsumerSettings:
    """The site's limits and filters as the intake takes them; `formerly`: the filters of the run before."""
    limits = folder.settings.intake
    return ConsumerSettings(
        client_id=limits.client_id or name,
        max_pending_bytes=limits.max_pending_bytes,
        max_packet_bytes=limits.max_packet_bytes,
        urgent_filters_max=limits.urgent_filters_max,
        routes=Routes(limits.filters),
        previous_filters=tuple(formerly),
    )


class Processing:
    """The chain with what it is made of."""

    def __init__(
        self, folder: SiteConfig, stores: Stores, registry: RegistryCache, hear: Hear, clock: Callable[[], Instant]
    ) -> None:
        self._stores, self._registry, self._clock = stores, registry, clock
        saved = stores.database.write_blocking(lambda tx: checkpoints.load(tx, CHECKPOINT))
        kept = stores.database.write_blocking(lambda tx: key_values.get(tx, DEFINITIONS)) if saved else None
        # What the journal holds is judged by the files of its day; those on disk are taken up after it.
        self.definitions, _ = definitions_at_start(kept, rulebooks_in(saved.blob if saved else None), folder.path)
        self._unsaved = True
        self.kinds = LiveKinds(self.definitions.kinds)
        kinds, mappings = self.definitions.kinds, self.definitions.mappings
        self.decoder = Decoder(kinds, mappings, decoder_settings(folder.settings))
        self.danger_prefilter = DangerPrefilter(kinds, mappings, self.decoder.has_danger)
        self.codecs = CodecReloader(folder.path)
        self.codecs.reload()
        self.decoder.codecs = self.codecs.codecs
        self.engine = Engine(self.definitions.books, kinds, registry.community, zone=folder.settings.zone)
        taken = dict(saved.cursor) if saved else {}
        self._last_known_position = max([0, *taken.values(), *stores.history.position().values()])
        backlog = Backlog(
            stores.journal,
            taken,
            stores.journal.position(),
            folder.settings.intake.max_pending_bytes,
            stores.journal.count_after(taken),
        )
        self.pipeline = Pipeline(
            backlog,
            self.decoder,
            self.engine,
            stores.history,
            hear,
            self.store_refusals,
            self.store_checkpoint,
            clock,
            folder.settings.checkpoint_every,
            Throttle(folder.settings.judging.test_frames_per_s, folder.settings.judging.test_hold),
        )
        if saved:
            self.pipeline.restore(saved.blob)
        since = saved.saved_at if saved else 0
        self.pipeline.repeat_recorded(list(recorded_resets(self.engine, stores.journal, since)))
        self.latch_resets = LatchResets(self.engine, self.pipeline, stores.journal, stores.database, clock)

    async def start(self) -> None:
        """Enrol everybody, and tell the engine of the time in which nobody could be heard: since we last lived."""
        now = self._clock()
        last_seen_alive = self._stores.journal.last_seen_alive()
        self.decoder.device_index = DeviceIndex(self._registry.devices.values())
        self.engine.register(self._registry.devices.values(), now)
        if last_seen_alive is not None:
            self.engine.outage(last_seen_alive, now)
        self.pipeline.deaf(now)
        await self._stores.journal.reserve_positions(self._last_known_position)
        await self._stores.journal.mark(MarkKind.STARTED, now)

    async def registry_changed(self) -> RegistryChange:
        """Take the registry's new version; when it returns, the next message is judged by it."""
        difference = await self._registry.reload()
        await self.pipeline.apply_change(partial(self._apply_registry_change, difference))
        await self._stores.journal.mark(MarkKind.REGISTRY, self._clock())
        return difference

    def _apply_registry_change(self, difference: RegistryChange) -> Sequence[Finding]:
        now = self._clock()
        left = self.decoder.update_registry(difference.removed, difference.changed, now)
        self.engine.community = self._registry.community
        dismissed = self.engine.unregister(difference.removed, now)
        told = unread_verdicts.findings(left, self._registry.community)
        return [*dismissed, *told, *self.engine.register(difference.changed, now)]

    async def apply_definitions(self, found: Definitions) -> RulebookDiff:
        """Understand and judge by these from the next message on; what stands is kept or ended with a reason."""
        renewed = diff_rulebooks(self.engine.books, found.books)
        kinds = found.kinds
        if renewed.is_empty and kinds == self.definitions.kinds and found.mappings == self.definitions.mappings:
            return renewed
        foresee = await asyncio.to_thread(DangerPrefilter, kinds, found.mappings, self.decoder.has_danger)

        def change() -> Sequence[Finding]:
            told = self.engine.reload(found.books, self._clock(), kinds)
            self.decoder.apply_mappings(kinds, found.mappings)
            self.danger_prefilter.replace_pattern(foresee)
            self.definitions, self.kinds.current, self._unsaved = found, kinds, True
            return told

        await self.pipeline.apply_change(change, saves=True)
        detail = ", ".join(f"{book.hazard}@{book.version}" for book in found.books)
        await retry_until_writable(
            lambda: self._stores.journal.mark(MarkKind.RULEBOOK, self._clock(), detail), "rulebook"
        )
        return renewed

    def explain(self, rule: str, device: str) -> dict[str, object]:
        """Where a rule stands with a device, or with a group, at present."""
        return explain(self.engine, rule, device)

    def finding_status(self, finding: str, device: str | None, heard_since: Instant | None) -> FindingStatus:
        """Whether the rule of a finding still holds it, and whether its device was heard since an instant."""
        rule, subject = finding.split("@", 1)[0], finding.split("/", 1)[1].rpartition("/")[0]
        story = self.explain(rule, device or subject.replace(":", "/", 1))
        heard = story.get("heard")
        # In its release time the rule still holds the finding, and goes on with it when the device alarms again.
        if story.get("phase") not in ("firing", "clearing", "stale"):
            return FindingStatus.OVER
        spoke = heard_since is None or device is None or (isinstance(heard, int) and heard > heard_since)
        return FindingStatus.ACTIVE if spoke and story["phase"] == "firing" else FindingStatus.UNHEARD

    async def accept(self, frames: Sequence[Frame]) -> None:
        """Frames pushed over HTTP: journaled, dangers first, then delivered like any other."""
        dangers = self.danger_prefilter(frames)
        rest = [frame for frame in frames if frame not in dangers]
        for lane, some in ((Lane.URGENT, dangers), (Lane.BULK, rest)):
            if some:
                pos = await self._stores.journal.append(lane, some)
                self.pipeline.backlog.enqueue(JournalEntry(lane, pos, some))

    async def connection_changed(self, up: bool, at: Instant) -> None:
        """The broker can be heard, or cannot; what it could not tell us is no silence of the devices."""
        log.info("link up" if up else "link down", extra={"at": at})
        self.pipeline.deaf(None if up else at)
        kind = MarkKind.LINK_UP if up else MarkKind.LINK_DOWN
        await retry_until_writable(lambda: self._stores.journal.mark(kind, at), "link")

    async def store_refusals(self, found: Sequence[RefusalBatch]) -> None:
        def work(tx: Connection) -> None:
            for lane, pos, refused, describing in found:
                refusals.store_refusals(tx, lane, pos, refused, REFUSALS_PER_HOUR_MAX)
                record_discovery(tx, describing)

        await self._stores.database.write(work)

    async def store_checkpoint(self, cursor: dict[Lane, int], now: Instant, blob: bytes) -> None:
        """With what it was judged by, in one transaction."""
        written = encode_definitions(self.definitions) if self._unsaved else None

        def work(tx: Connection) -> None:
            checkpoints.save(tx, CHECKPOINT, cursor, now, blob)
            if written is not None:
                key_values.put(tx, DEFINITIONS, written, now)

        await self._stores.database.write(work)
        self._unsaved = False
