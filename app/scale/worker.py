"""`fengshao ingest`: one ingest worker of several."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from app.clock import Clock
from app.config.catalog import load_active_rulebooks, load_mappings
from app.config.site import SiteConfig, decoder_settings, load_site
from app.datadir.stores import open_database
from app.reload.codecs import CodecReloader
from app.reload.registry import RegistryCache
from app.scale.kafka_journal import KafkaJournal
from app.scale.keys import KeyedRegistry
from app.scale.outages import OutageJournal, OutageRecorder
from app.scale.records import FRAME_MAX_BYTES, READINGS, Record, RecordBuilder
from app.scale.until_stopped import run_until_stopped
from domain import Instant
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_index import DeviceIndex
from ingest.mappings.mapping import MappingBook
from ingest.mqtt.broker_address import parse_broker_address
from ingest.mqtt.danger_prefilter import DangerPrefilter
from ingest.mqtt.shared_consumer import SharedConsumer, SharedSettings
from ingest.routing.routes import Routes
from rules.hosts.keyed.events import encode_event

log = logging.getLogger("fengshao.ingest")
CLOCK_S: Final = 0.5
REGISTRY_S: Final = 10.0
LEAVE_QUIET_S: Final = 3.0


class WorkerOptions(Struct, frozen=True):
    """The command line. `publishes_registry`: this worker writes the registry's events; one of all does. `leaves`: it
    only fetches what the broker kept for its name, and gives up its share.
    """

    name: str
    group: str
    kafka: str
    mqtt: str
    data: Path
    site: Path | None = None
    publishes_registry: bool = False
    leaves: bool = False


class IngestWorker:
    """Session, decoder and journal of one worker."""

    def __init__(self, options: WorkerOptions) -> None:
        self._options, self._clock, self._receiving = options, Clock(), asyncio.Event()
        site = load_site(options.site)
        self._database = open_database(options.data, site.settings.ledger)
        self._cache = RegistryCache(self._database)
        mappings = load_mappings(site.kinds, options.site)
        self._keys = KeyedRegistry(load_active_rulebooks(site.kinds, options.site), site.kinds)
        self._decoder = _decoder(site, mappings)
        self._builder = RecordBuilder(self._decoder, self._keys)
        self._journal = KafkaJournal(options.kafka, self._builder.records)
        self._outages = OutageRecorder(self._journal.write, lambda: self._keys.keys)
        limits = site.settings.intake
        self.consumer = SharedConsumer(
            parse_broker_address(options.mqtt),
            OutageJournal(self._journal, self._outages),
            self._clock,
            SharedSettings(
                options.name, options.group, limits.max_pending_bytes, min(limits.max_packet_bytes, FRAME_MAX_BYTES),
                routes=Routes(limits.filters),
            ),
            self._link_changed,
            DangerPrefilter(site.kinds, mappings, self._decoder.has_danger),
        )  # fmt: skip

    def _link_changed(self, receiving: bool, at: Instant) -> None:
        log.info("receiving" if receiving else "not receiving", extra={"at": at})
        if receiving:
            self._receiving.set()

    async def run(self) -> None:
        """Until cancelled. The time since the newest record in Kafka is an outage: no worker could receive."""
        newest = await asyncio.to_thread(self._journal.newest)
        self._outages.begin(self._clock() if newest is None else newest)
        await self._load_registry()
        partitions = await asyncio.to_thread(self._journal.partitions)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [self.consumer.run(), self._write_clocks(partitions), self._follow_registry()]
                running = [group.create_task(task) for task in tasks]
                if self._options.leaves:
                    await self._leave()
                    for task in running:
                        task.cancel()
        finally:
            self._journal.close()
            self._database.close()

    async def _leave(self) -> None:
        """Gives up the share; returns when what the broker had kept is written and nothing more comes for a while."""
        await self._receiving.wait()
        self.consumer.leave()
        writer, received = self.consumer.writer, -1
        while writer.pending_bytes or writer.frames != received:
            received = writer.frames
            await asyncio.sleep(LEAVE_QUIET_S)
        log.info("left the group: %d messages had waited", received)

    async def _load_registry(self) -> None:
        change = await self._cache.reload()
        if not (change.changed or change.removed) and self._keys.keys:
            return
        self._decoder.device_index = DeviceIndex(self._cache.devices.values())
        now = self._clock()
        events = list(self._keys.update(self._cache.device_list(), self._cache.community, now))
        if self._options.publishes_registry:
            await self._outages.advance([now])  # these events, too, carry the clock of the rules to this instant
            await self._journal.write(Record(READINGS, key, encode_event(key, event), now) for key, event in events)
            log.info("registry published: %d keys", len(events))

    async def _follow_registry(self) -> None:
        while True:
            await asyncio.sleep(REGISTRY_S)
            await self._load_registry()

    async def _write_clocks(self, partitions: int) -> None:
        """Time goes on while messages can be received."""
        while True:
            await asyncio.sleep(CLOCK_S)
            if self.consumer.is_receiving:
                unwritten = self.consumer.writer.oldest_unjournaled
                now = self._clock() if unwritten is None else unwritten - 1
                await self._outages.advance([now])
                self._journal.write_clock(partitions, now)


def _decoder(site: SiteConfig, mappings: Sequence[MappingBook]) -> Decoder:
    decoder = Decoder(site.kinds, mappings, decoder_settings(site.settings))
    codecs = CodecReloader(site.path)
    codecs.reload()
    decoder.codecs = codecs.codecs
    return decoder


def run(options: WorkerOptions) -> None:
    """Until SIGINT or SIGTERM."""
    run_until_stopped(lambda: IngestWorker(options).run(), log)
