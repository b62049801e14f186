"""Builds decoder, engine and pipeline, restores the last checkpoint, and applies new registries and definitions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial

from msgspec import Struct

from app.config.site import SiteConfig, decoder_settings
from app.datadir.stores import Stores
from app.pipeline import unread_verdicts
from app.pipeline.backlog import GATHER_S, Backlog
from app.pipeline.checkpoint import rulebooks_in
from app.pipeline.latch_resets import recorded_resets
from app.pipeline.pipeline import IDLE_S, Pipeline, PipelineSettings
from app.pipeline.ports import FindingSink
from app.pipeline.retry import retry_until_writable
from app.reload.active_definitions import ActiveDefinitions, LiveKinds
from app.reload.codecs import CodecReloader
from app.reload.definitions import Definitions
from app.reload.registry import RegistryCache, RegistryChange
from app.reload.stored_definitions import definitions_at_start
from app.server.pipeline_stores import ServiceStores, load_checkpoint
from app.server.versions import definitions_detail, registry_detail
from domain import Finding, Instant
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_index import DeviceIndex
from ingest.mqtt.danger_prefilter import DangerPrefilter
from rules.engine.engine import Engine
from rules.rulebook.diff import RulebookDiff, diff_rulebooks
from store.database.system.checkpoints import Checkpoint
from store.journal import MarkKind

log = logging.getLogger("fengshao.processing")


class StartState(Struct, frozen=True):
    """The last checkpoint, if any, and the definitions its state was evaluated by.

    Entries left in the journal are processed by these; the files on disk are applied after them.
    """

    checkpoint: Checkpoint | None
    definitions: ActiveDefinitions


def load_start_state(config: SiteConfig, stores: Stores) -> StartState:
    """Faulty files on disk are reported when the running service reads them again."""
    checkpoint, encoded = load_checkpoint(stores.database)
    books = rulebooks_in(checkpoint.blob if checkpoint else None)
    definitions, _ = definitions_at_start(encoded, books, config.start_path)
    return StartState(checkpoint, ActiveDefinitions(definitions))


def build_engine(state: StartState, config: SiteConfig, registry: RegistryCache) -> Engine:
    """The rule engine with the rulebooks of the start state; its own state is restored with the pipeline."""
    definitions = state.definitions.current
    return Engine(definitions.books, definitions.kinds, registry.community, zone=config.settings.zone)


class Processing:
    """Decoder, engine and pipeline of a service, and changes of what they work with."""

    def __init__(
        self,
        config: SiteConfig,
        stores: Stores,
        registry: RegistryCache,
        state: StartState,
        engine: Engine,
        findings: FindingSink,
        clock: Callable[[], Instant],
        idle_max_s: float | None = None,
        evaluates_devices: bool = True,
    ) -> None:
        """`evaluates_devices`: False where another host evaluates the rules; then no device is absent here."""
        self._evaluates_devices = evaluates_devices
        self._journal, self._registry, self._clock = stores.journal, registry, clock
        self._active = state.definitions
        kinds, mappings = self.definitions.kinds, self.definitions.mappings
        self.engine = engine
        self.decoder = Decoder(kinds, mappings, decoder_settings(config.settings))
        self.danger_prefilter = DangerPrefilter(kinds, mappings, self.decoder.has_danger)
        self.codecs = CodecReloader(config.path, config.start_path)
        self.codecs.load_at_start()
        self.decoder.codecs = self.codecs.codecs
        positions = dict(state.checkpoint.cursor) if state.checkpoint else {}
        self._last_position = max([0, *positions.values(), *stores.history.position().values()])
        backlog = Backlog(
            stores.journal,
            positions,
            stores.journal.position(),
            config.settings.intake.max_pending_bytes,
            stores.journal.count_after(positions),
            gather_s=GATHER_S if idle_max_s is None else 0.0,
        )
        self.pipeline = Pipeline(
            backlog,
            self.decoder,
            engine,
            ServiceStores(stores, state.definitions),
            findings,
            clock,
            _pipeline_settings(config, idle_max_s),
        )
        if state.checkpoint:
            self.pipeline.restore(state.checkpoint.blob)
        saved_at = state.checkpoint.saved_at if state.checkpoint else 0
        stores.journal.observe_append = self.pipeline.timings.observe_append
        self.pipeline.repeat_recorded(list(recorded_resets(engine, stores.journal, saved_at)))

    @property
    def definitions(self) -> Definitions:
        """Kinds, mappings and rulebooks in force."""
        return self._active.current

    @property
    def kinds(self) -> LiveKinds:
        return self._active.kinds

    async def start(self) -> None:
        """Register all devices, and begin an outage at the last sign of life of the previous run."""
        now = self._clock()
        last_seen_alive = self._journal.last_seen_alive()
        self.decoder.device_index = DeviceIndex(self._registry.devices.values())
        self.engine.community = self._registry.community
        if self._evaluates_devices:
            self.engine.register(self._registry.devices.values(), now)
        if last_seen_alive is not None:
            self.engine.outage(last_seen_alive, now)
        self.pipeline.set_disconnected(now)
        await self._journal.reserve_positions(self._last_position)
        detail = f"{registry_detail(self._registry.version)}; {definitions_detail(self.engine.books, self.decoder)}"
        await self._journal.mark(MarkKind.STARTED, now, detail)

    async def registry_changed(self) -> RegistryChange:
        """Apply the registry's new version; when this returns, the next message is processed by it."""
        change = await self._registry.reload()
        await self.pipeline.apply_change(partial(self._apply_registry_change, change))
        detail, at = registry_detail(self._registry.version), self._clock()
        await retry_until_writable(partial(self._journal.mark, MarkKind.REGISTRY, at, detail), "registry")
        return change

    def _apply_registry_change(self, change: RegistryChange) -> Sequence[Finding]:
        now = self._clock()
        unread = self.decoder.update_registry(change.removed, change.changed, now)
        self.engine.community = self._registry.community
        ended = self.engine.unregister(change.removed, now)
        understood = unread_verdicts.findings(unread, self._registry.community)
        began = self.engine.register(change.changed, now) if self._evaluates_devices else ()
        return [*ended, *understood, *began]

    async def apply_definitions(self, new: Definitions) -> RulebookDiff:
        """Decode and evaluate by these from the next message on; active findings continue or end with a reason."""
        changes = diff_rulebooks(self.engine.books, new.books)
        kinds = new.kinds
        if changes.is_empty and kinds == self.definitions.kinds and new.mappings == self.definitions.mappings:
            return changes
        prefilter = await asyncio.to_thread(DangerPrefilter, kinds, new.mappings, self.decoder.has_danger)

        def apply() -> Sequence[Finding]:
            findings = self.engine.reload(new.books, self._clock(), kinds)
            self.decoder.apply_mappings(kinds, new.mappings)
            self.danger_prefilter.replace_pattern(prefilter)
            self._active.replace(new)
            return findings

        await self.pipeline.apply_change(apply, saves=True)
        await self._mark_definitions()
        return changes

    async def reload_codecs(self) -> None:
        """Apply changed codecs now, and mark their versions in the journal."""
        if await asyncio.to_thread(self.codecs.poll):
            await self._mark_definitions()

    async def follow_codecs(self) -> None:
        """Reload changed codecs, and mark their versions in the journal, until cancelled."""
        await self.codecs.run(self._mark_definitions)

    async def _mark_definitions(self) -> None:
        detail = definitions_detail(self.engine.books, self.decoder)
        await retry_until_writable(lambda: self._journal.mark(MarkKind.RULEBOOK, self._clock(), detail), "rulebook")


def _pipeline_settings(config: SiteConfig, idle_max_s: float | None) -> PipelineSettings:
    settings, throttle = config.settings, config.settings.judging
    idle_s = IDLE_S if idle_max_s is None else idle_max_s
    return PipelineSettings(settings.checkpoint_every, throttle.test_frames_per_s, throttle.test_hold, idle_s)
